/**
 * The machine fails at every single file operation of a sink, one after the other, and loses what was not synced. The
 * last checkpoint that was stored must be enough to go on: every record is finished once.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { AppendableFile, LocalFiles } from "../../seams/local_files.ts";
import { MemoryFiles } from "../../testing/memory_files.ts";
import { SinkRun, type SinkSnapshot } from "../../testing/sink_run.ts";
import { SimpleStringEncoder } from "./encoders.ts";
import type { CommitRequest } from "../../functions/sink.ts";
import { FileCommitter } from "./file_committer.ts";
import type { PendingFile } from "./file_writer.ts";
import { DefaultRollingPolicy, OnCheckpointRollingPolicy, type RollingPolicy } from "./rolling_policies.ts";
import { FileSink } from "./sink.ts";

class PowerFailure extends Error {}

/** Files that work for so many changing operations; then the machine is off. */
function failingAfter(operations: number, files: MemoryFiles): { files: LocalFiles; used: () => number } {
  let used = 0;
  const counted = <Args extends unknown[], R>(call: (...args: Args) => R) => (...args: Args): R => {
    if (used >= operations) throw new PowerFailure();
    used++;
    return call(...args);
  };
  const appendTo = (path: string): AppendableFile => {
    const file = files.appendTo(path);
    return {
      ...file,
      append: counted(file.append),
      truncate: counted(file.truncate),
      fsync: counted(file.fsync),
      close: counted(file.close),
    };
  };
  const failing: LocalFiles = Object.create(files, {
    appendTo: { value: counted(appendTo) },
    makeDirectory: { value: counted((path: string) => files.makeDirectory(path)) },
    rename: { value: counted((from: string, to: string) => files.rename(from, to)) },
    fsyncDirectory: { value: counted((path: string) => files.fsyncDirectory(path)) },
    statSync: { value: (path: string) => files.statSync(path) },
  });
  return { files: failing, used: () => used };
}

function finishedLines(files: MemoryFiles): string[] {
  return files.paths().filter((path) => !/\/[._]/.test(path))
    .flatMap((path) => files.text(path).split("\n").filter((line) => line !== "")).sort();
}

const LINES = Array.from({ length: 12 }, (_, i) => `line ${i}`);
const PER_CHECKPOINT = 3;
const POLICIES: Record<string, RollingPolicy<string>> = {
  "on checkpoint": new OnCheckpointRollingPolicy(),
  "by size": new DefaultRollingPolicy({ maxPartSizeBytes: 8 }),
  "never": new DefaultRollingPolicy(),
};

/** What a coordinator would store; the position of the source is part of it. */
interface Stored {
  readonly snapshot: SinkSnapshot;
  readonly next: number;
}

/** One attempt; stores a checkpoint as soon as it is complete, then commits it. */
async function attempt(
  policy: RollingPolicy<string>,
  files: LocalFiles,
  stored: Stored | undefined,
  store: (stored: Stored) => void,
): Promise<void> {
  const sink = FileSink.forRowFormat("/out/daily", new SimpleStringEncoder<string>())
    .withBucketAssigner({ getBucketId: (line) => `${Number(line.slice(5)) % 2}/deep` })
    .withRollingPolicy(policy).build();
  const restored = stored?.snapshot;
  const run = new SinkRun<string>(sink, { files, restored, parallelism: restored === undefined ? 2 : 1 });
  if (restored !== undefined) await run.commit(restored);
  let next = stored?.next ?? 0;
  for (let checkpointId = 10 + next; next < LINES.length; checkpointId++) {
    for (const end = next + PER_CHECKPOINT; next < end; next++) await run.write(LINES[next]);
    const snapshot = await run.checkpoint(checkpointId, next === LINES.length);
    store({ snapshot, next });
    await run.commit(snapshot);
  }
  await run.close();
}

for (const [name, policy] of Object.entries(POLICIES)) {
  Deno.test(`no power failure loses or repeats a record, rolling ${name}`, async () => {
    for (let operations = 0;; operations++) {
      const disk = new MemoryFiles();
      let stored: Stored | undefined;
      const store = (now: Stored): void => void (stored = now);
      let failures = 0;
      const limited = failingAfter(operations, disk);
      // The second attempt fails soon, too: what it did to the files of the first must not matter.
      for (const files of [limited.files, failingAfter(operations % 7, disk).files, disk]) {
        try {
          await attempt(policy, files, stored, store);
          break;
        } catch (error) {
          assert.ok(error instanceof PowerFailure, `after ${operations} operations: ${error}`);
          failures++;
          disk.crash();
        }
      }
      assert.deepEqual(finishedLines(disk), [...LINES].sort(), `after ${operations} operations`);
      // What was finished is so after one more failure.
      disk.crash();
      assert.deepEqual(finishedLines(disk), [...LINES].sort(), `crash at the end, ${operations} operations`);
      if (failures === 0) {
        assert.ok(operations > 25, "the sink uses files");
        break;
      }
    }
  });
}

Deno.test("a file that is cut when it is committed stays cut", () => {
  const files = new MemoryFiles({ "/d/.part": "abc and more" });
  const committable = { hiddenPath: "/d/.part", path: "/d/part", sizeBytes: 3 };
  new FileCommitter(files).commit([{ getCommittable: () => committable } as CommitRequest<PendingFile>]);
  files.crash();
  assert.deepEqual([files.paths(), files.text("/d/part")], [["/d/part"], "abc"]);
});

Deno.test("files in memory lose in a power failure what the disk would lose", () => {
  const files = new MemoryFiles({ "/kept/old": "old" });
  const append = (path: string, text: string, sync: boolean): void => {
    const file = files.appendTo(path);
    file.append(new TextEncoder().encode(text));
    if (sync) file.fsync();
  };
  files.makeDirectory("/kept/new/deep");
  append("/kept/old", " unsynced", false);
  append("/kept/a", "synced but without an entry", true);
  append("/kept/new/deep/b", "in a directory without an entry", true);
  files.fsyncDirectory("/kept/new/deep");
  files.rename("/kept/old", "/kept/renamed");
  files.crash();
  assert.deepEqual([files.paths(), files.text("/kept/old")], [["/kept/old"], "old"]);
  assert.equal(files.statSync("/kept/new"), undefined);
  append("/kept/c", "all synced", true);
  append("/kept/c", " and more", false);
  files.remove("/kept/old");
  files.fsyncDirectory("/kept");
  files.crash();
  assert.deepEqual([files.paths(), files.text("/kept/c")], [["/kept/c"], "all synced"]);
});
