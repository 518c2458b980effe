import assert from "node:assert/strict";
import { ManualClock } from "./manual_clock.ts";
import { sourceConformance } from "./conformance.ts";
import { Gate, scriptedSource, type ScriptedSourceOptions, type ScriptStep } from "./scripted_source.ts";
import { SourceRun } from "./source_run.ts";

const steps: ScriptStep<string>[] = [
  { value: "a", timestamp: 10 },
  { watermark: 9 },
  { value: "b" },
  { idle: true },
  { active: true },
  { value: "c", timestamp: -1 },
];
for (const test of sourceConformance("one script", () => scriptedSource(steps), ["a", "b", "c"], { ordered: true })) {
  Deno.test(test);
}
const two: ScriptedSourceOptions<number> = { splits: [[{ value: 1 }, { value: 2 }], [{ value: 3 }], []] };
for (const test of sourceConformance("three scripts", () => scriptedSource(two), [1, 2, 3])) Deno.test(test);

Deno.test("steps come in order, with their timestamps, on the main output", async () => {
  const run = new SourceRun(scriptedSource(steps));
  await run.run();
  assert.deepEqual(run.records.map(({ value, timestamp, splitId }) => [value, timestamp, splitId]), [
    ["a", 10, undefined],
    ["b", undefined, undefined],
    ["c", -1, undefined],
  ]);
  assert.deepEqual(run.marks, [
    { kind: "watermark", timestamp: 9, afterRecords: 1 },
    { kind: "idle", afterRecords: 2 },
    { kind: "active", afterRecords: 2 },
  ]);
  await run.close();
});

Deno.test("several scripts advance side by side, each on the output of its split", async () => {
  const source = scriptedSource<string>({ splits: [[..."ace"], [..."bd"]].map((s) => s.map((value) => ({ value }))) });
  const run = new SourceRun(source);
  await run.run();
  assert.equal(run.values.join(""), "abcde");
  assert.deepEqual(run.records.map(({ splitId }) => splitId), [0, 1, 0, 1, 0].map((i) => `script-${i}`));
  assert.deepEqual(run.released, ["script-1", "script-0"]);
  await run.close();
});

Deno.test("a script without steps gives its output back, so that it holds back nobody", async () => {
  const run = new SourceRun(scriptedSource(two));
  await run.run();
  assert.deepEqual(run.released.sort(), ["script-0", "script-1", "script-2"]);
  await run.close();
});

Deno.test("a wait for a processing time ends when the clock is there", async () => {
  const clock = new ManualClock();
  const run = new SourceRun(scriptedSource([{ value: 1 }, { untilProcessingTime: 100 }, { value: 2 }]), {
    clock,
    stallLimitMs: 1e9,
  });
  await run.run(() => run.values.length === 1);
  const running = run.run();
  await Promise.resolve();
  clock.advance(99);
  await Promise.resolve();
  assert.deepEqual(run.values, [1]);
  clock.advance(1);
  await running;
  assert.deepEqual(run.values, [1, 2]);
  await run.close();
  assert.equal(clock.pending, 0);
});

Deno.test("a gate holds one script until the test opens it; another goes on", async () => {
  const gate = new Gate();
  const source = scriptedSource<string>({
    splits: [[{ value: "a" }, { until: gate }, { value: "b" }], [{ value: "x" }, { value: "y" }]],
  });
  const run = new SourceRun(source, { stallLimitMs: 10 });
  await assert.rejects(run.run(), { code: "TSF-3060" });
  assert.deepEqual(run.values.sort(), ["a", "x", "y"]);
  assert.equal(gate.isOpen, false);
  gate.open();
  await run.run();
  assert.equal(run.values.at(-1), "b");
  await run.close();
});

Deno.test("an endless script stays silent after its last step", async () => {
  const source = scriptedSource({ splits: [[{ value: 1 }]], endless: true, boundedness: "continuous-unbounded" });
  assert.equal(source.getBoundedness(), "continuous-unbounded");
  const run = new SourceRun(source, { stallLimitMs: 10 });
  await assert.rejects(run.run(), { code: "TSF-3060" });
  assert.deepEqual(run.values, [1]);
  await run.close();
});

Deno.test("a step of no known kind is refused", () => {
  assert.throws(() => scriptedSource([{ value: 1 }, { wait: 5 } as never]), {
    code: "TSF-3061",
    message: /split 0, step 1[\s\S]*\{"wait":5\}/,
  });
});
