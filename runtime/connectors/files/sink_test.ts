import assert from "node:assert/strict";
import { ManualClock } from "../../testing/manual_clock.ts";
import { sinkConformance, type SinkUnderTest } from "../../testing/conformance.ts";
import { SinkRun } from "../../testing/sink_run.ts";
import { BasePathBucketAssigner, DateTimeBucketAssigner } from "./bucket_assigners.ts";
import { JsonLinesEncoder, SimpleStringEncoder } from "./encoders.ts";
import { DefaultRollingPolicy, OnCheckpointRollingPolicy } from "./rolling_policies.ts";
import type { CommitRequest } from "../../functions/sink.ts";
import { SystemLocalFiles } from "../../seams/system/local_files.ts";
import { FileCommitter } from "./file_committer.ts";
import type { PendingFile } from "./file_writer.ts";
import { FileSink, type FileSinkOptions } from "./sink.ts";

function filesBelow(directory: string, prefix = ""): string[] {
  return [...Deno.readDirSync(directory)].flatMap((entry) =>
    entry.isDirectory ? filesBelow(`${directory}/${entry.name}`, `${prefix}${entry.name}/`) : [prefix + entry.name]
  ).sort();
}
const isFinished = (path: string): boolean => !/(^|\/)[._]/.test(path);

/** Lines of all finished files. */
function finishedLines(directory: string): string[] {
  return filesBelow(directory).filter(isFinished).flatMap((name) =>
    Deno.readTextFileSync(`${directory}/${name}`).split("\n").filter((line) => line !== "")
  );
}

const letters = [..."abcdefgh"];
const setups: [string, FileSinkOptions<string>][] = [
  ["default policy", {}],
  ["rolls on checkpoints", {
    rollingPolicy: new OnCheckpointRollingPolicy(),
    bucketAssigner: new BasePathBucketAssigner(),
  }],
  ["rolls by size, a bucket per letter", {
    rollingPolicy: new DefaultRollingPolicy({ maxPartSizeBytes: 3 }),
    bucketAssigner: { getBucketId: (value: string) => `${value < "c" ? "first" : "rest"}/deep` },
  }],
];
for (const [name, options] of setups) {
  const make = (): SinkUnderTest<string> => {
    const directory = Deno.makeTempDirSync();
    return {
      sink: new FileSink<string>(`${directory}/out`, new SimpleStringEncoder<string>(), options),
      read: () => finishedLines(directory),
      dispose: () => Deno.removeSync(directory, { recursive: true }),
    };
  };
  for (const test of sinkConformance(name, make, letters)) Deno.test(test);
}

function withDirectory(run: (directory: string) => Promise<void>): () => Promise<void> {
  return async () => {
    const directory = Deno.makeTempDirSync();
    try {
      await run(directory);
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  };
}

Deno.test(
  "a part file is in progress, then pending, then finished, under Flink's names",
  withDirectory(async (directory) => {
    const sink = FileSink.forRowFormat(directory, (value: string) => `<${value}>`)
      .withBucketAssigner(new BasePathBucketAssigner())
      .withRollingPolicy(new OnCheckpointRollingPolicy())
      .withOutputFileConfig({ partPrefix: "words", partSuffix: ".txt" })
      .build();
    const run = new SinkRun<string>(sink);
    for (const checkpointId of [1, 2]) {
      await run.write("a");
      await run.write("b");
      const name = /^words-[0-9a-f-]{36}-\d+\.txt$/;
      const inProgress = filesBelow(directory).filter((file) => !isFinished(file));
      assert.equal(inProgress.length, 1);
      assert.match(inProgress[0], /^\.words-[0-9a-f-]{36}-\d+\.txt\.inprogress$/);
      const snapshot = await run.checkpoint(checkpointId);
      assert.deepEqual(filesBelow(directory).filter((file) => !isFinished(file)), inProgress);
      await run.commit(snapshot);
      const finished = filesBelow(directory);
      assert.equal(finished.length, checkpointId);
      for (const file of finished) {
        assert.match(file, name);
        assert.equal(Deno.readTextFileSync(`${directory}/${file}`), "<a><b>");
      }
    }
    await run.close();
  }),
);

Deno.test(
  "rolls when a file is larger than the limit, too old, or not written to",
  withDirectory(async (directory) => {
    const clock = new ManualClock();
    const policy = new DefaultRollingPolicy<string>({
      maxPartSizeBytes: 4,
      rolloverInterval: "60 s",
      inactivityInterval: "20 s",
    });
    const sink = FileSink.forRowFormat(directory, new SimpleStringEncoder<string>()).withRollingPolicy(policy)
      .withBucketAssigner(new BasePathBucketAssigner()).withBucketCheckInterval("5 s").build();
    const run = new SinkRun<string>(sink, { clock });
    const parts = (): number => filesBelow(directory).length;
    // Larger than 4 bytes only after the third line.
    for (const [value, expected] of [["a", 1], ["b", 1], ["c", 1], ["d", 2]] as const) {
      await run.write(value);
      assert.equal(parts(), expected, value);
    }
    clock.advance(15_000);
    await run.write("e");
    assert.equal(parts(), 2);
    for (let i = 0; i < 4; i++) clock.advance(5000);
    await run.write("f");
    assert.equal(parts(), 3, "not written to for 20 s");
    for (let i = 0; i < 12; i++) {
      clock.advance(5000);
      if (i % 3 === 0) await run.write("");
    }
    await run.write("g");
    assert.equal(parts(), 4, "60 s old");
    await run.finish();
    assert.deepEqual(finishedLines(directory).sort(), [..."abcdefg"]);
  }),
);

Deno.test(
  "a restore cuts a file in progress to what the checkpoint knew, and abandons later ones",
  withDirectory(async (directory) => {
    const sink = new FileSink<string>(directory, new SimpleStringEncoder<string>(), {
      bucketAssigner: { getBucketId: (value) => value[0] },
    });
    const first = new SinkRun<string>(sink);
    await first.write("a1");
    const restored = await first.checkpoint(1);
    await first.write("a2 lost");
    await first.write("b1 lost");
    await first.close();
    const second = new SinkRun<string>(sink, { restored, attemptNumber: 1 });
    await second.write("a3");
    await second.finish();
    assert.deepEqual(finishedLines(directory), ["a1", "a3"]);
    assert.equal(filesBelow(directory).filter((file) => !isFinished(file)).length, 1);
  }),
);

Deno.test(
  "files that vanished between checkpoint and restart are named",
  withDirectory(async (directory) => {
    const setup = (rollingPolicy?: OnCheckpointRollingPolicy<string>): FileSink<string> =>
      new FileSink<string>(directory, new SimpleStringEncoder<string>(), {
        rollingPolicy,
        bucketAssigner: new BasePathBucketAssigner(),
      });
    const table: [string, FileSink<string>, (path: string) => void][] = [
      ["TSF-3064", setup(), (path) => Deno.removeSync(path)],
      ["TSF-3064", setup(), (path) => Deno.truncateSync(path, 1)],
      ["TSF-3063", setup(new OnCheckpointRollingPolicy()), (path) => Deno.removeSync(path)],
      ["TSF-3063", setup(new OnCheckpointRollingPolicy()), (path) => Deno.truncateSync(path, 1)],
    ];
    for (const [code, sink, damage] of table) {
      const run = new SinkRun<string>(sink);
      await run.write("abc");
      const restored = await run.checkpoint(1);
      await run.close();
      const path = `${directory}/${filesBelow(directory)[0]}`;
      damage(path);
      await assert.rejects(
        async () => await new SinkRun<string>(sink, { restored }).commit(restored),
        (error: Error & { code?: string }) => error.code === code && error.message.includes(path),
      );
      for (const file of filesBelow(directory)) Deno.removeSync(`${directory}/${file}`);
    }
  }),
);

Deno.test(
  "a commit says what it found: to do, done before, or with more bytes than the checkpoint knew",
  withDirectory((directory) => {
    const said: string[] = [];
    const request = (name: string): CommitRequest<PendingFile> => ({
      getCommittable: () => ({ hiddenPath: `${directory}/.${name}`, path: `${directory}/${name}`, sizeBytes: 3 }),
      getNumberOfRetries: () => 0,
      signalAlreadyCommitted: () => void said.push(`${name} already`),
      signalFailedWithKnownReason: () => void said.push(`${name} dropped`),
      signalFailedWithUnknownReason: (error) => void said.push(`${name} ${(error as { code: string }).code}`),
      retryLater: () => void said.push(`${name} later`),
      updateAndRetryLater: () => void said.push(`${name} later`),
    });
    Deno.writeTextFileSync(`${directory}/.a`, "abc");
    Deno.writeTextFileSync(`${directory}/b`, "done");
    Deno.writeTextFileSync(`${directory}/.c`, "abc and more");
    Deno.writeTextFileSync(`${directory}/.d`, "ab");
    new FileCommitter(new SystemLocalFiles()).commit(["a", "b", "c", "d", "e"].map(request));
    assert.deepEqual(said, ["b already", "d TSF-3063", "e TSF-3063"]);
    assert.deepEqual(filesBelow(directory), [".d", "a", "b", "c"]);
    assert.equal(Deno.readTextFileSync(`${directory}/c`), "abc");
    return Promise.resolve();
  }),
);

Deno.test("buckets of time by pattern and zone", () => {
  const time = Date.UTC(2024, 1, 29, 13, 4, 5, 67);
  const table: [string | undefined, string, string][] = [
    [undefined, "UTC", "2024-02-29--13"],
    ["yyyy/MM/dd/HH/mm", "UTC", "2024/02/29/13/04"],
    ["yy-M-d H:m:s.SSS", "UTC", "24-2-29 13:4:5.067"],
    ["'day' D, EEE EEEE MMM MMMM ''h a", "UTC", "day 60, Thu Thursday Feb February '1 PM"],
    ["yyyy-MM-dd--HH", "Asia/Kolkata", "2024-02-29--18"],
    ["HH:mm", "Asia/Kolkata", "18:34"],
    ["yyyy-MM-dd HH", "America/New_York", "2024-02-29 08"],
    ["dd kk KK hh S", "Pacific/Kiritimati", "01 03 03 03 0"],
  ];
  for (const [pattern, zone, expected] of table) {
    const assigner = new DateTimeBucketAssigner(pattern, zone);
    const context = { currentProcessingTime: time, currentWatermark: 0, timestamp: undefined };
    assert.equal(assigner.getBucketId("", context), expected, `${pattern} ${zone}`);
  }
  // The hour that does not exist and the one that comes twice.
  const berlin = new DateTimeBucketAssigner("MM-dd HH:mm", "Europe/Berlin");
  const at = (ms: number): string =>
    berlin.getBucketId("", { currentProcessingTime: ms, currentWatermark: 0, timestamp: undefined });
  assert.equal(at(Date.UTC(2024, 2, 31, 0, 59)), "03-31 01:59");
  assert.equal(at(Date.UTC(2024, 2, 31, 1, 0)), "03-31 03:00");
  assert.equal(at(Date.UTC(2024, 9, 27, 0, 30)), "10-27 02:30");
  assert.equal(at(Date.UTC(2024, 9, 27, 1, 30)), "10-27 02:30");
  assert.equal(at(Date.UTC(1969, 11, 31, 22, 59, 59)), "12-31 23:59");
});

Deno.test("encoders", () => {
  assert.equal(new SimpleStringEncoder<unknown>().encode("a"), "a\n");
  assert.equal(new SimpleStringEncoder<unknown>().encode({ n: 1 }), '{"n":1}\n');
  assert.equal(new JsonLinesEncoder<unknown>().encode("a"), '"a"\n');
});

Deno.test("wrong options are refused with a code, and a wrong encoder when it is used", async () => {
  const encoder = new SimpleStringEncoder<string>();
  const table: (() => unknown)[] = [
    () => new FileSink("", encoder),
    () => new FileSink("d", undefined as never),
    () => new FileSink("d", encoder, { bucketCheckInterval: 0 }),
    () => new FileSink("d", encoder, { partPrefix: "a/b" }),
    () => new FileSink("d", encoder, { partPrefix: ".hidden" }),
    () => new DefaultRollingPolicy({ maxPartSizeBytes: 0 }),
    () => new DefaultRollingPolicy({ rolloverInterval: 0 }),
    () => new DateTimeBucketAssigner("yyyy-XX"),
    () => new DateTimeBucketAssigner("'open"),
    () => new DateTimeBucketAssigner("yyyy", "Mars/Base"),
  ];
  for (const make of table) assert.throws(make, { code: "TSF-3016" }, String(make));
  await withDirectory(async (directory) => {
    const run = new SinkRun<string>(new FileSink<string>(directory, (() => 5) as never));
    await assert.rejects(run.write("a"), { code: "TSF-3065" });
    await run.close();
  })();
});
