import assert from "node:assert/strict";
import { SinkRun } from "../../testing/sink_run.ts";
import type { WriterInitContext } from "../../functions/sink.ts";
import { CollectSink } from "./sink.ts";

Deno.test("every record reaches the client at once and in order", async () => {
  const run = new SinkRun<number>(new CollectSink());
  for (const value of [3, 1, 2]) {
    await run.write(value);
    assert.equal(run.collected.at(-1), value);
  }
  await run.finish();
  assert.deepEqual(run.collected, [3, 1, 2]);
});

Deno.test("a client that is behind holds the writer back", async () => {
  const room = Promise.withResolvers<void>();
  const context = { collect: () => room.promise } as unknown as WriterInitContext;
  const written = new CollectSink<number>().createWriter(context).write(1, {
    currentWatermark: () => 0,
    timestamp: () => undefined,
  });
  assert.ok(written instanceof Promise);
  let done = false;
  const then = written.then(() => done = true);
  await Promise.resolve();
  assert.equal(done, false);
  room.resolve();
  await then;
  assert.equal(done, true);
});

Deno.test("without a client it says so", () => {
  assert.throws(() => new CollectSink().createWriter({} as WriterInitContext), { code: "TSF-0030" });
});
