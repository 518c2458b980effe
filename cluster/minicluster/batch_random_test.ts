/**
 * Random graphs in BATCH mode, under cruel conditions, with failures at random records: what is tried again from finished
 * stages gives what arrays give, and leaves nothing behind.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { Sink, StreamExecutionEnvironment } from "tsflink";
import { ManualClock, MemoryFiles } from "tsflink/testing";
import type { LocalJob } from "./local_job.ts";
import { conditions, environment, passingOver } from "./testdata/cruel_conditions.ts";
import { build, sorted, sources, steps } from "./testdata/random_graphs.ts";

/** Keeps what it gets until the end of its input; of a stage that is tried again the last attempt counts. */
function lastAttemptSink(result: number[]): Sink<number> {
  return {
    createWriter: () => {
      const kept: number[] = [];
      return {
        write: (n) => void kept.push(n),
        flush: (endOfInput) => {
          if (endOfInput) result.splice(0, result.length, ...kept);
        },
        close: () => {},
      };
    },
  };
}

/** Lets records pass, and fails at those whose turn it is, over all attempts of all stages. */
function failing(failures: readonly number[]): <T>(value: T) => T {
  let calls = 0;
  return (value) => {
    if (failures.includes(++calls)) throw new Error(`call ${calls}`);
    return value;
  };
}

const configurations = fc.record({
  "execution.sorted-inputs.memory": fc.constantFrom("1 b", "3 kb", "10 mb"),
  "execution.batch-shuffle-mode": fc.constantFrom("ALL_EXCHANGES_BLOCKING", "ALL_EXCHANGES_PIPELINED"),
  "pipeline.optimize.codegen": fc.boolean(),
  "taskmanager.memory.segment-size": fc.constantFrom("256 b", "32 kb"),
});

Deno.test("random graphs in BATCH mode give what arrays give, with any failures on the way", async () => {
  let restarts = 0;
  const failures = fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(
      sources,
      steps,
      conditions,
      configurations,
      failures,
      async (inputs, plan, how, options, failAt) => {
        const files = new MemoryFiles();
        files.makeDirectory("/tmp");
        const clock = new ManualClock();
        const configuration = {
          ...options,
          "execution.runtime-mode": "BATCH",
          "restart-strategy.type": "fixed-delay",
          "restart-strategy.fixed-delay.attempts": failAt.length,
          "restart-strategy.fixed-delay.delay": "0 ms",
        };
        let job: LocalJob | undefined;
        const env: StreamExecutionEnvironment = environment(
          { ...how, configuration },
          { onState: (state) => state === "RESTARTING" && restarts++, onIdle: () => clock.advance(1) },
          (started) => job = started,
          clock,
          files,
        );
        const pass = failing(failAt);
        const sinks = build(env, inputs, plan).map(({ stream, values }) => {
          const result: number[] = [];
          stream.map(pass).sinkTo(lastAttemptSink(result));
          return { result, values };
        });
        await passingOver(how.passedOver, how.seed, () => env.execute());
        for (const { result, values } of sinks) assert.deepEqual(sorted(result), sorted(values));
        assert.deepEqual(files.listSync("/tmp"), []);
        assert.equal(job!.graph.state, "FINISHED");
      },
    ),
    { numRuns: 120, seed: 20261121 },
  );
  assert.ok(restarts > 60, `${restarts} restarts`);
});
