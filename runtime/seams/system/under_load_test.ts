/**
 * The real seams while there is too much to do: a full disk, a reader that went away, and jobs that keep the thread busy
 * while timers and sockets wait for their turn.
 *
 * @module
 */

import assert from "node:assert/strict";
import { AsyncDataStream, DiscardingSink, StreamExecutionEnvironment } from "tsflink";
import { SystemClock } from "./clock.ts";
import { SystemLocalFiles } from "./local_files.ts";
import { SystemMainThread } from "./main_thread.ts";
import { SystemSockets } from "./sockets.ts";
import { SystemSpill } from "./spill.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;

Deno.test({
  name: "a full disk is an error with a code that names the file, for every way of writing",
  ignore: Deno.build.os !== "linux",
  fn() {
    const file = new SystemLocalFiles().appendTo("/dev/full");
    const named = { code: "TSF-3006", message: /\/dev\/full[\s\S]*No space left/ };
    // Small pieces stay in the buffer until something asks for them to be out.
    file.append(new Uint8Array(10));
    assert.throws(() => file.fsync(), named);
    assert.throws(() => file.append(new Uint8Array(100_000)), named);
    file.close();
    const spill = new SystemSpill().open("full");
    const original = Deno.FsFile.prototype.writeSync;
    Deno.FsFile.prototype.writeSync = () => {
      throw new Error("No space left on device (os error 28)");
    };
    try {
      assert.throws(() => spill.append(new Uint8Array(1)), {
        code: "TSF-3040",
        message: /tsflink-full-[\s\S]*No space/,
      });
    } finally {
      Deno.FsFile.prototype.writeSync = original;
    }
    assert.equal(spill.append(Uint8Array.of(7)), 0, "what failed was not counted");
    assert.deepEqual([...spill.readAt(0, 1)], [7]);
    spill.close();
  },
});

/** A server that sends back what it gets. */
function echoServer(): { port: number; close: () => Promise<void> } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    for await (const connection of listener) void connection.readable.pipeTo(connection.writable).catch(() => {});
  })();
  return {
    port: (listener.addr as Deno.NetAddr).port,
    close: async () => {
      listener.close();
      await serving;
    },
  };
}

Deno.test("many posted calls, many timers and a socket share the thread; nobody is forgotten", async () => {
  const [thread, clock] = [new SystemMainThread(), new SystemClock()];
  const server = echoServer();
  const connection = await new SystemSockets().connect("127.0.0.1", server.port);
  let posts = 0;
  let timers = 0;
  let going = true;
  const spin = (): void => {
    for (const end = performance.now() + 0.1; performance.now() < end;);
    posts++;
    if (going) thread.post(spin);
  };
  for (let i = 0; i < 3; i++) thread.post(spin);
  const tick = (): void => {
    timers++;
    if (going) clock.after(1, tick);
  };
  clock.after(1, tick);
  for (let i = 0; i < 10; i++) {
    await connection.write(Uint8Array.of(i));
    assert.deepEqual(await connection.read(), Uint8Array.of(i));
  }
  const before = [posts, timers];
  assert.ok(before[0] > 10 && before[1] > 1, `${before}`);
  going = false;
  connection.close();
  await server.close();
  const order: number[] = [];
  await new Promise<void>((resolve) => {
    for (let i = 0; i < 5000; i++) thread.post(() => void order.push(i));
    thread.post(resolve);
  });
  assert.deepEqual(order, Array.from({ length: 5000 }, (_, i) => i));
});

Deno.test("a throwing call loses neither the calls behind it nor the timers", async () => {
  const [thread, clock] = [new SystemMainThread(), new SystemClock()];
  const notes: string[] = [];
  const errors: unknown[] = [];
  const onError = (event: ErrorEvent): void => {
    event.preventDefault();
    errors.push(event.error);
  };
  addEventListener("error", onError);
  await new Promise<void>((resolve) => {
    const end = (note: string) => () => {
      if (notes.push(note) === 4) resolve();
    };
    for (const note of ["post 1", "post 2"]) {
      thread.post(() => {
        throw new Error(note);
      });
      thread.post(end(note));
      clock.after(0, () => {
        throw new Error(`timer ${note}`);
      });
      clock.after(0, end(`timer ${note}`));
    }
  });
  removeEventListener("error", onError);
  assert.deepEqual(notes.sort(), ["post 1", "post 2", "timer post 1", "timer post 2"]);
  assert.equal(errors.length, 4);
});

Deno.test("while a job keeps the thread busy, sockets and timers of the program get their turn", async () => {
  const server = echoServer();
  const env = StreamExecutionEnvironment.createLocalEnvironment(2);
  env.fromSequence(1, 12_000_000).map((n) => Math.sqrt(n)).rebalance().map((n) => n * 2).sinkTo(new DiscardingSink());
  let running = true;
  const job = env.execute("busy").finally(() => running = false);
  const connection = await new SystemSockets().connect("127.0.0.1", server.port);
  let trips = 0;
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  while (running) {
    await connection.write(Uint8Array.of(trips & 255));
    assert.deepEqual(await connection.read(), Uint8Array.of(trips & 255));
    if (running) trips++;
  }
  clearInterval(timer);
  await job;
  connection.close();
  await server.close();
  assert.ok(trips >= 5 && ticks >= 5, `${trips} round trips and ${ticks} ticks while the job ran`);
});

Deno.test("async functions over a socket go on beside a busy job in the same thread", async () => {
  const server = echoServer();
  const env = StreamExecutionEnvironment.createLocalEnvironment(1);
  const busy = env.fromSequence(1, 100_000).map((n) => n % 7).filter((n) => n > 6);
  const asked = AsyncDataStream.orderedWait(
    env.fromSequence(1, 20),
    async (n: number) => {
      const connection = await new SystemSockets().connect("127.0.0.1", server.port);
      await connection.write(Uint8Array.of(n));
      const answer = await connection.read();
      connection.close();
      return [answer![0]];
    },
    "1 min",
    4,
  );
  assert.deepEqual(await asked.union(busy).executeAndCollect(), Array.from({ length: 20 }, (_, i) => i + 1));
  await server.close();
});

Deno.test("a job whose reader goes away (`| head`) ends without an error and without more output", async () => {
  const program = `
    import { StreamExecutionEnvironment } from "${ROOT}mod.ts";
    const env = StreamExecutionEnvironment.getExecutionEnvironment();
    env.fromSequence(1, 200000).print();
    await env.execute("numbers");
    console.error("ended");`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--no-lock", "--ext=ts", "-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    cwd: ROOT,
  }).spawn();
  const input = child.stdin.getWriter();
  await input.write(new TextEncoder().encode(program));
  await input.close();
  const reader = child.stdout.getReader();
  const first = new TextDecoder().decode((await reader.read()).value);
  assert.ok(first.startsWith("1\n2\n3\n"), first.slice(0, 20));
  await reader.cancel();
  const [status, stderr] = await Promise.all([child.status, new Response(child.stderr).text()]);
  assert.equal(status.code, 0, stderr);
  assert.equal(stderr.trim().split("\n").at(-1), "ended");
  assert.doesNotMatch(stderr, /error|pipe/i);
});
