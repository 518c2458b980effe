/**
 * File sinks in whole jobs: buckets, rolling in virtual time, names of the three stages, what bad input gets.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  BasePathBucketAssigner,
  type BucketAssigner,
  DateTimeBucketAssigner,
  DefaultRollingPolicy,
  FileSink,
  FileSource,
  JsonLinesEncoder,
  jsonLinesFormat,
  OnCheckpointRollingPolicy,
  SimpleStringEncoder,
  TextLineInputFormat,
  WatermarkStrategy,
} from "tsflink";
import { MIN_WATERMARK } from "../../types/stream_element.ts";
import { Gate, scriptedSource, type ScriptStep, testEnvironment } from "tsflink/testing";

function inDirectory(run: (directory: string) => Promise<void>): () => Promise<void> {
  return async () => {
    const directory = Deno.makeTempDirSync();
    try {
      await run(directory);
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  };
}

/** Files below a directory with their content; unique ids of names are left out. */
function tree(directory: string, prefix = ""): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const { name, isDirectory } of [...Deno.readDirSync(directory)]) {
    const path = `${directory}/${name}`;
    if (isDirectory) Object.assign(found, tree(path, `${prefix}${name}/`));
    else {
      const shown = prefix + name.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/, "*");
      (found[shown] ??= []).push(Deno.readTextFileSync(path));
    }
  }
  for (const contents of Object.values(found)) contents.sort();
  return found;
}

function fail(message: string): never {
  throw new Error(message);
}

const strings = WatermarkStrategy.noWatermarks<string>();
const lines = new SimpleStringEncoder<string>();

Deno.test(
  "records go to the buckets of their value, their event time and the watermark; nested buckets are directories",
  inDirectory(async (directory) => {
    const { env } = testEnvironment();
    const seen: (number | undefined)[][] = [];
    const byTime: BucketAssigner<string> = {
      getBucketId: (value, { timestamp, currentWatermark, currentProcessingTime }) => {
        seen.push([timestamp, currentWatermark, currentProcessingTime]);
        return `${value[0]}/${timestamp === undefined ? "none" : timestamp - timestamp % 10}`;
      },
    };
    const script: ScriptStep<string>[] = [
      { value: "a1", timestamp: 5 },
      { watermark: 7 },
      { value: "b1", timestamp: 25 },
      {
        untilProcessingTime: 100,
      },
      { value: "a2", timestamp: 9 },
      { value: "a3" },
    ];
    env.fromSource(scriptedSource(script), strings, "script")
      .sinkTo(FileSink.forRowFormat(directory, lines).withBucketAssigner(byTime).build());
    await env.execute();
    assert.deepEqual(tree(directory), {
      "a/0/part-*-0": ["a1\na2\n"],
      "a/none/part-*-0": ["a3\n"],
      "b/20/part-*-0": ["b1\n"],
    });
    assert.deepEqual(seen, [[5, MIN_WATERMARK, 0], [25, 7, 0], [9, 7, 100], [undefined, 7, 100]]);
  }),
);

Deno.test(
  "by default there is a bucket per hour of processing time",
  inDirectory(async (directory) => {
    const { env } = testEnvironment({ startMs: Date.UTC(2024, 1, 29, 22, 59, 59) });
    const untilProcessingTime = Date.UTC(2024, 1, 29, 23);
    const assigner = new DateTimeBucketAssigner<string>(undefined, "UTC");
    env.fromSource(scriptedSource<string>([{ value: "x" }, { untilProcessingTime }, { value: "y" }]), strings, "s")
      .sinkTo(FileSink.forRowFormat(directory, lines).withBucketAssigner(assigner).build());
    await env.execute();
    assert.deepEqual(tree(directory), { "2024-02-29--22/part-*-0": ["x\n"], "2024-02-29--23/part-*-0": ["y\n"] });
  }),
);

Deno.test(
  "part files roll by size, by age and by inactivity while virtual time passes",
  inDirectory(async (directory) => {
    const table: [string, ScriptStep<string>[], string[]][] = [
      // The size is looked at before each record: 6 bytes are not more than 6, 9 are.
      ["maxPartSizeBytes", ["aa", "bb", "cc", "dd"].map((value) => ({ value })), ["aa\nbb\ncc\n", "dd\n"]],
      ["rolloverInterval", [
        { value: "a" },
        { untilProcessingTime: 4500 },
        { value: "b" },
        { untilProcessingTime: 9000 },
        {
          value: "c",
        },
        { untilProcessingTime: 10_500 },
        { value: "d" },
      ], ["a\nb\nc\n", "d\n"]],
      ["inactivityInterval", [{ value: "a" }, { untilProcessingTime: 1500 }, { value: "b" }, {
        untilProcessingTime: 4500,
      }, { value: "c" }], ["a\nb\n", "c\n"]],
    ];
    const limits = { maxPartSizeBytes: 6, rolloverInterval: "10 s", inactivityInterval: "2 s" } as const;
    const none = { maxPartSizeBytes: 1e9, rolloverInterval: "1 h", inactivityInterval: "1 h" } as const;
    for (const [limit, script, parts] of table) {
      const policy = new DefaultRollingPolicy<string>({ ...none, [limit]: limits[limit as keyof typeof limits] });
      const { env } = testEnvironment();
      const sink = FileSink.forRowFormat(`${directory}/${limit}`, lines).withRollingPolicy(policy)
        .withBucketAssigner(new BasePathBucketAssigner()).withBucketCheckInterval("1 s")
        .withOutputFileConfig({ partPrefix: "p", partSuffix: ".txt" }).build();
      env.fromSource(scriptedSource(script), strings, "script").sinkTo(sink);
      await env.execute();
      const expected = Object.fromEntries(parts.map((content, i) => [`p-*-${i}.txt`, [content]]));
      assert.deepEqual(tree(`${directory}/${limit}`), expected, limit);
    }
  }),
);

Deno.test(
  "a file is in progress, then pending, then finished; the next one begins beside it",
  inDirectory(async (directory) => {
    const gate = new Gate();
    const { env, idle, takeSnapshot, completeSnapshot } = testEnvironment({ checkpointing: true });
    const source = scriptedSource<string>({
      splits: [[{ value: "a" }, { until: gate }, { value: "b" }]],
      endless: true,
    });
    env.fromSource(source, strings, "script").sinkTo(
      FileSink.forRowFormat(directory, lines).withBucketAssigner(new BasePathBucketAssigner())
        .withRollingPolicy(new OnCheckpointRollingPolicy()).build(),
    );
    const client = await env.executeAsync();
    await idle();
    assert.deepEqual(Object.keys(tree(directory)), [".part-*-0.inprogress"]);
    const snapshot = await takeSnapshot(client, 7);
    assert.deepEqual(tree(directory), { ".part-*-0.inprogress": ["a\n"] });
    gate.open();
    await idle();
    assert.deepEqual(Object.keys(tree(directory)).sort(), [".part-*-0.inprogress", ".part-*-1.inprogress"]);
    await completeSnapshot(client, snapshot.checkpointId);
    await idle();
    assert.deepEqual(Object.keys(tree(directory)).sort(), [".part-*-1.inprogress", "part-*-0"]);
    await client.cancel();
    assert.deepEqual(tree(directory), { ".part-*-1.inprogress": ["b\n"], "part-*-0": ["a\n"] });
    // What readers of the directory get.
    const reader = testEnvironment().env.readTextFile(directory);
    assert.deepEqual(await reader.executeAndCollect(), ["a"]);
  }),
);

Deno.test(
  "what one job writes another reads, at any parallelism, as lines and as JSON",
  inDirectory(async (directory) => {
    const values = Array.from({ length: 50 }, (_, n) => ({ n, text: 'é\n"😀'.repeat(n % 3) }));
    for (const [writers, readers] of [[1, 3], [3, 1], [4, 4]]) {
      const path = `${directory}/${writers}`;
      const { env } = testEnvironment({ parallelism: writers });
      env.fromData(values).rebalance().sinkTo(new FileSink(path, new JsonLinesEncoder<typeof values[0]>()));
      await env.execute();
      const files = Object.values(tree(path)).flat();
      assert.equal(files.length, writers, "one file per subtask");
      const source = new FileSource(jsonLinesFormat<typeof values[0]>(), path, { splitSizeBytes: 64 });
      const { env: second } = testEnvironment({ parallelism: readers });
      const read = await second.fromSource(source, WatermarkStrategy.noWatermarks<typeof values[0]>(), "files")
        .executeAndCollect();
      assert.deepEqual(read.sort((a, b) => a.n - b.n), values);
      const all = await testEnvironment().env.fromSource(
        new FileSource(new TextLineInputFormat(), path),
        strings,
        "files",
      ).executeAndCollect();
      assert.deepEqual(all.sort(), values.map((value) => JSON.stringify(value)).sort());
    }
  }),
);

Deno.test(
  "a bucket outside the base path, a failing encoder and a base path that is a file fail the job by name",
  inDirectory(async (directory) => {
    Deno.writeTextFileSync(`${directory}/file`, "");
    const encoding = (encode: () => string) => new FileSink<string>(`${directory}/out`, encode);
    const table: [string, RegExp, FileSink<string>][] = [
      ["TSF-2001", /not this one/, encoding(() => fail("not this one"))],
      ["TSF-3065", /encoder/, encoding(() => undefined as never)],
      ["TSF-3004", /\/file/, new FileSink<string>(`${directory}/file`, lines)],
    ];
    for (const id of ["../x", "a/../../x", "..", ".", "/etc", "a/./b", undefined, 5]) {
      const bucketAssigner = { getBucketId: () => id as string };
      table.push(["TSF-3066", /bucket/, new FileSink<string>(`${directory}/out`, lines, { bucketAssigner })]);
    }
    for (const [code, message, sink] of table) {
      const { env } = testEnvironment();
      env.fromData("x").sinkTo(sink).name("archive").uid("a-1");
      await assert.rejects(async () => await env.execute(), (error: Error & { code?: string }) => {
        assert.equal(error.code, code, error.message);
        assert.match(error.message, message);
        assert.match(error.message, /operator: archive: Writer \(uid "a-1"\)/);
        return true;
      });
    }
    assert.deepEqual([...Deno.readDirSync(directory)].map(({ name }) => name).sort(), ["file", "out"]);
  }),
);

Deno.test(
  "buckets that usual programs name are allowed",
  inDirectory(async (directory) => {
    const ids = ["", "a", "a/b", "year=2024/month=02", "..a", "a..", "...", "_x", ".hidden", "a b", "ü"];
    const { env } = testEnvironment();
    env.fromData(ids).sinkTo(
      FileSink.forRowFormat(directory, lines).withBucketAssigner({ getBucketId: (id) => id }).build(),
    );
    await env.execute();
    assert.deepEqual(Object.keys(tree(directory)).sort(), ids.map((id) => `${id}${id && "/"}part-*-0`).sort());
  }),
);
