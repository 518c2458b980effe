/**
 * Whole jobs with two-phase sinks, killed and restored at the worst moments: every line becomes visible once.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { defineSink, FileSink, OnCheckpointRollingPolicy, WatermarkStrategy } from "tsflink";
import { DefaultRollingPolicy, type RollingPolicy, SimpleStringEncoder, type Sink } from "tsflink";
import { Gate, scriptedSource, type ScriptStep, testEnvironment, type TestSnapshot } from "tsflink/testing";

/** Lines of all finished files, sorted, and whether they end whole. */
function finishedLines(directory: string): string[] {
  return [...Deno.readDirSync(directory)].flatMap(({ name, isDirectory }) => {
    if (isDirectory) return finishedLines(`${directory}/${name}`);
    if (name.startsWith(".")) return [];
    const text = Deno.readTextFileSync(`${directory}/${name}`);
    assert.ok(text.endsWith("\n"), `${name} ends in the middle of a line`);
    return text.slice(0, -1).split("\n");
  }).sort();
}

/** Where lines go, and what of them is visible. */
interface Target {
  makeSink(): Sink<string, never, never>;
  visible(): string[];
  dispose?(): void;
}

function files(policy: () => RollingPolicy<string>): Target {
  const directory = Deno.makeTempDirSync();
  return {
    makeSink: () =>
      FileSink.forRowFormat(`${directory}/out`, new SimpleStringEncoder<string>())
        .withBucketAssigner({ getBucketId: (line: string) => line[0] === "0" ? "" : `split-${line[0]}` })
        .withRollingPolicy(policy()).build() as unknown as Sink<string, never, never>,
    visible: () => finishedLines(directory),
    dispose: () => Deno.removeSync(directory, { recursive: true }),
  };
}

/** A database of a user: what is prepared survives everything, and is visible once its transaction was committed. */
function transactions(holdBack: boolean): Target {
  const prepared = new Map<string, string[]>();
  const committed = new Set<string>();
  let next = 0;
  const makeSink = () =>
    defineSink<string, string, string[]>({
      open: (_context, restored) => {
        let rows = restored.flat();
        return {
          write: (line) => void rows.push(line),
          prepareCommit: () => {
            // One that holds back keeps some rows in its state, for a later transaction.
            const out = rows.splice(0, holdBack ? rows.length >> 1 : rows.length);
            if (out.length === 0) return [];
            prepared.set(`t${next}`, out);
            return [`t${next++}`];
          },
          flush: (end) => {
            if (end) holdBack = false;
          },
          snapshotState: () => [rows],
          close: () => void (rows = []),
        };
      },
      commit: (ids) => {
        for (const id of ids) committed.add(id);
      },
    });
  return {
    makeSink: () => makeSink() as unknown as Sink<string, never, never>,
    visible: () => [...committed].flatMap((id) => prepared.get(id)!).sort(),
  };
}

const TARGETS: Record<string, () => Target> = {
  "files, rolling on checkpoint": () => files(() => new OnCheckpointRollingPolicy<string>()),
  "files, rolling by time": () => files(() => new DefaultRollingPolicy<string>()),
  "files, rolling by size": () => files(() => new DefaultRollingPolicy<string>({ maxPartSizeBytes: 7 })),
  "transactions of a user": () => transactions(false),
  "transactions that hold back": () => transactions(true),
};

/** What happens in one attempt; the next one goes on from the last snapshot that counts. */
interface Attempt {
  readonly parallelism: number;
  readonly events: readonly Event[];
}
/**
 * more: the source goes on to its next gate. snapshot: taken, and durable. complete: the job hears that the last
 * snapshot is complete. lose: taken, but the coordinator never stored it.
 */
type Event = "more" | "snapshot" | "lose" | "complete";

const GATES = 8;
const SPLITS = 3;

/** All the lines a run may emit, and a script per split that waits at every gate. */
function scripts(gates: readonly Gate[]): { lines: string[]; splits: ScriptStep<string>[][] } {
  const lines: string[] = [];
  const splits = Array.from({ length: SPLITS }, (_, split) =>
    gates.flatMap((until, piece): ScriptStep<string>[] => {
      const values = Array.from({ length: (piece * 7 + split) % 4 }, (_, i) => `${split}/${piece}/${i}`);
      lines.push(...values);
      return [...values.map((value) => ({ value })), { until }];
    }));
  return { lines: lines.sort(), splits };
}

async function run(makeTarget: () => Target, attempts: readonly Attempt[]): Promise<void> {
  const target = makeTarget();
  const gates = Array.from({ length: GATES }, () => new Gate());
  const { lines, splits } = scripts(gates);
  let opened = 0;
  let restoreFrom: TestSnapshot | undefined;
  let checkpointId = 0;
  /** Lines that were finished once stay finished. */
  let finished: string[] = [];
  const look = (): void => {
    const now = target.visible();
    assert.equal(new Set(now).size, now.length, "a line is there twice");
    assert.deepEqual(finished.filter((line) => !now.includes(line)), [], "a finished line went away");
    finished = now;
  };
  const start = (parallelism: number, checkpointing: boolean) => {
    const test = testEnvironment({ parallelism, checkpointing, restoreFrom });
    test.env.fromSource(scriptedSource({ splits }), WatermarkStrategy.noWatermarks<string>(), "lines").uid("lines")
      .rebalance().sinkTo(target.makeSink()).uid("target");
    return test;
  };
  try {
    for (const { parallelism, events } of attempts) {
      const test = start(parallelism, true);
      const client = await test.env.executeAsync();
      for (const event of events) {
        await test.idle();
        if (event === "more" && opened < GATES - 1) gates[opened++].open();
        else if (event === "snapshot") restoreFrom = await test.takeSnapshot(client, ++checkpointId);
        else if (event === "lose") await test.takeSnapshot(client, ++checkpointId);
        else if (event === "complete" && restoreFrom !== undefined) {
          await test.completeSnapshot(client, restoreFrom.checkpointId);
        }
        await test.idle();
        look();
      }
      await client.cancel();
      look();
    }
    // The last attempt runs to the end, where everything is committed.
    for (const gate of gates) gate.open();
    await start(2, false).env.execute();
    look();
    assert.deepEqual(finished, lines);
  } finally {
    target.dispose?.();
  }
}

const attempt = (parallelism: number, ...events: Event[]): Attempt => ({ parallelism, events });
const CASES: Record<string, Attempt[]> = {
  "killed before any snapshot": [attempt(2, "more", "more")],
  "killed right after a snapshot": [attempt(2, "more", "snapshot")],
  "killed after records that no snapshot knows": [attempt(2, "more", "snapshot", "more")],
  "killed after the snapshot was complete": [attempt(2, "more", "snapshot", "complete")],
  "killed later than the completion": [attempt(2, "more", "snapshot", "complete", "more")],
  "the completion comes late": [attempt(2, "more", "snapshot", "more", "complete", "more")],
  "two snapshots, one completion": [attempt(2, "more", "snapshot", "more", "snapshot", "complete", "more")],
  "a snapshot that was never stored": [attempt(2, "more", "snapshot", "more", "lose", "more")],
  "a crash loop": [attempt(2, "more", "snapshot"), attempt(2), attempt(2), attempt(2, "more")],
  "from 1 to 4 subtasks": [attempt(1, "more", "snapshot"), attempt(4, "more", "snapshot", "complete"), attempt(3)],
  "from 4 to 1 subtasks": [attempt(4, "more", "more", "snapshot"), attempt(1, "more", "snapshot"), attempt(2)],
};
for (const [targetName, target] of Object.entries(TARGETS)) {
  for (const [name, attempts] of Object.entries(CASES)) {
    Deno.test(`exactly once, ${targetName}: ${name}`, () => run(target, attempts));
  }
}

Deno.test("exactly once through any story of snapshots, completions and kills", async () => {
  const event = fc.constantFrom<Event>("more", "more", "snapshot", "complete", "lose");
  const anyAttempt = fc.record({
    parallelism: fc.integer({ min: 1, max: 4 }),
    events: fc.array(event, { maxLength: 6 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...Object.values(TARGETS)), fc.array(anyAttempt, { maxLength: 4 }), run),
    { numRuns: 60 },
  );
});
