/** Random registrations, losses, requests and frees: slots are never lost, doubled or leaked. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { FakeCluster, type FakeTaskManager, type SlotAnswer } from "./testdata/fake_cluster.ts";
import { fits } from "./slot_profiles.ts";

const IDS = ["a", "b", "c"] as const;
const JOBS = ["job-0", "job-1", "job-2"] as const;
const SIZES = [100, 200, 400] as const;

type Step =
  | { readonly do: "connect"; readonly id: string; readonly slots: number; readonly heapMb: number }
  | { readonly do: "kill" | "drain" | "freeze" | "register"; readonly id: string }
  | { readonly do: "answer"; readonly id: string; readonly answer: SlotAnswer }
  | { readonly do: "declare"; readonly job: string; readonly count: number; readonly heapMb: number }
  | { readonly do: "free"; readonly id: string; readonly pick: number }
  | { readonly do: "end"; readonly job: string }
  | { readonly do: "wait"; readonly ms: number };

const id = fc.constantFrom(...IDS);
const job = fc.constantFrom(...JOBS);
const heapMb = fc.constantFrom(...SIZES);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant("connect" as const), id, slots: fc.integer({ min: 0, max: 4 }), heapMb }),
  fc.record({ do: fc.constantFrom("kill" as const, "drain" as const, "freeze" as const, "register" as const), id }),
  fc.record({
    do: fc.constant("answer" as const),
    id,
    answer: fc.constantFrom<SlotAnswer>("grants", "refuses", "hangs"),
  }),
  fc.record({ do: fc.constant("declare" as const), job, count: fc.integer({ min: 0, max: 6 }), heapMb }),
  fc.record({ do: fc.constant("free" as const), id, pick: fc.nat(10) }),
  fc.record({ do: fc.constant("end" as const), job }),
  fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(0, 100, 1_000, 12_000, 60_000) }),
);

class World {
  readonly live = new Map<string, FakeTaskManager>();
  readonly all: FakeTaskManager[] = [];
  /** Declared, by job and size. */
  readonly wanted = new Map<string, Map<number, number>>(JOBS.map((name) => [name, new Map()]));
  #instances = 0;

  constructor(readonly cluster: FakeCluster) {}

  async take(one: Step): Promise<void> {
    const { manager } = this.cluster;
    switch (one.do) {
      case "connect": {
        const options = { slots: one.slots, profile: { heapMb: one.heapMb }, instanceId: String(this.#instances++) };
        const made = await this.cluster.taskManager(one.id, options);
        this.live.set(one.id, made);
        this.all.push(made);
        break;
      }
      case "declare":
        this.wanted.get(one.job)!.set(one.heapMb, one.count);
        manager.declareRequirements(one.job, "token", one.count, { heapMb: one.heapMb });
        break;
      case "end":
        this.wanted.get(one.job)!.clear();
        manager.jobEnded(one.job);
        break;
      case "wait":
        await this.cluster.advance(one.ms, 5_000);
        break;
      default:
        await this.#act(one);
    }
    await this.cluster.settle();
    this.#checkAlways();
  }

  async #act(one: Exclude<Step, { do: "connect" | "declare" | "end" | "wait" }>): Promise<void> {
    const taskManager = this.live.get(one.id);
    if (taskManager === undefined || !taskManager.peer.isOpen) return;
    if (one.do === "kill") taskManager.kill();
    else if (one.do === "freeze") taskManager.isFrozen = true;
    else if (one.do === "answer") taskManager.answer = one.answer;
    else if (one.do === "register" && !taskManager.isFrozen) await taskManager.register();
    else if (one.do === "drain" && !taskManager.isFrozen) await this.cluster.manager.drainTaskManager(one.id);
    else if (one.do === "free") {
      const held = taskManager.allocated;
      if (held.length > 0) taskManager.free(held[one.pick % held.length].allocationId!);
    }
  }

  #checkAlways(): void {
    const { taskManagers, slotsTotal, slotsAvailable } = this.cluster.manager.overview();
    assert.ok(taskManagers <= IDS.length && slotsAvailable <= slotsTotal);
    const ids = this.all.flatMap(({ requests }) => requests.map(({ allocationId }) => allocationId));
    assert.equal(new Set(ids).size, ids.length, "an allocation was asked for twice");
  }

  /** Faults end, jobs give back what they do not need; then there must be order. */
  async settleDown(): Promise<void> {
    for (const taskManager of this.live.values()) taskManager.answer = "grants";
    await this.cluster.advance(120_000, 5_000);
    for (let round = 0; round < 3; round++) {
      for (const name of JOBS) this.#giveBack(name);
      await this.cluster.advance(30_000, 5_000);
    }
  }

  /** As a JobMaster does: the slots it has no use for. */
  #giveBack(jobId: string): void {
    const wanted = [...this.wanted.get(jobId)!].flatMap(([size, count]) => Array<number>(count).fill(size)).sort((
      a,
      b,
    ) => b - a);
    for (const taskManager of this.#usable()) {
      const size = taskManager.options.profile!.heapMb!;
      for (const { allocationId } of taskManager.allocated.filter((slot) => slot.jobId === jobId)) {
        const met = wanted.findIndex((heap) => fits({ heapMb: heap }, { heapMb: size }));
        if (met < 0) taskManager.free(allocationId!);
        else wanted.splice(met, 1);
      }
    }
  }

  #usable(): FakeTaskManager[] {
    return [...this.live.values()].filter(({ peer, isFrozen }) => peer.isOpen && !isFrozen);
  }

  checkOrder(): void {
    const { manager } = this.cluster;
    const usable = this.#usable();
    const infos = new Map(manager.taskManagers().map((info) => [info.resourceId, info]));
    assert.deepEqual([...infos.keys()].sort(), usable.map(({ resourceId }) => resourceId).sort());
    for (const { resourceId, slots, allocated } of usable) {
      const { slotsTotal, slotsFree, allocatedSlots } = infos.get(resourceId)!;
      assert.deepEqual([slotsTotal, slotsFree], [slots.length, slots.length - allocated.length], resourceId);
      assert.deepEqual(allocatedSlots.map((slot) => slot.jobId), allocated.map((slot) => slot.jobId));
    }
    for (const name of JOBS) {
      const { required, acquired, missing, slotsFitting } = manager.resources(name);
      const held = usable.flatMap(({ allocated }) => allocated).filter(({ jobId }) => jobId === name);
      assert.equal(acquired, held.length);
      assert.equal(required, [...this.wanted.get(name)!.values()].reduce((sum, count) => sum + count, 0));
      assert.ok(acquired <= required, `${name} holds ${acquired} and needs ${required}`);
      assert.equal(missing, required - acquired);
      assert.equal(slotsFitting, 0, "somebody misses a slot that is free");
    }
  }
}

Deno.test("whatever happens, in the end jobs have the slots they need or there are none", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const cluster = await FakeCluster.start();
      const world = new World(cluster);
      for (const one of steps) await world.take(one);
      await world.settleDown();
      world.checkOrder();
      await cluster.close();
      for (const { process } of world.all) process.rpc.close();
      await cluster.advance(20_000, 10_000);
      assert.equal(cluster.clock.pending, 0, "something is still planned after the end");
    }),
    { numRuns: 60 },
  );
});
