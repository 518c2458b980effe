import assert from "node:assert/strict";
import fc from "fast-check";
import { ManualClock } from "./manual_clock.ts";
import { MemoryFiles } from "./memory_files.ts";
import { TestMetrics, testSeams } from "./test_seams.ts";

Deno.test("advanceTo stops at every call, jumpTo shows all the new time", () => {
  const run = (move: (clock: ManualClock) => void): string[] => {
    const clock = new ManualClock(100);
    const seen: string[] = [];
    const note = (name: string) => () => seen.push(`${name}@${clock.now()}`);
    clock.after(30, note("late"));
    clock.after(10, note("first"));
    clock.after(10, note("second"));
    const cancel = clock.after(15, note("cancelled"));
    clock.after(20, () => clock.after(5, note("nested")));
    clock.after(0, note("due"));
    cancel();
    cancel();
    assert.deepEqual([seen.length, clock.pending, clock.nextAt], [0, 5, 100]);
    move(clock);
    assert.equal(clock.now(), 128);
    assert.equal(clock.monotonic(), 28);
    return seen;
  };
  assert.deepEqual(run((clock) => clock.advanceTo(128)), ["due@100", "first@110", "second@110", "nested@125"]);
  assert.deepEqual(run((clock) => clock.advance(28)), ["due@100", "first@110", "second@110", "nested@125"]);
  // The nested call is planned at 128 + 5.
  assert.deepEqual(run((clock) => clock.jumpTo(128)), ["due@128", "first@128", "second@128"]);
});

Deno.test("a manual clock does not go back, except when it is set", () => {
  const clock = new ManualClock(10);
  assert.throws(() => clock.advanceTo(9), { code: "TSF-2040" });
  clock.setWallClock(3);
  assert.deepEqual([clock.now(), clock.monotonic()], [3, 0]);
});

Deno.test("property: calls fire by time, then by registration", () => {
  fc.assert(fc.property(fc.array(fc.nat(20)), fc.array(fc.nat(10)), (delays, moves) => {
    const clock = new ManualClock();
    const fired: [number, number][] = [];
    delays.forEach((delay, i) => clock.after(delay, () => fired.push([clock.now(), i])));
    for (const move of moves) clock.advance(move);
    const end = moves.reduce((a, b) => a + b, 0);
    const expected = delays.map((delay, i) => [delay, i]).filter(([delay]) => delay <= end && moves.length > 0)
      .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    assert.deepEqual(fired, expected);
  }));
});

Deno.test("files in memory", async () => {
  let now = 5;
  const files = new MemoryFiles({ "/in/a.txt": "hello", "b.bin": new Uint8Array([1]) }, () => now);
  assert.deepEqual(files.paths(), ["/b.bin", "/in/a.txt"]);
  const file = await files.open("in//a.txt");
  const part = new Uint8Array(3);
  assert.deepEqual([await file.readAt(3, part), await file.readAt(9, part), await file.sizeBytes()], [2, 0, 5]);
  now = 9;
  files.makeDirectory("/out");
  const log = files.appendTo("/out/x.log");
  log.append(new TextEncoder().encode("abcdef"));
  log.truncate(4);
  log.append(new TextEncoder().encode("!"));
  assert.deepEqual([files.text("/out/x.log"), log.sizeBytes()], ["abcd!", 5]);
  assert.deepEqual(files.statSync("/out/x.log"), {
    path: "/out/x.log",
    sizeBytes: 5,
    modifiedMs: 9,
    isDirectory: false,
  });
  assert.deepEqual(files.listSync("/").map((info) => `${info.path} ${info.isDirectory}`), [
    "/b.bin false",
    "/in true",
    "/out true",
  ]);
  files.rename("/out", "/done");
  files.rename("/b.bin", "/done/c.bin");
  assert.deepEqual(files.paths(), ["/done/c.bin", "/done/x.log", "/in/a.txt"]);
  files.remove("/done");
  assert.deepEqual([files.paths(), await files.stat("/done")], [["/in/a.txt"], undefined]);
  assert.notEqual(files.makeTempDirectory("t"), files.makeTempDirectory("t"));
});

Deno.test("files that are not there", async () => {
  const files = new MemoryFiles({ "/d/f": "" });
  for (
    const run of [
      () => files.readAllSync("/x"),
      () => files.remove("/x"),
      () => files.rename("/x", "/y"),
      () => files.listSync("/x"),
      () => files.appendTo("/x/f"),
      () => files.fsyncDirectory("/x"),
    ]
  ) {
    assert.throws(run, { code: "TSF-3001", message: /\/x/ });
  }
  assert.throws(() => files.readAllSync("/d"), { code: "TSF-3003" });
  await assert.rejects(files.open("/x"), { code: "TSF-3001" });
  await assert.rejects(files.readAll("/x"), { code: "TSF-3001" });
  await assert.rejects(files.list("/x"), { code: "TSF-3001" });
});

Deno.test("mail, log, spill, sockets, randomness, metrics", async () => {
  const seams = testSeams({ seed: 4 });
  const order: number[] = [];
  seams.mainThread.post(() => {
    order.push(1);
    seams.mainThread.post(() => order.push(3));
  });
  seams.mainThread.post(() => order.push(2));
  assert.deepEqual([order, seams.mainThread.pending], [[], 2]);
  assert.deepEqual([seams.mainThread.runAll(), order, seams.mainThread.runAll()], [true, [1, 2, 3], false]);
  seams.log.log("warn", "careful", { n: 1 });
  seams.log.log("info", "fine");
  seams.log.print("3> a", "stdout");
  assert.deepEqual([seams.log.messages("warn"), seams.log.printed], [["careful"], [{
    line: "3> a",
    stream: "stdout",
  }]]);
  const spill = seams.spill.open("x");
  assert.deepEqual([spill.append(new Uint8Array([1, 2])), spill.append(new Uint8Array([3]))], [0, 2]);
  assert.deepEqual(spill.readAt(1, 2), new Uint8Array([2, 3]));
  await assert.rejects(seams.sockets.connect("h", 1), { code: "TSF-3020", message: /h:1/ });
  assert.equal(testSeams({ seed: 4 }).random.u32(), seams.random.u32());
  const metrics = new TestMetrics();
  metrics.addGroup("g", "v").meter("m").markEvent(2);
  const histogram = metrics.histogram("h");
  [3, 1, 2].forEach((n) => histogram.update(n));
  metrics.gauge("now", () => 8);
  const { min, max, mean, quantile } = histogram.getStatistics();
  assert.deepEqual([metrics.get("g.v.m"), min, max, mean, quantile(0.5), metrics.get("now")], [2, 1, 3, 2, 2, 8]);
});
