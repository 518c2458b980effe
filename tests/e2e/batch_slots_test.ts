/**
 * BATCH jobs in slots that are threads: stages with slots of their own over files that all of them read; attempts in fresh
 * slots, whatever became of the last ones; more data than any slot could hold.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type MiniCluster, miniCluster } from "tsflink/testing";

const PROGRAM = new URL("./testdata/batch_program.ts", import.meta.url);

let cluster: MiniCluster | undefined;
const shared = () => cluster ??= miniCluster({ workerHost: "worker_threads", spareSlots: 2 });
Deno.test.afterAll(async () => await cluster?.close());

async function run(failure: string, records: number, configuration: Readonly<Record<string, unknown>>) {
  const marks = Deno.makeTempFileSync({ prefix: "tsflink-marks-" });
  try {
    const { result } = await shared().run(PROGRAM, {
      args: [failure, marks, String(records)],
      configuration: { "execution.runtime-mode": "BATCH", ...configuration },
    });
    const rows = await result.catch((error) => error.code) as readonly string[] | string;
    return { rows, marks: Deno.readTextFileSync(marks).trim().split("\n") };
  } finally {
    Deno.removeSync(marks);
  }
}

function test(name: string, fn: () => Promise<void>): void {
  // Threads that wait for the next job outlive a test; the last hook ends them.
  Deno.test({ name, sanitizeOps: false, sanitizeResources: false, fn });
}

const sums = (records: number) => `${records / 4} ${records} ${records * (records - 1) / 2}`;
const RESTART = {
  "restart-strategy.type": "fixed-delay",
  "restart-strategy.fixed-delay.attempts": 1,
  "restart-strategy.fixed-delay.delay": "1 ms",
};

for (const [failure, code] of [["throws", "TSF-2001"], ["exits", "TSF-5041"], ["fills the heap", "TSF-5040"]]) {
  test(`a stage whose slot ${failure} is tried again in fresh slots, from the files of the stage before it`, async () => {
    const small = { "parallelism.default": 2, "taskmanager.memory.task.heap.size": "64 mb" };
    const tried = await run(failure, 400, { ...small, ...RESTART });
    assert.deepEqual(tried.rows, [sums(400)]);
    const count = (stage: string) => tried.marks.filter((mark) => mark === stage).length;
    assert.deepEqual([count("first"), count("third")], [2, 2], "two subtasks, once each");
    assert.ok(count("second") >= 3 && count("second") <= 4, tried.marks.join());
    if (failure !== "throws") return;
    assert.equal((await run(failure, 400, small)).rows, code);
  });
}

test("a job sorts many times what it may hold in memory", async () => {
  // About 64 MiB in files and three times that as objects, in a heap of 40.
  const records = 800_000;
  const { rows } = await run("none", records, {
    "execution.sorted-inputs.memory": "4 mb",
    "taskmanager.memory.task.heap.size": "40 mb",
    "pipeline.check-mutation": false,
  });
  assert.deepEqual(rows, [sums(records)]);
});
