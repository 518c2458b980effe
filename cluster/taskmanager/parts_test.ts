/** The small parts of a TaskManager: rings between its own slots, what its jobs print, their files on disk. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { FlinkError } from "../../runtime/errors.ts";
import { RingReader, RingWriter } from "../../runtime/network/ring.ts";
import { MemoryFiles } from "../../runtime/testing/memory_files.ts";
import { CapturedLog } from "../../runtime/testing/test_seams.ts";
import type { RemoteSlotStart } from "../rpc/messages.ts";
import { JobFiles } from "./job_files.ts";
import { LocalRings } from "./local_rings.ts";
import { SlotOutput } from "./slot_output.ts";
import { linkRing } from "./slot_thread.ts";
import { testBells } from "./testdata/test_bells.ts";

const RING = { ringSlots: 2, slotBytes: 64 };

Deno.test("two slots of one TaskManager: what one writes the other reads, whoever comes first; each rings the other", () => {
  const bells = testBells();
  for (const [first, second] of [["a", "b"], ["b", "a"]]) {
    const rings = new LocalRings(bells);
    rings.begin(first);
    const one = rings.link(first, second, RING);
    rings.begin(second);
    const two = rings.link(second, first, RING);
    assert.equal(one.doorbell, rings.bell(second));
    assert.equal(two.doorbell, rings.bell(first));
    for (const [from, to] of [[one, two], [two, one]]) {
      const writer = new RingWriter(from.outbound);
      writer.write(1, 2, 3, new Uint8Array([7]));
      writer.flush();
      assert.equal(new RingReader(to.inbound).read((...frame) => assert.deepEqual(frame.slice(0, 3), [1, 2, 3])), 1);
    }
    rings.release(first);
    assert.equal(rings.sizes.pairs, 1, "the other one still uses it");
    rings.release(second);
    assert.deepEqual(rings.sizes, { pairs: 0, bells: 0 });
  }
});

Deno.test("any slots in any order, some that never come: a bell per slot, one pair per two, nothing left at the end", () => {
  const slots = ["j/0/0", "j/0/1", "j/0/2", "j/0/10"];
  const step = fc.record({ slot: fc.constantFrom(...slots), ends: fc.boolean() });
  fc.assert(fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
    const rings = new LocalRings(testBells());
    const live = new Map<string, { bell: SharedArrayBuffer; links: Map<string, SharedArrayBuffer> }>();
    for (const { slot, ends } of steps) {
      const own = live.get(slot);
      if (ends) {
        rings.release(slot);
        live.delete(slot);
      } else if (own === undefined) {
        rings.begin(slot);
        const links = new Map(
          slots.filter((other) => other !== slot).map((other) => [other, rings.link(slot, other, RING).outbound]),
        );
        live.set(slot, { bell: rings.bell(slot), links });
      }
      for (const [key, { bell }] of live) {
        assert.equal(rings.bell(key), bell, "a slot keeps its bell while it is there");
      }
    }
    for (const key of [...live.keys()]) rings.release(key);
    assert.deepEqual(rings.sizes, { pairs: 0, bells: 0 });
  }));
});

Deno.test("rings have room for the credit of their channels, up to a limit", () => {
  const settings = { buffersPerChannel: 2, floatingBuffersPerGate: 8, segmentBytes: 32768 } as never;
  assert.deepEqual([1, 10, 1000].map((channels) => linkRing(channels, settings).ringSlots), [14, 32, 64]);
  assert.ok(linkRing(1, settings).slotBytes > 32768);
});

Deno.test("output: printed as it is, the last lines are kept in order, long ones cut", () => {
  const log = new CapturedLog();
  const output = new SlotOutput(log, 3);
  output.write("j", ["1", "2"], "stdout");
  assert.deepEqual(output.tail().map(({ line }) => line), ["1", "2"]);
  output.write("k", ["3", "4", "x".repeat(10_000)], "stderr");
  assert.deepEqual(output.tail().map(({ jobId, stream, line }) => [jobId, stream, line.length]), [
    ["k", "stderr", 1],
    ["k", "stderr", 1],
    ["k", "stderr", 4099],
  ]);
  assert.deepEqual(log.printed.map(({ line }) => line.length), [1, 1, 1, 1, 10_000]);
});

function start(jobId: string, bundleHash: string, assets: RemoteSlotStart["assets"] = []): RemoteSlotStart {
  return { jobId, bundleHash, assets } as RemoteSlotStart;
}

Deno.test("files of a job: fetched once each, whole or not at all, gone with the job", async () => {
  const files = new MemoryFiles({ "/blobs/code": "code", "/blobs/data": "data" });
  const asked: string[] = [];
  const released: string[] = [];
  let isBroken = true;
  const jobs = new JobFiles({
    workDir: "/work dir",
    files,
    log: new CapturedLog(),
    blobs: {
      fetch: (jobId, hash) => {
        asked.push(`${jobId} ${hash}`);
        return isBroken ? Promise.reject(new Error("no route")) : Promise.resolve(`/blobs/${hash}`);
      },
      release: (jobId) => void released.push(jobId),
    },
  });
  const failure = await jobs.prepare(start("j", "code")).then(() => undefined, (error) => error as FlinkError);
  assert.equal(failure?.code, "TSF-5270");
  assert.match(failure.message, /no route/);
  isBroken = false;
  asked.length = 0;
  const assets = [{ name: "a b", hash: "data", executable: false }, { name: "c", hash: "data", executable: false }];
  const all = await Promise.all([1, 2, 3].map(() => jobs.prepare(start("j", "code", assets))));
  assert.deepEqual(asked, ["j code", "j data"]);
  for (const { bundleUrl, cachedFiles } of all) {
    assert.equal(bundleUrl, "file:///work%20dir/jobs/j/code.mjs");
    assert.equal(files.text("/work dir/jobs/j/code.mjs"), "code");
    assert.deepEqual([...cachedFiles.keys()], ["a b", "c"]);
    assert.deepEqual([...cachedFiles.values()].map((path) => files.text(path)), ["data", "data"]);
  }
  await jobs.prepare(start("jj", "code"));
  jobs.release("j");
  assert.equal(files.statSync("/work dir/jobs/j"), undefined);
  assert.equal(files.text("/work dir/jobs/jj/code.mjs"), "code", "another job whose name begins alike");
  assert.deepEqual(released, ["j"]);
  jobs.release("never there");
  await jobs.prepare(start("j", "code"));
  assert.equal(files.text("/work dir/jobs/j/code.mjs"), "code");
});
