import assert from "node:assert/strict";
import { DiscardingSink, InvalidProgramError, JobExecutionError } from "tsflink";
import { plan, Played, regions, settled } from "./testdata/played_slots.ts";
import type { JobState } from "./job_states.ts";

const FIXED = (attempts: number, delay = "1 s") => ({
  "restart-strategy.type": "fixed-delay",
  "restart-strategy.fixed-delay.attempts": attempts,
  "restart-strategy.fixed-delay.delay": delay,
});
const RATE = {
  "restart-strategy.type": "failure-rate",
  "restart-strategy.failure-rate.max-failures-per-interval": 2,
  "restart-strategy.failure-rate.failure-rate-interval": "1 min",
  "restart-strategy.failure-rate.delay": "1 s",
};
const EXPONENTIAL = {
  "restart-strategy.type": "exponential-delay",
  "restart-strategy.exponential-delay.initial-backoff": "1 s",
  "restart-strategy.exponential-delay.max-backoff": "4 s",
  "restart-strategy.exponential-delay.backoff-multiplier": 2,
  "restart-strategy.exponential-delay.jitter-factor": 0,
};
const HOPELESS = new InvalidProgramError("TSF-9997", "it is wrong");

Deno.test("failures by strategy: when the next attempt begins, and when there is none", async () => {
  /** Wait before each restart, in ms; what the job ends with when the failure after these comes. */
  const table: [string, Record<string, unknown>, number[], "FAILED" | "again"][] = [
    ["nothing configured", {}, [], "FAILED"],
    ["none", { "restart-strategy.type": "none" }, [], "FAILED"],
    ["fixed-delay", FIXED(2), [1000, 1000], "FAILED"],
    ["no attempts", FIXED(0), [], "FAILED"],
    ["failure-rate", RATE, [1000, 1000], "FAILED"],
    ["exponential-delay", EXPONENTIAL, [1000, 2000, 4000, 4000], "again"],
    ["checkpoints without a strategy", { "execution.checkpointing.interval": "1 s" }, [], "again"],
    [
      "checkpoints and none",
      { "execution.checkpointing.interval": "1 s", "restart-strategy.type": "none" },
      [],
      "FAILED",
    ],
  ];
  for (const [name, configuration, delays, last] of table) {
    const played = await new Played(regions(["a"]), configuration).run();
    for (const [i, delay] of delays.entries()) {
      played.live[0].fail();
      await settled();
      assert.equal(played.master.graph.state, "RESTARTING", `${name} ${i}`);
      assert.equal(played.live.length, 0, `${name}: the slots of the last attempt are closed`);
      await played.advance(delay - 1);
      assert.equal(played.live.length, 0, `${name} ${i}: not yet`);
      await played.advance(1);
      assert.deepEqual([played.live.length, played.master.graph.state], [2, "RUNNING"], `${name} ${i}`);
      assert.deepEqual(played.attempts("a"), [i + 1, i + 1], name);
      await played.run();
    }
    played.live[0].fail();
    await settled();
    assert.equal(played.master.graph.state, last === "again" ? "RESTARTING" : "FAILED", name);
    assert.equal(played.master.numRestarts, delays.length + (last === "again" ? 1 : 0), name);
    assert.equal(played.master.exceptions.entries.length, delays.length + 1, name);
    if (last === "FAILED") assert.match(String(played.ended), /TSF-9999/, name);
    await played.master.cancel();
    assert.equal(played.seams.clock.pending, 0, `${name}: no timer is left`);
  }
});

Deno.test("what another attempt cannot mend fails the job at once, whatever the strategy", async () => {
  for (const configuration of [FIXED(9), RATE, EXPONENTIAL]) {
    const played = await new Played(regions(["a"]), configuration).run();
    played.live[0].fail(HOPELESS);
    await settled();
    assert.equal(played.ended, HOPELESS);
    assert.deepEqual(played.states, ["CREATED", "RUNNING", "FAILING", "FAILED"]);
  }
});

Deno.test("a local job with checkpoints is not tried again unless that is asked for; with a strategy it is", async () => {
  const local = { isCluster: false };
  const interval = { "execution.checkpointing.interval": "1 s" };
  const once = await new Played(regions(["a"]), interval, local).run();
  once.live[0].fail();
  await settled();
  assert.equal(once.master.graph.state, "FAILED");
  const again = await new Played(regions(["a"]), FIXED(1), local).run();
  again.live[0].fail();
  await settled();
  await again.advance(1000);
  await again.run();
  for (const slot of again.live) slot.finish();
  await settled();
  assert.deepEqual(again.states, ["CREATED", "RUNNING", "RESTARTING", "RUNNING", "FINISHED"]);
  assert.equal(again.ended, "FINISHED");
});

Deno.test("two regions: the one that fails runs again by itself, with new slots and coordinators", async () => {
  const played = await new Played(regions(["a", "b"]), FIXED(3)).run();
  assert.deepEqual(played.slots.map(({ attempt, slot }) => `${attempt}.${slot}`), ["0.0", "0.1", "1.0", "1.1"]);
  const [a0, , b0] = played.slots;
  played.coordinators.calls.length = 0;
  a0.fail();
  await settled();
  assert.equal(a0.isClosed, true);
  assert.equal(b0.types(), "start");
  await played.advance(1000);
  assert.deepEqual(played.slots.length, 6);
  await played.run();
  const name = (index: number) => played.master.graph.vertices.find(({ vertex }) => vertex.name.includes("ab"[index]))!;
  assert.deepEqual([played.attempts("a"), played.attempts("b")], [[1, 1], [0, 0]], name(0).vertex.name);
  assert.deepEqual(played.coordinators.calls, ["stop 2", "start 2"]);
  assert.deepEqual(played.states, ["CREATED", "RUNNING", "RESTARTING", "RUNNING"]);
  for (const slot of played.live) slot.finish();
  await settled();
  assert.equal(played.ended, "FINISHED");
});

Deno.test("two regions fail one after the other: the job runs again when both do", async () => {
  const played = await new Played(regions(["a", "b"]), FIXED(3)).run();
  const [a0, , b0] = played.slots;
  a0.fail();
  await settled();
  await played.advance(600);
  b0.fail();
  await settled();
  await played.advance(400);
  assert.deepEqual([played.slots.length, played.master.graph.state], [6, "RESTARTING"]);
  await played.run();
  assert.equal(played.master.graph.state, "RESTARTING");
  await played.advance(600);
  assert.deepEqual([played.slots.length, played.master.graph.state], [8, "RUNNING"]);
  await played.run();
  for (const slot of played.live) slot.finish();
  await settled();
  assert.deepEqual(played.states, ["CREATED", "RUNNING", "RESTARTING", "RUNNING", "FINISHED"]);
});

Deno.test("a region that must not be tried again fails the job also while another one restarts", async () => {
  const played = await new Played(regions(["a", "b"]), FIXED(1)).run();
  const [a0, , b0] = played.slots;
  a0.fail();
  await settled();
  b0.fail();
  await settled();
  assert.deepEqual(played.states, ["CREATED", "RUNNING", "RESTARTING", "FAILING", "FAILED"]);
  assert.equal(played.live.length, 0);
  assert.equal(played.seams.clock.pending, 0);
});

Deno.test("without restarts a job is one region, whose slots hold one subtask of each vertex", async () => {
  const played = await new Played(regions(["a", "b"])).run();
  assert.deepEqual(played.slots.map(({ own }) => own.length), [4, 4]);
});

Deno.test("all failures of one attempt count as one", async () => {
  const played = await new Played(regions(["a"]), FIXED(1), { answers: false }).run();
  const [first, second] = played.live;
  first.fail();
  second.fail(new JobExecutionError("TSF-9996", "it, too"));
  second.die();
  first.die();
  await settled();
  assert.equal(played.master.graph.state, "RESTARTING");
  assert.equal(played.master.exceptions.entries.length, 1);
  await played.advance(1000);
  assert.deepEqual(played.attempts("a"), [1, 1]);
  await played.master.cancel();
});

Deno.test("an attempt that fails before its slots are there counts; refusals of the program are final", async () => {
  const ends: [string, (played: Played) => void, JobState][] = [
    ["a slot dies", (played) => played.live[0].die(), "RESTARTING"],
    ["a slot dies when others are deployed", (played) => {
      played.live[1].deployed();
      played.live[0].die();
    }, "RESTARTING"],
    ["a slot refuses", (played) => {
      played.live[0].report({ type: "refused", error: new JobExecutionError("TSF-9995", "no disk") });
    }, "RESTARTING"],
    ["the program is another one", (played) => played.live[0].report({ type: "refused", error: HOPELESS }), "FAILED"],
  ];
  for (const [name, act, state] of ends) {
    const played = new Played(regions(["a"]), FIXED(5));
    act(played);
    await settled();
    assert.equal(played.master.graph.state, state, name);
    assert.equal(played.live.length, 0, name);
    if (state !== "FAILED") {
      await played.advance(1000);
      await played.run();
      // The same again in a later attempt.
      played.live.forEach((slot) => slot.fail());
      await settled();
      await played.advance(1000);
      act(played);
      await settled();
      assert.equal(played.master.graph.state, "RESTARTING", name);
      await played.advance(1000);
      await played.run();
      played.live.forEach((slot) => slot.finish());
      await settled();
      assert.equal(played.ended, "FINISHED", name);
    }
    await played.master.cancel();
    assert.equal(played.seams.clock.pending, 0, name);
  }
});

Deno.test("a coordinator that fails restarts the region of its source", async () => {
  const played = await new Played(regions(["a", "b"]), FIXED(1)).run();
  const source = played.master.graph.vertices.find(({ vertex }) => vertex.name.includes("source b"))!.vertex.id;
  played.coordinators.listener.fail(source, new JobExecutionError("TSF-9994", "no splits"));
  await settled();
  await played.advance(1000);
  await played.run();
  assert.deepEqual([played.attempts("a"), played.attempts("b")], [[0, 0], [1, 1]]);
  played.coordinators.listener.fail(source, new JobExecutionError("TSF-9994", "no splits"));
  await settled();
  assert.match(String(played.ended), /TSF-9994/);
});

Deno.test("cancel and suspend in every state of a job", async () => {
  const job = regions(["a", "b"]);
  const ways: [string, (played: Played) => Promise<unknown>][] = [
    ["waiting for slots", () => settled()],
    ["some slots deployed", (played) => Promise.resolve(played.live[0].deployed())],
    ["running", (played) => played.run()],
    ["tasks being cancelled for a restart", async (played) => {
      await played.run();
      played.live[0].fail();
    }],
    ["waiting for the next attempt", async (played) => {
      await played.run();
      played.live[0].fail();
      await settled();
    }],
    ["next attempt without slots", async (played) => {
      await played.run();
      played.live[0].fail();
      await settled();
      await played.advance(1000);
    }],
    ["one region finished", async (played) => {
      await played.run();
      for (const slot of played.of(0)) slot.finish();
      await settled();
    }],
    ["being cancelled", async (played) => {
      await played.run();
      void played.master.cancel();
    }],
  ];
  for (const [name, prepare] of ways) {
    for (const end of ["cancel", "suspend"] as const) {
      const played = new Played(job, FIXED(3));
      await prepare(played);
      const isCancelled = name === "being cancelled" || end === "cancel";
      const ending = end === "cancel" ? played.master.cancel() : played.master.suspend(new Error("stop"));
      await settled();
      await ending;
      const expected = isCancelled ? "CANCELED" : "SUSPENDED";
      assert.equal(played.master.graph.state, expected, `${end}: ${name}`);
      assert.equal(played.live.length, 0, `${end}: ${name}`);
      assert.equal(played.seams.clock.pending, 0, `${end}: ${name}`);
      assert.equal(played.coordinators.calls.at(-1), "close", `${end}: ${name}`);
      await played.master.cancel();
      assert.equal(played.master.graph.state, expected, "the end is the end");
    }
  }
});

Deno.test("what an attempt says that is over counts for nothing", async () => {
  const played = await new Played(regions(["a"]), FIXED(3), { job: { collect: new Map() } }).run();
  const [old, other] = played.live;
  old.fail();
  await settled();
  await played.advance(1000);
  await played.run();
  const before = played.master.graph.executions.map(({ id, state }) => `${id} ${state}`);
  const { executionId } = other.own[0];
  for (const state of ["RUNNING", "FINISHED", "FAILED", "CANCELED"] as const) {
    other.report({ type: "state", executionId, state, error: new Error("late") });
  }
  other.report({ type: "coordinatorEvent", executionId, operatorId: "o", event: 1 });
  other.report({ type: "collect", uid: "c", batchId: 1, batch: [1] });
  other.report({ type: "dataProcessed", executionId });
  other.die();
  await settled();
  assert.deepEqual(played.master.graph.executions.map(({ id, state }) => `${id} ${state}`), before);
  assert.equal(played.master.graph.state, "RUNNING");
  assert.ok(!played.coordinators.calls.some((call) => call.startsWith("event")));
  assert.equal(played.master.exceptions.entries.length, 1);
  // Of an attempt that is there, of which only the number differs.
  const current = played.live[0];
  current.report({ type: "state", executionId, state: "FINISHED" });
  assert.equal(played.master.graph.state, "RUNNING");
  await played.master.cancel();
});

Deno.test("events of a coordinator reach the attempt that counts, and nobody when its slot is gone", async () => {
  const played = await new Played(regions(["a"]), FIXED(3)).run();
  const source = played.master.graph.vertices.find(({ vertex }) => vertex.name.includes("source a"))!;
  const { id } = source.vertex;
  played.coordinators.listener.send(id, 1, "op", "first");
  const [first, second] = played.live;
  assert.deepEqual([first, second].map((slot) => slot.types()), ["start", "start operatorEvent"]);
  second.die();
  played.coordinators.listener.send(id, 1, "op", "lost");
  await settled();
  await played.advance(1000);
  await played.run();
  played.coordinators.listener.send(id, 1, "op", "third");
  const received = played.live[1].requests.flatMap((request) => request.type === "operatorEvent" ? [request] : []);
  assert.deepEqual(received.map(({ event, executionId }) => [event, executionId]), [["third", `${id}_1_1`]]);
  await played.master.cancel();
});

Deno.test("accumulators: those of attempts that failed do not count, those of finished regions do, once", async () => {
  const played = await new Played(regions(["a", "b"]), FIXED(3)).run();
  const [a0, a1] = played.live;
  a0.counted = 100;
  assert.deepEqual(await played.master.getAccumulators(), { n: 103 });
  a1.fail();
  await settled();
  await played.advance(1000);
  await played.run();
  assert.deepEqual(await played.master.getAccumulators(), { n: 4 });
  for (const slot of played.of(2)) {
    slot.counted = 10;
    slot.finish();
  }
  await settled();
  assert.deepEqual(played.of(2).map(({ isClosed }) => isClosed), [true, true]);
  assert.deepEqual(await played.master.getAccumulators(), { n: 22 });
  for (const slot of played.live) slot.finish();
  await settled();
  assert.deepEqual(await played.master.getAccumulators(), { n: 22 });
});

Deno.test("rows: held until their region has finished, and those of a failed attempt dropped", async () => {
  const rows: unknown[] = [];
  const collect = new Map([["c", (batch: unknown[]) => void rows.push(...batch)]]);
  const played = await new Played(regions(["a"]), FIXED(3), { job: { collect } }).run();
  const send = (...batch: unknown[]) => played.live[0].report({ type: "collect", uid: "c", batchId: 1, batch });
  send(1, 2);
  assert.deepEqual([rows, played.live[0].types()], [[], "start collected"]);
  played.live[1].fail();
  send(3);
  await settled();
  await played.advance(1000);
  await played.run();
  send(1, 2);
  send(3);
  for (const slot of played.live) slot.finish();
  await settled();
  assert.deepEqual([rows, played.ended], [[1, 2, 3], "FINISHED"]);
});

Deno.test("rows of a job without an end go out at once; then its region is not tried again", async () => {
  const rows: unknown[] = [];
  const collect = new Map([["c", (batch: unknown[]) => void rows.push(...batch)]]);
  const endless = plan((env) => env.fromSequence(1, 10).keyBy((n) => n).map((n) => n).sinkTo(new DiscardingSink()));
  const played = await new Played(Object.assign(endless, { isBounded: false }), FIXED(3), { job: { collect } }).run();
  played.live[0].fail();
  await settled();
  await played.advance(1000);
  await played.run();
  assert.equal(played.master.graph.state, "RUNNING", "none was out yet");
  played.live[0].report({ type: "collect", uid: "c", batchId: 1, batch: [1] });
  assert.deepEqual(rows, [1]);
  played.live[0].fail();
  await settled();
  assert.match(String(played.ended), /TSF-5220[^]*it failed/);
});

Deno.test("a region starts again from the latest snapshot; one under way is declined", async () => {
  const played = await new Played(regions(["a", "b"]), FIXED(9), { job: { checkpointing: true } }).run();
  const acknowledge = (checkpointId: number) => {
    for (const slot of played.live) {
      for (const { executionId, vertexId } of slot.own) {
        const states = new Map([[vertexId, { keyed: undefined } as never]]);
        slot.report({ type: "checkpoint", executionId, checkpointId, states });
      }
    }
  };
  const first = played.master.takeSnapshot(7);
  acknowledge(7);
  assert.equal((await first).checkpointId, 7);
  const second = played.master.takeSnapshot().then(() => "complete", (error) => error.code);
  played.coordinators.calls.length = 0;
  played.live[0].fail();
  assert.equal(await second, "TSF-5030");
  assert.equal(await played.master.takeSnapshot().catch((error) => error.code), "TSF-5030");
  await settled();
  await played.advance(1000);
  await played.run();
  assert.deepEqual(played.coordinators.calls.filter((call) => call.startsWith("start")), ["start 2 from 7"]);
  assert.equal(played.live.at(-1)!.job.deployment.restored?.checkpointId, 7);
  assert.equal(played.of(1)[0].job.deployment.restored, undefined);
  const third = played.master.takeSnapshot();
  acknowledge(9);
  assert.equal((await third).checkpointId, 9);
  await played.master.cancel();
});

Deno.test("the final checkpoint is taken when all input is processed, also after a restart in its middle", async () => {
  const played = await new Played(regions(["a", "b"]), FIXED(9), { job: { checkpointing: true } }).run();
  const processed = () => {
    for (const slot of played.live) {
      for (const { executionId } of slot.own) slot.report({ type: "dataProcessed", executionId });
    }
  };
  processed();
  await settled();
  assert.match(played.live[0].types(), /triggerCheckpoint$/);
  played.live[0].fail();
  await settled();
  await played.advance(1000);
  await played.run();
  assert.equal(played.master.graph.state, "RUNNING");
  for (const slot of played.live.slice(-2)) {
    for (const { executionId } of slot.own) slot.report({ type: "dataProcessed", executionId });
  }
  await settled();
  const barrier = played.live[0].requests.findLast((request) => request.type === "triggerCheckpoint")!;
  for (const slot of played.live) {
    for (const { executionId } of slot.own) {
      slot.report({ type: "checkpoint", executionId, checkpointId: barrier.barrier.checkpointId, states: new Map() });
    }
  }
  await settled();
  assert.ok(played.live.every((slot) => slot.types().endsWith("checkpointComplete")));
  for (const slot of played.live) slot.finish();
  await settled();
  assert.equal(played.ended, "FINISHED");
});
