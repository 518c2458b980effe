import assert from "node:assert/strict";
import fc from "fast-check";
import type { ExecutionState } from "../../rpc/cluster_info.ts";
import { subtask } from "../testdata/fake_cluster.ts";
import {
  aggregated,
  countStates,
  endpointOf,
  EXECUTION_STATES,
  ioMetrics,
  statistics,
  statusDurations,
  timesOf,
} from "./task_numbers.ts";

Deno.test("times go from the deployment to the last end", () => {
  const ended = (index: number, state: ExecutionState, at: number) =>
    subtask(index, { state, timestamps: { ...subtask(0).timestamps, [state]: at } });
  const waiting = subtask(9, { state: "SCHEDULED", timestamps: { CREATED: 1, SCHEDULED: 2 }, location: undefined });
  const cases: [ReturnType<typeof subtask>[], start: number, end: number, duration: number][] = [
    [[subtask(0)], 1020, -1, 980],
    [[ended(0, "FINISHED", 1500)], 1020, 1500, 480],
    [[ended(0, "FINISHED", 1500), ended(1, "CANCELED", 1700)], 1020, 1700, 680],
    [[ended(0, "FINISHED", 1500), subtask(1)], 1020, -1, 980],
    [[waiting], -1, -1, -1],
    [[waiting, subtask(1)], 1020, -1, 980],
    [[], -1, -1, -1],
  ];
  for (const [subtasks, start, end, duration] of cases) {
    assert.deepEqual(timesOf(subtasks, 2000), { "start-time": start, "end-time": end, duration });
  }
});

Deno.test("the time in each state ends with the next one that was entered", () => {
  const direct = subtask(0, { state: "FAILED", timestamps: { CREATED: 10, SCHEDULED: 15, FAILED: 40 } });
  assert.deepEqual(statusDurations(direct, 99), {
    CREATED: 5,
    SCHEDULED: 25,
    DEPLOYING: -1,
    INITIALIZING: -1,
    RUNNING: -1,
  });
  // Everything at once: nothing took any time.
  const quick = subtask(0, { state: "FINISHED", timestamps: { CREATED: 5, SCHEDULED: 5, RUNNING: 5, FINISHED: 5 } });
  assert.deepEqual(statusDurations(quick, 99), {
    CREATED: 0,
    SCHEDULED: 0,
    DEPLOYING: -1,
    INITIALIZING: -1,
    RUNNING: 0,
  });
});

Deno.test("times in states add up to the time since the first", () => {
  const order = ["CREATED", "SCHEDULED", "DEPLOYING", "INITIALIZING", "RUNNING"] as const;
  fc.assert(fc.property(
    fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 5 }),
    fc.nat(100),
    (steps, more) => {
      let at = 0;
      const timestamps = Object.fromEntries(steps.map((step, i) => [order[i], at += step]));
      const state = order[steps.length - 1];
      const durations = statusDurations(subtask(0, { state, timestamps }), at + more);
      const total = Object.values(durations).filter((ms) => ms >= 0).reduce((sum, ms) => sum + ms, 0);
      assert.equal(total, at + more - steps[0]);
    },
  ));
});

Deno.test("statistics: equal to a slow count", () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 40 }), (numbers) => {
    const found = statistics(numbers);
    /** The smallest number that at least this share of all does not exceed. */
    const least = (share: number) =>
      Math.min(...numbers.filter((n) => numbers.filter((other) => other <= n).length >= share * numbers.length));
    assert.equal(found.min, Math.min(...numbers));
    assert.equal(found.max, Math.max(...numbers));
    assert.equal(found.sum, numbers.reduce((a, b) => a + b));
    assert.equal(found.avg, Math.floor(found.sum / numbers.length));
    for (const [name, share] of [["median", 0.5], ["p25", 0.25], ["p75", 0.75], ["p95", 0.95]] as const) {
      assert.equal(found[name], least(share), name);
    }
  }));
  assert.deepEqual(statistics([]), { min: 0, max: 0, avg: 0, sum: 0, median: 0, p25: 0, p75: 0, p95: 0 });
});

Deno.test("what has not been told yet counts as nothing, and is told to be missing", () => {
  const silent = subtask(1, { progress: undefined });
  const both = ioMetrics([subtask(0), silent]);
  assert.deepEqual([both["write-records"], both["write-records-complete"]], [5, false]);
  const one = ioMetrics([subtask(0)]);
  assert.deepEqual([one["write-records"], one["write-records-complete"]], [5, true]);
  assert.equal(ioMetrics([])["read-records"], 0);
});

Deno.test("every state is counted, aggregates cover every number", () => {
  const counts = countStates(["RUNNING", "RUNNING", "FAILED"]);
  assert.deepEqual(Object.keys(counts).sort(), [...EXECUTION_STATES].sort());
  assert.deepEqual([counts.RUNNING, counts.FAILED, counts.CREATED], [2, 1, 0]);
  const { metrics, "status-duration": durations } = aggregated([subtask(0), subtask(1)], 2000) as Record<
    string,
    Record<string, Record<string, number>>
  >;
  assert.equal(Object.keys(metrics).some((name) => name.endsWith("-complete")), false);
  assert.equal(metrics["accumulated-busy-time"].sum, 300);
  assert.equal(durations.RUNNING.max, 900);
});

Deno.test("a subtask without a slot has no endpoint", () => {
  assert.equal(endpointOf(subtask(0)), "127.0.0.1:4000");
  assert.equal(endpointOf(subtask(0, { location: undefined })), "(unassigned)");
});
