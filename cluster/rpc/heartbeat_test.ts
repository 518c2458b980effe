import assert from "node:assert/strict";
import { ManualClock } from "../../runtime/testing/manual_clock.ts";
import { InProcessNetwork } from "../transport/in_process_transport.ts";
import { HeartbeatMonitor } from "./heartbeat.ts";
import { inProcessRpc, settle } from "./testdata/in_process_rpc.ts";

const INTERVAL = 10;
const TIMEOUT = 50;

function monitor() {
  const clock = new ManualClock(1000);
  const lost: string[] = [];
  const made = new HeartbeatMonitor({ clock, intervalMs: INTERVAL, timeoutMs: TIMEOUT });
  const watch = (id: string, beat?: () => Promise<unknown>, onPayload?: (payload: unknown) => void) =>
    made.watch(id, { beat, onPayload, onTimeout: ({ code }) => lost.push(`${id} ${code} at ${clock.now() - 1000}`) });
  /** So many ms, a step at a time, everything settled between two. */
  const run = async (ms: number, step = 5) => {
    for (let gone = 0; gone < ms; gone += step) {
      clock.advance(step);
      await settle(4);
    }
  };
  return { clock, lost, made, watch, run };
}

Deno.test("a peer that answers lives, one that does not is lost after the timeout, once", async () => {
  const { clock, lost, made, watch, run } = monitor();
  let beats = 0;
  const payloads: unknown[] = [];
  watch("good", () => Promise.resolve(++beats), (payload) => payloads.push(payload));
  watch("silent", () => new Promise(() => {}));
  watch("refusing", () => Promise.reject(new Error("no")));
  await run(500);
  assert.deepEqual(lost.toSorted(), ["refusing TSF-5212 at 50", "silent TSF-5212 at 50"]);
  assert.deepEqual(made.targets, ["good"]);
  assert.equal(beats, 51);
  assert.deepEqual(payloads, Array.from({ length: beats }, (_, i) => i + 1));
  made.stop();
  assert.equal(clock.pending, 0);
});

Deno.test("the first beat is at once, and a slow peer is not sent a pile of them", async () => {
  const { watch, run, lost, made } = monitor();
  const open: (() => void)[] = [];
  watch("slow", () => new Promise<void>((resolve) => open.push(resolve)));
  assert.equal(open.length, 1);
  await run(45);
  assert.equal(open.length, 1);
  open[0]();
  await settle();
  await run(40);
  assert.deepEqual([open.length, lost], [2, []]);
  made.stop();
});

Deno.test("who only listens needs to be told", async () => {
  const { watch, run, lost, made } = monitor();
  watch("tm");
  for (let i = 0; i < 10; i++) {
    await run(40);
    made.heardOf("tm");
  }
  assert.deepEqual(lost, []);
  await run(60);
  assert.deepEqual(lost, ["tm TSF-5212 at 450"]);
  made.heardOf("tm");
  made.heardOf("nobody");
});

Deno.test("a process that stood still itself gives its peers another interval", () => {
  for (const answers of [true, false]) {
    const { clock, watch, lost, made } = monitor();
    watch("tm");
    // SIGSTOP: all timers are late at once.
    clock.jumpTo(clock.now() + 10_000);
    assert.deepEqual(lost, []);
    if (answers) made.heardOf("tm");
    clock.advance(INTERVAL);
    assert.deepEqual(lost, answers ? [] : [`tm TSF-5212 at ${10_000 + INTERVAL}`]);
    made.stop();
  }
});

Deno.test("watching again starts afresh; unwatching is silent", async () => {
  const { clock, watch, run, lost, made } = monitor();
  watch("tm");
  await run(45);
  watch("tm");
  await run(45);
  made.unwatch("tm");
  made.unwatch("tm");
  await run(200);
  assert.deepEqual([lost, clock.pending], [[], 0]);
});

Deno.test("both ways over a connection: each side hears of the other by calls and by answers", async () => {
  const network = new InProcessNetwork();
  const clock = new ManualClock();
  const jm = await inProcessRpc(network, "jm", { role: "jobmanager", clock });
  const tm = await inProcessRpc(network, "tm", { clock });
  const options = { clock, intervalMs: INTERVAL, timeoutMs: TIMEOUT };
  const [jmMonitor, tmMonitor] = [new HeartbeatMonitor(options), new HeartbeatMonitor(options)];
  const lost: string[] = [];
  const reports: unknown[] = [];
  const toJm = await tm.rpc.connect(jm.address);
  tm.rpc.register("taskexecutor", {
    heartbeat: ({ resourceId }) => (tmMonitor.heardOf(resourceId), { payload: "slots" }),
  });
  await settle();
  jm.rpc.onPeer = () => {};
  const toTm = await jm.rpc.connect(tm.address);
  const beat = () => jm.rpc.gateway(toTm, "taskexecutor", "").call("heartbeat", { resourceId: "jm" });
  jmMonitor.watch("tm", {
    beat,
    onPayload: (reply) => reports.push((reply as { payload: unknown }).payload),
    onTimeout: () => lost.push("tm"),
  });
  tmMonitor.watch("jm", { onTimeout: () => lost.push("jm") });
  for (let i = 0; i < 20; i++) {
    clock.advance(INTERVAL);
    await settle();
  }
  assert.deepEqual(lost, []);
  assert.ok(reports.length >= 20 && reports.every((report) => report === "slots"));
  toTm.close();
  toJm.close();
  for (let i = 0; i < 10; i++) {
    clock.advance(INTERVAL);
    await settle();
  }
  assert.deepEqual(lost.toSorted(), ["jm", "tm"]);
});
