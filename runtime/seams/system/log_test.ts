import assert from "node:assert/strict";
import { SystemLog } from "./log.ts";
import type { SyncWriter } from "./write_all.ts";

/** Takes at most `piece` bytes per write, and fails when told. */
class FakeWriter implements SyncWriter {
  text = "";
  writes = 0;
  failWith: (() => Error) | undefined;
  constructor(readonly piece = Infinity) {}
  writeSync(bytes: Uint8Array): number {
    this.writes++;
    if (this.failWith !== undefined) throw this.failWith();
    const part = bytes.subarray(0, Math.min(this.piece, bytes.length));
    this.text += new TextDecoder().decode(part);
    return part.length;
  }
}

Deno.test("printed lines come in order, in pieces, and at the latest after the delay", async () => {
  const stdout = new FakeWriter();
  const log = new SystemLog({ stdout, stderr: new FakeWriter() });
  for (let i = 0; i < 50_000; i++) log.print(`line ${i}`, "stdout");
  assert.ok(stdout.writes > 0 && stdout.writes < 200, `${stdout.writes} writes`);
  while (!stdout.text.endsWith("line 49999\n")) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.equal(stdout.text, Array.from({ length: 50_000 }, (_, i) => `line ${i}\n`).join(""));
});

Deno.test("short writes are continued and each stream gets its own lines", () => {
  const stdout = new FakeWriter(3);
  const stderr = new FakeWriter(1);
  const log = new SystemLog({ stdout, stderr });
  log.print("out one", "stdout");
  log.print("err", "stderr");
  log.print("out two", "stdout");
  log.flush();
  assert.equal(stdout.text, "out one\nout two\n");
  assert.equal(stderr.text, "err\n");
});

Deno.test("a reader that went away ends the output without an error", () => {
  const stdout = new FakeWriter();
  stdout.failWith = () => new Deno.errors.BrokenPipe("gone");
  const log = new SystemLog({ stdout, stderr: new FakeWriter() });
  for (let i = 0; i < 100_000; i++) log.print("a line", "stdout");
  log.flush();
  assert.equal(stdout.writes, 1);
});

Deno.test("a log line has level, message and fields, comes after printed lines, and low levels are dropped", () => {
  const both = new FakeWriter();
  const log = new SystemLog({ stdout: both, stderr: both, level: "info" });
  log.print("printed", "stdout");
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  log.log("debug", "hidden");
  log.log("warn", "shown", { task: "map", n: 1, error: new Error("why"), list: [1], cycle, none: undefined });
  const [printed, line] = both.text.split("\n");
  assert.equal(printed, "printed");
  assert.match(
    line,
    /^\d{4}-.*Z WARN {2}shown task=map n=1 error=why list=\[1\] cycle=\[object Object\] none=undefined$/,
  );
  assert.ok(!both.text.includes("hidden"));
});

Deno.test("lines printed just before the end of the process come out, however it ends", async () => {
  const log = new URL("./log.ts", import.meta.url).href;
  const ends = [
    "",
    "throw new Error('x')",
    "Promise.reject(new Error('x')); await new Promise(() => {})",
    "Deno.exit(3)",
  ];
  for (const end of ends) {
    const program = `import { SystemLog } from "${log}"; new SystemLog().print("last words", "stdout"); ${end}`;
    const child = new Deno.Command(Deno.execPath(), { args: ["eval", "--no-lock", program], stderr: "null" });
    assert.equal(new TextDecoder().decode((await child.output()).stdout), "last words\n", end);
  }
});
