/** One table over the three kinds of hosts: node:worker_threads, Web Workers, inline. */

import assert from "node:assert/strict";
import type { FlinkError } from "../../errors.ts";
import type { SlotEnd, SlotHandle, WorkerHost } from "../worker_host.ts";
import { inlineWorkerHost } from "./inline_worker_host.ts";
import { nodeWorkerHost } from "./node_worker_host.ts";
import { scenario } from "./testdata/slot_scenarios.ts";
import { webWorkerHost } from "./web_worker_host.ts";

const entry = new URL("./testdata/slot_entry.ts", import.meta.url);
const HEAP_MB = 32;

type Kind = WorkerHost["kind"];
const THREADS: readonly Kind[] = ["worker_threads", "web"];
const ALL: readonly Kind[] = [...THREADS, "inline"];

function hostOf(kind: Kind, stopTimeoutMs = 5_000, from = entry): WorkerHost {
  const options = { entry: from, stopTimeoutMs, heapMb: HEAP_MB };
  if (kind === "inline") return inlineWorkerHost(scenario, { stopTimeoutMs });
  return kind === "web" ? webWorkerHost(options) : nodeWorkerHost(options);
}

interface Seen {
  readonly messages: unknown[];
  readonly end: SlotEnd;
}

interface Running {
  readonly handle: SlotHandle;
  readonly seen: Promise<Seen>;
  /** Resolves with the first message. */
  readonly began: Promise<unknown>;
  readonly messages: unknown[];
}

function spawn(host: WorkerHost, data: unknown, onMessage = (_handle: SlotHandle, _message: unknown) => {}): Running {
  const messages: unknown[] = [];
  const first = Promise.withResolvers<unknown>();
  const last = Promise.withResolvers<Seen>();
  const handle = host.spawnSlot({ name: "slot 2 of shop", heapMb: HEAP_MB, data }, {
    onMessage: (message) => {
      messages.push(message);
      first.resolve(message);
      onMessage(handle, message);
    },
    onEnd: (end) => last.resolve({ messages, end }),
  });
  return { handle, seen: last.promise, began: first.promise, messages };
}

function run(kind: Kind, data: unknown): Promise<Seen> {
  return spawn(hostOf(kind), data).seen;
}

/** Resolves when the slot has made some turns more. */
async function getsOn(handle: SlotHandle): Promise<void> {
  const before = handle.beatCount;
  for (let i = 0; handle.beatCount - before < 5; i++) {
    assert.ok(i < 2000, "the slot stands still");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

function failure(end: SlotEnd): FlinkError {
  assert.equal(end.kind, "failed");
  return (end as SlotEnd & { kind: "failed" }).error;
}

function eachHost(kinds: readonly Kind[], name: string, test: (kind: Kind) => Promise<void>): void {
  for (const kind of kinds) Deno.test(`${kind}: ${name}`, () => test(kind));
}

eachHost(ALL, "messages keep their order and all arrive before the end", async (kind) => {
  const { messages, end } = await run(kind, { what: "messages", count: 2000 });
  assert.deepEqual(messages, Array.from({ length: 2000 }, (_, i) => i));
  assert.deepEqual(end, { kind: "stopped" });
});

eachHost(ALL, "values cross by structured clone, large ones too", async (kind) => {
  const shared = new SharedArrayBuffer(8);
  const payload = {
    text: "x".repeat(4_000_000),
    bytes: new Uint8Array(16 << 20).fill(7),
    map: new Map<unknown, unknown>([[1n, new Set([undefined])]]),
    at: new Date(5),
    shared,
  };
  const { messages: [message] } = await run(kind, { what: "echo", payload });
  assert.deepEqual(message, payload);
  assert.notEqual(message, payload);
  new Uint8Array(shared)[3] = 9;
  assert.equal(new Uint8Array((message as typeof payload).shared)[3], 9, "shared memory stays shared");
});

eachHost(ALL, "buffers are moved", async (kind) => {
  const { messages } = await run(kind, { what: "transfer" });
  assert.deepEqual(messages, [{ buffer: new Uint8Array([1, 2, 3]).buffer }, 0]);
});

eachHost(ALL, "a message that cannot be cloned is its sender's error", async (kind) => {
  assert.deepEqual(await run(kind, { what: "uncloneable" }), {
    messages: ["DataCloneError"],
    end: { kind: "stopped" },
  });
});

eachHost(THREADS, "data that cannot be cloned is refused", async (kind) => {
  const init = { name: "slot 0", heapMb: HEAP_MB, data: () => {} };
  const host = hostOf(kind);
  assert.throws(() => host.spawnSlot(init, { onMessage() {}, onEnd() {} }), { code: "TSF-0040" });
  await run(kind, { what: "messages" });
});

for (
  const { what, kinds } of [
    { what: "polite", kinds: ALL },
    { what: "parked", kinds: THREADS },
    { what: "busy", kinds: THREADS },
  ]
) {
  eachHost(kinds, `a killed ${what} slot stops and is heard no more`, async (kind) => {
    const { handle, began, seen } = spawn(hostOf(kind), { what });
    assert.equal(handle.activity, -1);
    await began;
    await getsOn(handle);
    assert.ok([0, 1, 2].includes(handle.activity));
    handle.kill();
    handle.kill();
    assert.deepEqual(await seen, { messages: ["runs"], end: { kind: "stopped" } });
    handle.kill();
  });
}

eachHost(ALL, "a slot killed before it runs stops", async (kind) => {
  const { handle, seen } = spawn(hostOf(kind), { what: "endless" });
  handle.kill();
  assert.deepEqual(await seen, { messages: [], end: { kind: "stopped" } });
});

eachHost(ALL, "nothing is heard from within the message that led to the kill on", async (kind) => {
  const { seen } = spawn(hostOf(kind), { what: "messages", count: 10 }, (handle, message) => {
    if (message === 3) handle.kill();
  });
  assert.deepEqual(await seen, { messages: [0, 1, 2, 3], end: { kind: "stopped" } });
});

eachHost(ALL, "a slot that does not answer is ended after the limit", async (kind) => {
  const { handle, began, seen } = spawn(hostOf(kind, 20), { what: "waiting" });
  await began;
  handle.kill();
  // A thread whose event loop runs can be ended; a promise in this isolate cannot.
  assert.deepEqual((await seen).end, { kind: kind === "inline" ? "stuck" : "stopped" });
});

/** A line of code that is no file of tsflink. */
const USER_LINE = /^data:[^:]*:2:\d+$/;

for (const what of ["throws", "rejects"]) {
  eachHost(ALL, `main ${what}`, async (kind) => {
    const { end } = await run(kind, { what });
    const error = failure(end);
    assert.equal(error.code, "TSF-5045");
    assert.match(error.summary, /slot 2 of shop/);
    if (what === "rejects") assert.match(error.userLine!, USER_LINE);
    assert.deepEqual([(error.cause as Error).name, (error.cause as Error).message], ["RangeError", "from main"]);
    assert.ok(error.cause instanceof RangeError);
  });
}

for (const [what, message] of [["floating", "nobody waits"], ["timer", "in a timer"]]) {
  eachHost(THREADS, `an error nobody caught: ${what}`, async (kind) => {
    const error = failure((await run(kind, { what })).end);
    assert.equal(error.code, "TSF-5045");
    assert.match(error.userLine!, USER_LINE);
    assert.equal((error.cause as Error).message, message);
  });
}

for (
  const [call, code] of [
    ["Deno.exit(3)", "Deno.exit(3);"],
    ["Deno.exit()", "Deno.exit();"],
    ["process.exit(4)", "process.exit(4);"],
    ["close()", "close();"],
  ]
) {
  eachHost(THREADS, `${call} fails the slot with the line`, async (kind) => {
    const { messages, end } = await run(kind, { what: "exit", payload: `try { ${code} } catch {}` });
    assert.deepEqual(messages, []);
    const error = failure(end);
    assert.equal(error.code, "TSF-5041");
    assert.equal(error.summary, `${call} was called in slot 2 of shop`);
    assert.match(error.userLine!, USER_LINE);
  });
}

eachHost(THREADS, "a handler gets what nobody caught, and the slot goes on", async (kind) => {
  const notes = Promise.withResolvers<void>();
  const told = new Set<string>();
  const { handle, seen } = spawn(hostOf(kind), { what: "handler" }, (_handle, message) => {
    told.add((message as string[])[0]);
    if (told.size === 3) notes.resolve();
  });
  await notes.promise;
  await getsOn(handle);
  handle.kill();
  const { messages, end } = await seen;
  // Handlers hear of an exit after the code that called it.
  const lines = (messages as string[][]).map(([code, detail]) => [code, detail.replace(/^data:[^:]*|:\d+$/g, "")]);
  assert.ok(lines.findIndex(([code]) => code === "caught") < lines.findIndex(([code]) => code === "TSF-5041"));
  assert.deepEqual(lines.toSorted(), [["TSF-5041", ":3"], ["TSF-5045", ":2"], ["caught", "TSF-5041"]]);
  assert.deepEqual(end, { kind: "stopped" });
});

eachHost(THREADS, "a handler that throws fails the slot", async (kind) => {
  const error = failure((await run(kind, { what: "throwingHandler" })).end);
  assert.equal((error.cause as Error).message, "the handler");
});

eachHost(THREADS, "what a slot prints is handed on as the runtime formats it", async (kind) => {
  const { messages } = await run(kind, { what: "console" });
  const plain = (messages as string[][]).map(([stream, line]) => [stream, Deno.inspect(line).includes("\\x1b")]);
  assert.deepEqual(plain, [["stdout", false], ["stdout", false], ["stderr", false], ["stdout", false], [
    "stderr",
    false,
  ]]);
  const lines = (messages as string[][]).map(([, line]) => line);
  assert.equal(lines[0], 'one of 2 { field: "x" }');
  assert.deepEqual(lines.slice(1, 3), ["group", '  [ "a" ]']);
  assert.match(lines[3], /idx/);
  assert.equal(lines[4], "Assertion failed: sums");
});

for (const what of ["heapAtOnce", "heapSlowly"]) {
  Deno.test(`worker_threads: out of heap (${what}) fails the slot by name while a neighbour ticks on`, async () => {
    const host = hostOf("worker_threads");
    const neighbour = spawn(host, { what: "ticks" });
    await neighbour.began;
    const { messages, end } = await spawn(host, { what }).seen;
    assert.deepEqual(messages, ["runs"]);
    const error = failure(end);
    assert.equal(error.code, "TSF-5040");
    assert.match(error.message, /slot 2 of shop ran out of heap[^]*32 MiB[^]*taskmanager\.memory\.task\.heap\.size/);
    const count = neighbour.messages.length;
    while (neighbour.messages.length < count + 5) await new Promise((resolve) => setTimeout(resolve, 1));
    neighbour.handle.kill();
    const ticks = (await neighbour.seen).messages;
    assert.deepEqual(ticks, ticks.map((_, i) => i));
  });
}

for (const from of ["throwing_entry.ts", "no_such_entry.ts"]) {
  eachHost(THREADS, `an entry that does not load: ${from}`, async (kind) => {
    const url = new URL(`./testdata/${from}`, import.meta.url);
    const { out, code } = await child(`
      import { ${kind === "web" ? "web" : "node"}WorkerHost as hostOf } from "${
      import.meta.resolve(`./${kind === "web" ? "web" : "node"}_worker_host.ts`)
    }";
      const host = hostOf({ entry: new URL("${url}"), stopTimeoutMs: 1000 });
      host.prewarm(2);
      const listener = { onMessage() {}, onEnd: (end) => console.log(end.kind, end.error.code) };
      setTimeout(() => host.spawnSlot({ name: "slot 1", heapMb: 64, data: 0 }, listener), 100);
    `);
    assert.deepEqual([out, code], ["failed TSF-5043\n", 0]);
  });
}

/** Runs a program in a process of its own, for at most some seconds. */
async function child(program: string): Promise<{ out: string; code: number }> {
  const { stdout, code } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--quiet", "--no-lock", "--ext=ts", program],
    stderr: "null",
    signal: AbortSignal.timeout(8_000),
  }).output();
  return { out: new TextDecoder().decode(stdout), code };
}

const hostModule = (kind: Kind) => import.meta.resolve(`./${kind === "web" ? "web" : "node"}_worker_host.ts`);
const hostFunction = (kind: Kind) => `${kind === "web" ? "web" : "node"}WorkerHost`;

eachHost(THREADS, "an endless loop is reported as stuck, and the process can still exit", async (kind) => {
  const { out, code } = await child(`
    import { ${hostFunction(kind)} } from "${hostModule(kind)}";
    const host = ${hostFunction(kind)}({ entry: new URL("${entry}"), stopTimeoutMs: 50 });
    const listener = {
      onMessage: () => setTimeout(() => {
        handle.kill();
        console.log("killed", handle.activity, handle.beatCount);
      }, 10),
      onEnd: (end) => {
        console.log(end.kind);
        // A neighbour started afterwards runs as ever.
        host.spawnSlot({ name: "slot 1", heapMb: 64, data: { what: "echo", payload: "neighbour" } }, {
          onMessage: console.log,
          onEnd: (end) => {
            console.log(end.kind);
            Deno.exit(7);
          },
        });
      },
    };
    const handle = host.spawnSlot({ name: "slot 0", heapMb: 64, data: { what: "endless" } }, listener);
  `);
  assert.deepEqual([out, code], ["killed 7 1\nstuck\nneighbour\nstopped\n", 7]);
});

eachHost(THREADS, "isolates started ahead are taken, and do not keep the process", async (kind) => {
  const { out, code } = await child(`
    import { ${hostFunction(kind)} } from "${hostModule(kind)}";
    const host = ${hostFunction(kind)}({ entry: new URL("${entry}"), stopTimeoutMs: 50, heapMb: 64, onSpare });
    // Isolates started ahead alone would let the process go before they are ready.
    const wait = setInterval(() => {}, 5);
    let left = 2;
    function onSpare(ready) {
      console.log("ready", ready);
      if (ready < 2) return;
      for (const payload of ["first", "second"]) {
        host.spawnSlot({ name: "slot 0", heapMb: 64, data: { what: "echo", payload } }, {
          onMessage: () => {},
          onEnd: (end) => {
            console.log(end.kind);
            if (--left === 0) clearInterval(wait);
          },
        });
      }
      host.prewarm(1);
    }
    host.prewarm(1);
    host.prewarm(2);
  `);
  assert.equal(code, 0);
  const lines = out.trim().split("\n");
  assert.deepEqual(lines.slice(0, 2), ["ready 1", "ready 2"]);
  // The third isolate gets ready sooner or later than the two slots end.
  assert.deepEqual(lines.slice(2).filter((line) => line !== "ready 1"), ["stopped", "stopped"]);
});

/** Threads and memory are counted in a process of its own: this one runs other test files beside this. */
const COUNTING = `
  const threadCount = () => [...Deno.readDirSync("/proc/self/task")].length;
  const spawn = (host, what, heapMb) => {
    const began = Promise.withResolvers();
    const ended = Promise.withResolvers();
    const handle = host.spawnSlot({ name: "slot", heapMb, data: { what } }, { onMessage: () => {}, onEnd: ended.resolve });
    const poll = setInterval(() => {
      if (handle.beatCount > 0) began.resolve();
    }, 1);
    void ended.promise.then(() => clearInterval(poll));
    return { handle, began: began.promise, ended: ended.promise };
  };
`;
const ON_LINUX = { ignore: Deno.build.os !== "linux" };

for (const kind of THREADS) {
  const make = `
    import { ${hostFunction(kind)} } from "${hostModule(kind)}";
    ${COUNTING}
    const hold = setInterval(() => {}, 5); // spares do not keep the process
  `;

  Deno.test(`${kind}: an isolate started ahead serves slots of its heap; web workers have none`, ON_LINUX, async () => {
    const { out, code } = await child(`
      ${make}
      const ready = Promise.withResolvers();
      const host = ${hostFunction(kind)}({
        entry: new URL("${entry}"), stopTimeoutMs: 1000, heapMb: ${2 * HEAP_MB}, onSpare: ready.resolve,
      });
      host.prewarm(1);
      await ready.promise;
      const before = threadCount();
      const { handle, began, ended } = spawn(host, "busy", ${HEAP_MB});
      const more = threadCount() - before;
      await began;
      handle.kill();
      console.log(JSON.stringify({ more: more > 0, end: (await ended).kind }));
      host.close();
      host.close();
      clearInterval(hold);
    `);
    // One more only where the heap differs.
    assert.deepEqual([code, out.trim()], [0, JSON.stringify({ more: kind !== "web", end: "stopped" })]);
  });

  Deno.test(`${kind}: slots leave no thread and no memory behind`, ON_LINUX, async () => {
    const { out, code } = await child(`
      ${make}
      const host = ${hostFunction(kind)}({ entry: new URL("${entry}"), stopTimeoutMs: 5000 });
      const cycle = async (what) => {
        const { handle, began, ended } = spawn(host, what, ${HEAP_MB});
        await began;
        handle.kill();
        if ((await ended).kind !== "stopped") throw new Error("not stopped");
      };
      for (let i = 0; i < 5; i++) await cycle("busy");
      const [threads, bytes] = [threadCount(), Deno.memoryUsage().rss];
      for (let i = 0; i < 20; i++) await cycle(i % 2 === 0 ? "busy" : "polite");
      host.prewarm(2);
      host.close();
      // The system takes threads away some time after their isolates have gone.
      for (let i = 0; threadCount() > threads + 1 && i < 400; i++) await new Promise((done) => setTimeout(done, 5));
      console.log(threadCount() - threads, Math.round((Deno.memoryUsage().rss - bytes) / (1 << 20)));
      clearInterval(hold);
    `);
    const [threads, grownMb] = out.trim().split(" ").map(Number);
    assert.equal(code, 0);
    assert.ok(threads <= 1, `${threads} threads more`);
    assert.ok(grownMb < 40, `${grownMb} MiB`); // one isolate has about 8 MiB
  });
}
