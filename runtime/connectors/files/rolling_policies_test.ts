import assert from "node:assert/strict";
import fc from "fast-check";
import { DefaultRollingPolicy, OnCheckpointRollingPolicy, type PartFileInfo } from "./rolling_policies.ts";

const part = (info: Partial<PartFileInfo>): PartFileInfo => ({
  bucketId: "",
  creationTime: 0,
  sizeBytes: 0,
  lastUpdateTime: 0,
  ...info,
});

Deno.test("the default limits are Flink's: 128 MiB, a minute of age, a minute without a record", () => {
  const policy = new DefaultRollingPolicy<string>();
  const [limit, minute] = [128 * 1024 * 1024, 60_000];
  const bySize: [number, boolean][] = [[0, false], [limit, false], [limit + 1, true]];
  for (const [sizeBytes, rolls] of bySize) {
    assert.equal(policy.shouldRollOnEvent(part({ sizeBytes })), rolls);
    assert.equal(policy.shouldRollOnCheckpoint(part({ sizeBytes })), rolls);
  }
  const byTime: [Partial<PartFileInfo>, number, boolean][] = [
    [{}, minute - 1, false],
    [{}, minute, true],
    [{ lastUpdateTime: 30_000 }, minute - 1, false],
    [{ lastUpdateTime: minute - 1 }, minute, true],
    [{ creationTime: 30_000, lastUpdateTime: 30_000 }, minute + 29_999, false],
    [{ creationTime: 30_000, lastUpdateTime: 30_000 }, minute + 30_000, true],
  ];
  for (const [info, nowMs, rolls] of byTime) {
    assert.equal(policy.shouldRollOnProcessingTime(part(info), nowMs), rolls, JSON.stringify(info));
  }
});

Deno.test("each limit counts alone, whatever the others are", () => {
  const limit = fc.integer({ min: 1, max: 1000 });
  const time = fc.nat(1500);
  fc.assert(fc.property(limit, limit, limit, time, time, fc.nat(1500), (size, age, idle, created, now, sizeBytes) => {
    const policy = new DefaultRollingPolicy<string>({
      maxPartSizeBytes: size,
      rolloverInterval: age,
      inactivityInterval: idle,
    });
    const [creationTime, currentTime] = [Math.min(created, now), Math.max(created, now)];
    for (const lastUpdateTime of [creationTime, (creationTime + currentTime) >> 1, currentTime]) {
      const info = part({ creationTime, lastUpdateTime, sizeBytes });
      const tooOld = currentTime - creationTime >= age;
      assert.equal(
        policy.shouldRollOnProcessingTime(info, currentTime),
        tooOld || currentTime - lastUpdateTime >= idle,
      );
      assert.equal(policy.shouldRollOnEvent(info), sizeBytes > size);
    }
  }));
});

Deno.test("rolling on checkpoints happens on every checkpoint and never else; wrong limits are refused", () => {
  const policy = new OnCheckpointRollingPolicy<string>();
  const info = part({ sizeBytes: 1e12, creationTime: -1e12, lastUpdateTime: -1e12 });
  const answers = [policy.shouldRollOnCheckpoint(), policy.shouldRollOnEvent(), policy.shouldRollOnProcessingTime()];
  assert.deepEqual(answers, [true, false, false], JSON.stringify(info));
  for (const wrong of [{ maxPartSizeBytes: -1 }, { rolloverInterval: -1 }, { inactivityInterval: 0 }]) {
    assert.throws(() => new DefaultRollingPolicy(wrong), { code: "TSF-3016" });
  }
  const lenient = new DefaultRollingPolicy({ rolloverInterval: "2 min", inactivityInterval: "1 h" });
  assert.deepEqual([lenient.rolloverIntervalMs, lenient.inactivityIntervalMs], [120_000, 3_600_000]);
});
