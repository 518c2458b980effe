import assert from "node:assert/strict";
import type { SubtaskInfo } from "../../rpc/cluster_info.ts";
import { subtask } from "../testdata/fake_cluster.ts";
import { MetricRates } from "./metric_rates.ts";

function at(records: number, changes: Partial<NonNullable<SubtaskInfo["progress"]>> & Record<string, unknown> = {}) {
  const operators = [{ name: "Map", numRecordsIn: records, numRecordsOut: 2 * records }];
  const progress = { ...subtask(0).progress!, operators, busyTimeMs: 0, ...changes };
  return subtask(0, { progress });
}

Deno.test("rates are differences per second, against a sample of some seconds ago", () => {
  const rates = new MetricRates();
  assert.equal(rates.of(at(0), 0).numRecordsInPerSecond, 0);
  const found = rates.of(at(500, { busyTimeMs: 300 }), 1000);
  assert.deepEqual(found, {
    numRecordsInPerSecond: 500,
    numRecordsOutPerSecond: 1000,
    busyTimeMsPerSecond: 300,
    idleTimeMsPerSecond: 700,
    backPressuredTimeMsPerSecond: 0,
  });
  // Asking often does not make the distance small.
  for (let ms = 1010; ms < 1500; ms += 10) rates.of(at(500, { busyTimeMs: 300 }), ms);
  assert.equal(rates.of(at(1000), 2000).numRecordsInPerSecond, 500);
  // After several samples the oldest is forgotten.
  for (let second = 3; second < 10; second++) rates.of(at(1000), second * 1000);
  assert.equal(rates.of(at(1000), 10_000).numRecordsInPerSecond, 0);
});

Deno.test("a task that is held back and says no more is taken for held back in all the time it is not busy", () => {
  const rates = new MetricRates();
  rates.of(at(0, { isBackPressured: true }), 0);
  const found = rates.of(at(0, { isBackPressured: true, busyTimeMs: 200 }), 1000);
  assert.deepEqual(
    [found.busyTimeMsPerSecond, found.backPressuredTimeMsPerSecond, found.idleTimeMsPerSecond],
    [200, 800, 0],
  );
});

Deno.test("a task that tells its idle and held-back time is believed", () => {
  const rates = new MetricRates();
  rates.of(at(0, { idleTimeMs: 0, backPressuredTimeMs: 0 }), 0);
  const found = rates.of(at(0, { busyTimeMs: 1000, idleTimeMs: 600, backPressuredTimeMs: 400 }), 2000);
  assert.deepEqual(
    [found.busyTimeMsPerSecond, found.idleTimeMsPerSecond, found.backPressuredTimeMsPerSecond],
    [500, 300, 200],
  );
});

Deno.test("counts that start again, as of a new attempt, give no negative rates", () => {
  const rates = new MetricRates();
  rates.of(at(1000), 0);
  assert.equal(rates.of(at(10), 1000).numRecordsInPerSecond, 0);
  assert.equal(rates.of(at(10, { executionId: "e-0#1" }), 1000).numRecordsInPerSecond, 0);
});

Deno.test("what does not run has no rates; what nobody asks for any more is forgotten", () => {
  const rates = new MetricRates();
  rates.of(at(0), 0);
  const done = { ...at(900), state: "FINISHED" as const };
  assert.equal(rates.of(done, 1000).numRecordsInPerSecond, 0);
  assert.equal(rates.of(subtask(0, { progress: undefined }), 1000).idleTimeMsPerSecond, 0);
  for (let i = 0; i < 5000; i++) rates.of(at(0, { executionId: `x-${i}` }), 0);
  assert.equal(rates.of(at(500), 1000).numRecordsInPerSecond, 0, "its samples are gone");
});
