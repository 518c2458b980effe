/**
 * Jobs whose slots are late, silent, dying, refusing or stuck, and are cancelled, stopped or failing at any moment. What
 * must come of it follows from the first thing that decides, whatever comes after it.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { DiscardingSink } from "tsflink";
import { JobExecutionError } from "../../runtime/errors.ts";
import { isTerminal } from "../../runtime/tasks/task_states.ts";
import { answer, type FakeSlot, graphOf, LIMITS, type OnKill, playedJob, settled } from "./testdata/fake_slots.ts";

const PLAN = graphOf((env) => {
  env.fromSequence(1, 2).setParallelism(2).rebalance().map((n) => n).setParallelism(3)
    .rebalance().sinkTo(new DiscardingSink()).setParallelism(1);
});
const SLOTS = 3;

type Event =
  | { readonly kind: "deploy" | "refuse" | "read" | "finish" | "fail" | "die" | "deaf"; readonly slot: number }
  | { readonly kind: "cancel" | "stop" | "settle" | "mail" }
  | { readonly kind: "advance"; readonly ms: number };

const slotIndex = fc.integer({ min: 0, max: SLOTS - 1 });
const eventArbitrary: fc.Arbitrary<Event> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("deploy" as const), slot: slotIndex }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("read" as const), slot: slotIndex }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("finish" as const), slot: slotIndex }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom("refuse" as const, "fail", "die", "deaf"), slot: slotIndex }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("cancel" as const, "stop") }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom("settle" as const, "mail") }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("advance" as const), ms: fc.integer({ min: 1, max: 1500 }) }) },
);

/** Plays the slots and keeps what the job must come to. */
class Play {
  readonly played;
  readonly deployed = new Set<FakeSlot>();
  /** They hear nothing and say nothing any more, but their threads live. */
  readonly deaf = new Set<FakeSlot>();
  readonly states = new Map<string, string>();
  /** What decided, as the oracle has it. */
  decided: "FINISHED" | "CANCELED" | { readonly error: string } | undefined;
  readonly waiting: Promise<unknown>[] = [];
  errors = 0;

  constructor(onKill: OnKill) {
    this.played = playedJob(PLAN, { onKill });
    this.waiting.push(Promise.resolve(this.played.job.start()).catch(() => {}));
  }
  get slots(): readonly FakeSlot[] {
    return this.played.host.slots;
  }
  #say(slot: FakeSlot, executionId: string, ...states: ("INITIALIZING" | "RUNNING" | "CANCELING" | "CANCELED")[]) {
    for (const state of states) {
      this.states.set(executionId, state);
      slot.state(executionId, state);
    }
  }
  read(slot: FakeSlot): void {
    if (!slot.isAlive || this.deaf.has(slot)) return;
    for (const request of slot.read()) {
      answer(slot, request);
      for (const { executionId } of slot.own) {
        const state = this.states.get(executionId);
        if (request.type === "start") {
          assert.equal(this.deployed.size, SLOTS, "nobody starts before all are there");
          this.#say(slot, executionId, "INITIALIZING", "RUNNING");
        } else if (request.type === "cancel" && state === "RUNNING") {
          this.#say(slot, executionId, "CANCELING", "CANCELED");
        } else if (request.type === "stop") this.#finish(slot, executionId);
      }
    }
  }
  #finish(slot: FakeSlot, executionId: string): void {
    if (!slot.isAlive || this.states.get(executionId) !== "RUNNING") return;
    this.states.set(executionId, "FINISHED");
    const all = this.slots.flatMap(({ own }) => own);
    if (all.every((one) => this.states.get(one.executionId) === "FINISHED")) this.decided ??= "FINISHED";
    slot.state(executionId, "FINISHED");
  }
  #error(slot: number): JobExecutionError {
    return new JobExecutionError("TSF-5042", `reason ${this.errors++} of slot ${slot}`);
  }

  async do(event: Event): Promise<void> {
    const { job, seams } = this.played;
    const slot = "slot" in event ? this.slots[event.slot] : undefined;
    switch (event.kind) {
      case "settle":
        return await settled();
      case "mail":
        return void seams.mainThread.runAll();
      case "advance":
        return seams.clock.advance(event.ms);
      case "cancel":
        this.decided ??= "CANCELED";
        return void this.waiting.push(job.cancel());
      case "stop":
        return void this.waiting.push(job.stop(true));
    }
    if (!slot!.isAlive || this.deaf.has(slot!)) return;
    this.#slotDoes(event.kind, slot!, event.slot);
  }

  #slotDoes(kind: "deploy" | "refuse" | "read" | "finish" | "fail" | "die" | "deaf", slot: FakeSlot, index: number) {
    const running = slot.own.find(({ executionId }) => this.states.get(executionId) === "RUNNING");
    switch (kind) {
      case "deploy":
        if (this.deployed.has(slot)) return;
        this.deployed.add(slot);
        return slot.post({ type: "deployed" });
      case "refuse": {
        if (this.deployed.has(slot)) return;
        const error = this.#error(index);
        this.decided ??= { error: error.summary };
        slot.post({ type: "refused", error });
        return slot.end({ kind: "stopped" });
      }
      case "read":
        return this.read(slot);
      case "finish":
        if (running !== undefined) this.#finish(slot, running.executionId);
        return;
      case "fail": {
        if (running === undefined) return;
        const error = this.#error(index);
        this.decided ??= { error: error.summary };
        this.states.set(running.executionId, "FAILED");
        return slot.state(running.executionId, "FAILED", error);
      }
      case "die": {
        const error = this.#error(index);
        const isOver = slot.own.every(({ executionId }) => this.states.get(executionId) === "FINISHED");
        if (!isOver) this.decided ??= { error: error.summary };
        return slot.end({ kind: "failed", error });
      }
      case "deaf":
        return void this.deaf.add(slot);
    }
  }

  /** Everything that can still happen does; a deaf slot is cancelled by the user. */
  async toTheEnd(): Promise<void> {
    const { job, seams, host } = this.played;
    for (let round = 0; round < 12; round++) {
      await settled();
      seams.mainThread.runAll();
      if (round === 0 && this.decided === undefined) await this.do({ kind: "cancel" });
      for (const slot of this.slots) this.read(slot);
      if (host.onKill === "lingers") {
        for (const slot of this.slots) if (slot.kills > 0) slot.end({ kind: round % 2 ? "stuck" : "stopped" });
      }
      await settled();
      if (!job.graph.isTerminal || round > 6) seams.clock.advance(LIMITS.cancellationTimeoutMs);
    }
  }
}

Deno.test("whatever happens in whatever order, the job ends as the first thing that decides says, and leaves nothing", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(eventArbitrary, { maxLength: 40 }),
      fc.boolean(),
      fc.constantFrom<OnKill>("stops", "lingers"),
      async (events, isDeployedFirst, onKill) => {
        const play = new Play(onKill);
        if (isDeployedFirst) {
          for (let slot = 0; slot < SLOTS; slot++) await play.do({ kind: "deploy", slot });
          await settled();
        }
        for (const event of events) await play.do(event);
        // Tasks of a deaf slot that have finished leave nothing that ends their thread but the end of the job.
        await play.toTheEnd();
        const { job, seams } = play.played;
        const result = await job.getJobExecutionResult().then(() => undefined, (error) => error);
        const { decided } = play;
        if (decided === "FINISHED") assert.deepEqual([job.graph.state, result], ["FINISHED", undefined]);
        else if (decided === "CANCELED") assert.deepEqual([job.graph.state, result.code], ["CANCELED", "TSF-5020"]);
        else assert.deepEqual([job.graph.state, result.summary], ["FAILED", decided!.error]);
        await Promise.all(play.waiting);
        assert.ok(play.slots.every(({ ended }) => ended !== undefined), "no thread is left");
        assert.ok(job.graph.executions.every(({ state }) => isTerminal(state)));
        assert.equal(seams.clock.pending, 0, "no timer is left");
        for (const slot of play.slots) {
          assert.ok(slot.types().filter((type) => type === "start").length <= 1);
          const types = slot.types();
          if (types.includes("start") && types.includes("cancel")) {
            assert.ok(types.indexOf("start") < types.indexOf("cancel"));
          }
        }
      },
    ),
    { numRuns: 150, seed: 4 },
  );
});

/** The moments of a job's life. */
const STAGES = ["nothing", "one deployed", "all deployed", "ready", "started", "running", "one finished"] as const;

async function upTo(stage: typeof STAGES[number], onKill: OnKill = "stops"): Promise<Play> {
  const play = new Play(onKill);
  const steps: Record<typeof STAGES[number], () => Promise<void> | void> = {
    nothing: () => {},
    "one deployed": () => play.do({ kind: "deploy", slot: 1 }),
    "all deployed": async () => {
      for (const slot of [0, 2]) await play.do({ kind: "deploy", slot });
    },
    ready: () => settled(),
    started: () => play.read(play.slots[0]),
    running: () => play.slots.forEach((slot) => play.read(slot)),
    "one finished": () => play.do({ kind: "finish", slot: 0 }),
  };
  for (const step of STAGES.slice(0, STAGES.indexOf(stage) + 1)) await steps[step]();
  return play;
}

for (const onKill of ["stops", "lingers"] as const) {
  Deno.test(`Ctrl-C at every stage: cancelled, every thread gone, start() is released (a killed thread ${onKill})`, async () => {
    for (const stage of STAGES) {
      const play = await upTo(stage, onKill);
      const { job } = play.played;
      await play.do({ kind: "cancel" });
      const isStarting = STAGES.indexOf(stage) <= 1;
      const undeployed = play.slots.filter((slot) => !play.deployed.has(slot));
      assert.equal(undeployed.every(({ kills }) => kills === 1), true, "one without tasks is killed at once");
      if (isStarting) assert.equal(job.graph.state, "CANCELED", stage);
      await play.do({ kind: "cancel" });
      await play.toTheEnd();
      await Promise.all(play.waiting);
      assert.equal(job.graph.state, "CANCELED", stage);
      assert.ok(play.slots.every(({ ended }) => ended !== undefined), stage);
      await job.cancel();
    }
  });
}

Deno.test("a deaf slot at every stage is given up after the limit, the job ends cancelled", async () => {
  for (const stage of STAGES) {
    const play = await upTo(stage);
    const { job, seams } = play.played;
    await play.do({ kind: "deaf", slot: 2 });
    const isEarly = stage === "nothing" || stage === "one deployed";
    await play.do({ kind: "cancel" });
    for (let n = 0; n < 3; n++) {
      await settled();
      for (const slot of play.slots) play.read(slot);
    }
    if (!isEarly) {
      seams.clock.advance(LIMITS.cancellationTimeoutMs - 1);
      assert.equal(play.slots[2].isAlive, true, stage);
    }
    seams.clock.advance(1);
    assert.equal(play.slots[2].isAlive, false, stage);
    await play.toTheEnd();
    await Promise.all(play.waiting);
    assert.equal(job.graph.state, "CANCELED", stage);
    assert.equal(seams.clock.pending, 0, stage);
  }
});

Deno.test("a slot that dies at every stage: failed with its reason; one whose tasks are over is not missed", async () => {
  for (const stage of STAGES) {
    const play = await upTo(stage);
    await play.do({ kind: "die", slot: 1 });
    await play.toTheEnd();
    await Promise.all(play.waiting);
    await assert.rejects(play.played.job.getJobExecutionResult(), /reason 0 of slot 1/);
    assert.equal(play.played.job.graph.state, "FAILED", stage);
  }
  const play = await upTo("running");
  for (const _ of play.slots[2].own) await play.do({ kind: "finish", slot: 2 });
  await play.do({ kind: "die", slot: 2 });
  assert.equal(play.played.job.graph.state, "RUNNING");
  for (const slot of [0, 1]) for (const _ of play.slots[slot].own) await play.do({ kind: "finish", slot });
  await play.toTheEnd();
  assert.equal(play.played.job.graph.state, "FINISHED");
  assert.deepEqual((await play.played.job.getJobExecutionResult()).getAllAccumulatorResults(), {});
});

Deno.test("stop before, while and after slots start reaches every slot, and the job finishes", async () => {
  for (const stage of STAGES) {
    const play = await upTo(stage);
    await play.do({ kind: "stop" });
    for (let slot = 0; slot < SLOTS; slot++) await play.do({ kind: "deploy", slot });
    for (let n = 0; n < 4; n++) {
      await settled();
      play.played.seams.mainThread.runAll();
      for (const slot of play.slots) play.read(slot);
    }
    await Promise.all(play.waiting);
    assert.equal(play.played.job.graph.state, "FINISHED", stage);
  }
});

Deno.test("only the first failure counts, and cancel after a failure changes nothing", async () => {
  const play = await upTo("running");
  for (const event of ["fail", "die"] as const) await play.do({ kind: event, slot: event === "fail" ? 0 : 1 });
  await play.do({ kind: "cancel" });
  await play.toTheEnd();
  await Promise.all(play.waiting);
  await assert.rejects(play.played.job.getJobExecutionResult(), /reason 0 of slot 0/);
  assert.equal(play.played.job.graph.state, "FAILED");
  assert.equal(play.played.job.unheardFailure, undefined, "somebody has asked");
  const unheard = await upTo("running");
  await unheard.do({ kind: "fail", slot: 2 });
  assert.equal(unheard.played.job.unheardFailure, undefined, "not failed yet");
  await unheard.toTheEnd();
  assert.match(String(unheard.played.job.unheardFailure), /reason 0 of slot 2/);
});
