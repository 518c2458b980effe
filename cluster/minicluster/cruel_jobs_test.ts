/**
 * Whole jobs under cruel conditions: steps of one to three elements, one buffer per channel, no floating buffers, spilling
 * at once, tasks passed over at random. Random graphs built with the public API give what arrays give.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { Sink } from "tsflink";
import { ManualClock, RecordingSink } from "tsflink/testing";
import type { JobSnapshot } from "../jobmaster/job_snapshot.ts";
import type { LocalJob } from "./local_job.ts";
import { type Conditions, conditions, environment, MILD, passingOver } from "./testdata/cruel_conditions.ts";
import { build, sorted, sources, type Step, steps } from "./testdata/random_graphs.ts";

async function runGraph(inputs: readonly number[][], plan: readonly Step[], how: Conditions): Promise<void> {
  const env = environment(how);
  const sinks = build(env, inputs, plan).map(({ stream, values }) => {
    const sink = new RecordingSink<number>();
    stream.sinkTo(sink);
    return { sink, values };
  });
  await passingOver(how.passedOver, how.seed, () => env.execute());
  for (const { sink, values } of sinks) assert.deepEqual(sorted(sink.values), sorted(values));
}

Deno.test("random graphs give what arrays give, however they are run", async () => {
  await fc.assert(
    fc.asyncProperty(sources, steps, conditions, async (inputs, plan, how) => {
      await runGraph(inputs, plan, MILD);
      await runGraph(inputs, plan, how);
    }),
    { numRuns: 150, seed: 20261120 },
  );
});

/** Keeps what it got in its state, and gives it away at the end of the input: each record once, whatever was restored. */
function statefulSink({ result, ended }: { result: number[]; ended: () => void }): Sink<number, never, number[]> {
  return {
    createWriter: (_context, restored = []) => {
      const kept: number[] = restored.flat();
      return {
        write: (n) => void kept.push(n),
        flush: (endOfInput) => {
          if (!endOfInput) return;
          result.push(...kept);
          ended();
        },
        snapshotState: () => [[...kept]],
        close: () => {},
      };
    },
  };
}

/** Runs to a snapshot asked for after so many steps, throws the job away, goes on from the snapshot; and so on. */
async function runWithRestarts(
  inputs: readonly number[][],
  plan: readonly Step[],
  how: Conditions,
  interruptions: readonly number[],
): Promise<number> {
  return await passingOver(how.passedOver, how.seed, async (steps) => {
    let restored: JobSnapshot | undefined;
    for (const [attempt, afterSteps] of [...interruptions, Infinity].entries()) {
      let job: LocalJob | undefined;
      let someEnded = false;
      const clock = new ManualClock();
      const env = environment(how, { restored, checkpointing: true }, (started) => job = started, clock);
      const sinks = build(env, inputs, plan).map(({ stream, values }) => {
        const result: number[] = [];
        stream.sinkTo(statefulSink({ result, ended: () => someEnded = true }));
        return { result, values };
      });
      const asked = Promise.withResolvers<JobSnapshot | undefined>();
      let left = afterSteps;
      steps.onStep = () => {
        // The slice of the loop is over with every round: the test comes in between.
        clock.advance(10);
        if (left-- === 0) job!.takeSnapshot(attempt + 1).then(asked.resolve, () => asked.resolve(undefined));
      };
      const client = await env.executeAsync();
      const ended = client.getJobExecutionResult().then(() => undefined, (error) => assert.fail(error));
      const snapshot = await Promise.race([asked.promise, ended]);
      // What a sink gave away at its end is not in the snapshot any more: such a run just goes on.
      if (snapshot === undefined || someEnded) {
        await ended;
        for (const { result, values } of sinks) assert.deepEqual(sorted(result), sorted(values));
        return attempt;
      }
      ended.catch(() => {});
      restored = snapshot;
      await client.cancel();
    }
    return assert.fail("the last attempt runs to its end");
  });
}

Deno.test("random graphs stopped and restored from snapshots in the middle of their work lose and double nothing", async () => {
  let restarts = 0;
  const interruptions = fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 3 });
  const longer = fc.array(fc.array(fc.nat(60), { minLength: 50, maxLength: 90 }), { minLength: 1, maxLength: 2 });
  await fc.assert(
    fc.asyncProperty(longer, steps, conditions, interruptions, async (inputs, plan, how, after) => {
      restarts += await runWithRestarts(inputs, plan, how, after);
    }),
    { numRuns: 100, seed: 20261120 },
  );
  assert.ok(restarts > 50, `${restarts} restarts`);
});
