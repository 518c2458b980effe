/** Calls past env.once: every function that is watched, where each is noted, who is not noted. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { isEngine, outside } from "./context.ts";
import { ExternalCalls } from "./external_calls.ts";
import { Patches } from "./patches.ts";

const directory = Deno.makeTempDirSync({ prefix: "tsflink-external-" });
globalThis.addEventListener("unload", () => Deno.removeSync(directory, { recursive: true }));
const at = (name: string) => join(directory, name);

/** Watches while `fn` runs. */
async function watched<T>(fn: (calls: ExternalCalls) => T, passes: () => boolean = isEngine): Promise<Awaited<T>> {
  const patches = new Patches();
  const calls = new ExternalCalls(passes);
  calls.install(patches);
  try {
    return await fn(calls);
  } finally {
    patches.undo();
  }
}
const namesOf = (calls: ExternalCalls) => calls.take().repeated.map(({ call }) => call);

const FILE_CALLS: [string, () => unknown][] = [
  ["Deno.writeTextFileSync()", () => Deno.writeTextFileSync(at("a"), "text")],
  ["Deno.readTextFileSync()", () => assert.equal(Deno.readTextFileSync(at("a")), "text")],
  ["Deno.readFileSync()", () => assert.equal(Deno.readFileSync(at("a")).length, 4)],
  ["Deno.statSync()", () => assert.equal(Deno.statSync(at("a")).size, 4)],
  ["Deno.lstatSync()", () => Deno.lstatSync(at("a"))],
  ["Deno.copyFileSync()", () => Deno.copyFileSync(at("a"), at("b"))],
  ["Deno.renameSync()", () => Deno.renameSync(at("b"), at("c"))],
  ["Deno.symlinkSync()", () => Deno.symlinkSync(at("c"), at("l"))],
  ["Deno.readLinkSync()", () => assert.equal(Deno.readLinkSync(at("l")), at("c"))],
  ["Deno.truncateSync()", () => Deno.truncateSync(at("c"), 1)],
  ["Deno.mkdirSync()", () => Deno.mkdirSync(at("d"))],
  ["Deno.readDirSync()", () => assert.equal([...Deno.readDirSync(at("d"))].length, 0)],
  ["Deno.removeSync()", () => Deno.removeSync(at("d"))],
  ["Deno.makeTempDirSync()", () => Deno.makeTempDirSync({ dir: directory })],
  ["Deno.makeTempFileSync()", () => Deno.makeTempFileSync({ dir: directory })],
  ["Deno.openSync()", () => Deno.openSync(at("a")).close()],
  ["Deno.createSync()", () => Deno.createSync(at("e")).close()],
  ["Deno.writeTextFile()", async () => await Deno.writeTextFile(at("f"), "1")],
  ["Deno.readTextFile()", async () => assert.equal(await Deno.readTextFile(at("f")), "1")],
  ["Deno.open()", async () => (await Deno.open(at("f"))).close()],
  ["Deno.readDir()", async () => assert.ok((await Array.fromAsync(Deno.readDir(directory))).length > 3)],
  ["fetch()", async () => assert.equal(await (await fetch("data:,x")).text(), "x")],
  ["new Deno.Command()", () => new Deno.Command("true")],
];

Deno.test("every call works as it is, and is noted under its name with its own line", async () => {
  await watched(async (calls) => {
    const lines = new Set<string>();
    for (const [name, act] of FILE_CALLS) {
      await act();
      const { repeated, server } = calls.take();
      assert.deepEqual([repeated.map(({ call }) => call), server], [[name], undefined], name);
      assert.match(repeated[0].line, /external_calls_test\.ts:\d+:\d+$/);
      lines.add(repeated[0].line);
    }
    assert.equal(lines.size, FILE_CALLS.length, "each on a line of its own");
  });
});

Deno.test("errors are the real ones; what fails is noted too", async () => {
  await watched(async (calls) => {
    assert.throws(() => Deno.readTextFileSync(at("nowhere")), Deno.errors.NotFound);
    await assert.rejects(Deno.readTextFile(at("nowhere")), Deno.errors.NotFound);
    assert.throws(() => new WebSocket("nonsense://x"), { name: "SyntaxError" });
    assert.deepEqual(namesOf(calls), ["Deno.readTextFileSync()", "Deno.readTextFile()", "new WebSocket()"]);
  });
});

Deno.test("a line is told once, however often it runs and whenever it is taken", async () => {
  await watched((calls) => {
    const read = () => Deno.statSync(directory);
    for (let n = 0; n < 5; n++) read();
    assert.deepEqual(namesOf(calls), ["Deno.statSync()"]);
    read();
    assert.deepEqual(namesOf(calls), []);
    Deno.statSync(directory);
    assert.deepEqual(namesOf(calls), ["Deno.statSync()"], "another line");
  });
});

Deno.test("the engine is not noted, nor anything asynchronous that it starts", async () => {
  await watched(async (calls) => {
    await outside(async () => {
      Deno.statSync(directory);
      await Deno.stat(directory);
      await new Promise((resolve) => setTimeout(resolve));
      Deno.statSync(directory);
    });
    assert.deepEqual(namesOf(calls), []);
  });
  await watched((calls) => {
    Deno.statSync(directory);
    assert.deepEqual(namesOf(calls), []);
  }, () => true);
});

Deno.test("servers: the first one is kept for ever, and is no repeated read", async () => {
  await watched((calls) => {
    assert.equal(calls.take().server, undefined);
    const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
    const datagrams = Deno.listenDatagram?.({ port: 0, transport: "udp", hostname: "127.0.0.1" });
    listener.close();
    datagrams?.close();
    for (let n = 0; n < 2; n++) {
      const { server, repeated } = calls.take();
      assert.deepEqual([server?.call, repeated], ["Deno.listen()", []]);
      assert.match(server!.line, /external_calls_test\.ts/);
    }
  });
});

Deno.test("classes stay classes: instanceof, statics and names", async () => {
  const { WebSocket: RealSocket } = globalThis;
  const RealCommand = Deno.Command;
  await watched(async (calls) => {
    assert.notEqual(globalThis.WebSocket, RealSocket);
    assert.equal(globalThis.WebSocket.OPEN, RealSocket.OPEN);
    assert.equal(globalThis.WebSocket.name, "WebSocket");
    class Mine extends Deno.Command {
      extra = 1;
    }
    const mine = new Mine(Deno.execPath(), { args: ["--version"] });
    assert.ok(mine instanceof Mine && mine instanceof RealCommand && mine.extra === 1);
    assert.equal((await mine.output()).success, true);
    assert.ok(namesOf(calls).includes("new Deno.Command()"));
  });
  assert.equal(globalThis.WebSocket, RealSocket);
  assert.equal(Deno.Command, RealCommand);
});
