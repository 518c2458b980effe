import assert from "node:assert/strict";
import { outputWritten, SlotLog } from "./slot_log.ts";
import type { SlotReport } from "./slot_protocol.ts";

function log(): { readonly log: SlotLog; readonly underWay: Int32Array<SharedArrayBuffer>; readonly told: string[] } {
  const told: string[] = [];
  const underWay = new Int32Array(new SharedArrayBuffer(4));
  const report = (message: SlotReport) => {
    if (message.type === "output") told.push(`${message.stream}: ${message.lines.join("|")}`);
    if (message.type === "log") told.push(`${message.level}: ${message.message}`);
  };
  return { log: new SlotLog(report, underWay), underWay, told };
}

/** Prints until nothing goes at once any more; gives how many lines did. */
function useUpHaste(log: SlotLog, told: readonly string[]): number {
  for (let n = 1;; n++) {
    const before = told.length;
    log.print("x", "stdout");
    if (told.length === before) return n - 1;
    assert.ok(n < 10_000);
  }
}

Deno.test("one of few lines goes at once, one of many in a batch", () => {
  const { log: own, told } = log();
  own.print("first", "stdout");
  assert.deepEqual(told, ["stdout: first"]);
  const hasty = useUpHaste(own, told);
  assert.equal(hasty, 99);
  told.length = 0;
  own.print("y", "stdout");
  assert.deepEqual(told, []);
  own.flush();
  own.flush();
  assert.deepEqual(told, ["stdout: x|y"]);
  own.allowHaste();
  own.print("z", "stdout");
  assert.equal(told.at(-1), "stdout: z");
});

Deno.test("lines of both streams and messages stay in order, and a batch is bounded", () => {
  const { log: own, told } = log();
  useUpHaste(own, told);
  own.flush();
  told.length = 0;
  own.print("a", "stdout");
  own.print("b", "stderr");
  own.log("warn", "c");
  own.print("d", "stdout");
  own.flush();
  assert.deepEqual(told, ["stdout: a", "stderr: b", "warn: c", "stdout: d"]);
  told.length = 0;
  own.print("e".repeat(100_000), "stdout");
  assert.equal(told.length, 1);
});

Deno.test("what is under way is counted until it is written", () => {
  const { log: own, underWay } = log();
  own.print("12345", "stdout");
  assert.equal(underWay[0], 6);
  outputWritten(underWay, ["12345"]);
  assert.equal(underWay[0], 0);
});
