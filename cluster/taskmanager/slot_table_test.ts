import assert from "node:assert/strict";
import fc from "fast-check";
import type { FlinkError } from "../../runtime/errors.ts";
import { ManualClock } from "../../runtime/testing/manual_clock.ts";
import { type Allocation, SLOT_TRANSITIONS, type SlotState, SlotTable } from "./slot_table.ts";

const TIMEOUT_MS = 100;

function table(numberOfSlots: number) {
  const clock = new ManualClock();
  const timedOut: string[] = [];
  const made = new SlotTable({
    numberOfSlots,
    slotTimeoutMs: TIMEOUT_MS,
    clock,
    onTimeout: ({ allocationId }) => void timedOut.push(allocationId),
  });
  return { clock, timedOut, table: made };
}

const held = (slotIndex: number, allocationId: string, jobId = "job"): Allocation => {
  return { slotIndex, allocationId, jobId, profile: {} };
};

function codeOf(call: () => unknown): string | undefined {
  try {
    call();
  } catch (error) {
    return (error as FlinkError).code;
  }
}

Deno.test("a slot goes from free to free, and says at every step who has it", () => {
  const { table: slots, clock, timedOut } = table(2);
  assert.deepEqual(slots.report(), [{ slotIndex: 0 }, { slotIndex: 1 }]);
  assert.equal(slots.allocate(held(1, "a")), true);
  assert.deepEqual([slots.state(1), slots.stateOf("a"), slots.state(0)], ["ALLOCATED", "ALLOCATED", "FREE"]);
  assert.deepEqual(slots.report(), [{ slotIndex: 0 }, { slotIndex: 1, allocationId: "a", jobId: "job" }]);
  assert.equal(slots.activate("a"), true);
  clock.advance(10 * TIMEOUT_MS);
  assert.deepEqual(timedOut, []);
  assert.equal(slots.release("a"), true);
  assert.equal(slots.release("a"), false, "once");
  assert.equal(slots.activate("a"), false, "its threads are ending");
  assert.deepEqual(slots.ofJob("job"), []);
  assert.equal(slots.allocations.length, 1, "not free yet");
  slots.free("a");
  assert.deepEqual([slots.report(), clock.pending], [[{ slotIndex: 0 }, { slotIndex: 1 }], 0]);
});

Deno.test("the same allocation twice is fine; somebody else's, elsewhere or a slot that is not there is refused", () => {
  const { table: slots } = table(2);
  assert.equal(slots.allocate(held(0, "a")), true);
  assert.equal(slots.allocate(held(0, "a")), false);
  assert.equal(codeOf(() => slots.allocate(held(0, "b"))), "TSF-5261");
  assert.equal(codeOf(() => slots.allocate(held(1, "a"))), "TSF-5261");
  for (const index of [2, -1, 0.5]) assert.equal(codeOf(() => slots.allocate(held(index, "c"))), "TSF-5260");
  slots.release("a");
  assert.equal(codeOf(() => slots.allocate(held(0, "a"))), "TSF-5261", "while its threads end");
  assert.equal(codeOf(() => slots.free("nobody's")), undefined);
});

Deno.test("a slot nobody takes, and one whose JobMaster was lost, is told of after the time-out", () => {
  const { table: slots, clock, timedOut } = table(3);
  slots.allocate(held(0, "taken"));
  slots.allocate(held(1, "left"));
  slots.allocate(held(2, "lost"));
  slots.activate("taken");
  slots.activate("lost");
  clock.advance(TIMEOUT_MS - 1);
  assert.deepEqual(timedOut, []);
  clock.advance(1);
  assert.deepEqual(timedOut, ["left"]);
  slots.deactivate("lost");
  slots.deactivate("left");
  clock.advance(TIMEOUT_MS);
  assert.deepEqual(timedOut, ["left", "lost"]);
  slots.close();
});

Deno.test("free, while its threads run, is a bug", () => {
  const { table: slots } = table(1);
  slots.allocate(held(0, "a"));
  assert.equal(codeOf(() => slots.free("a")), "TSF-5262");
  assert.deepEqual(SLOT_TRANSITIONS.RELEASING, ["FREE"]);
});

/** The table as somebody would write it who trusts nothing: states in a plain map, rules as conditions. */
class Oracle {
  readonly slots: { state: SlotState; id?: string; due?: number }[];
  constructor(count: number) {
    this.slots = Array.from({ length: count }, () => ({ state: "FREE" }));
  }
  of(id: string) {
    return this.slots.find((slot) => slot.id === id);
  }
}

Deno.test("any calls in any order: the table is what a plain list of rules says, and no timer is lost", () => {
  const ids = ["a", "b", "c"];
  const step = fc.record({
    op: fc.constantFrom("allocate", "activate", "deactivate", "release", "free", "wait"),
    id: fc.constantFrom(...ids),
    slot: fc.integer({ min: 0, max: 1 }),
    ms: fc.integer({ min: 1, max: TIMEOUT_MS }),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
    const { table: slots, clock, timedOut } = table(2);
    const oracle = new Oracle(2);
    const expected: string[] = [];
    for (const { op, id, slot, ms } of steps) {
      const own = oracle.of(id);
      switch (op) {
        case "allocate": {
          const isRepeated = own !== undefined && oracle.slots[slot] === own && own.state !== "RELEASING";
          const isFree = own === undefined && oracle.slots[slot].state === "FREE";
          const code = codeOf(() => assert.equal(slots.allocate(held(slot, id)), !isRepeated));
          assert.equal(code, isRepeated || isFree ? undefined : "TSF-5261");
          if (isFree) oracle.slots[slot] = { state: "ALLOCATED", id, due: clock.now() + TIMEOUT_MS };
          break;
        }
        case "activate":
          assert.equal(slots.activate(id), own !== undefined && own.state !== "RELEASING");
          if (own !== undefined && own.state !== "RELEASING") Object.assign(own, { state: "ACTIVE", due: undefined });
          break;
        case "deactivate":
          slots.deactivate(id);
          if (own?.state === "ACTIVE") Object.assign(own, { state: "ALLOCATED", due: clock.now() + TIMEOUT_MS });
          break;
        case "release":
          assert.equal(slots.release(id), own !== undefined && own.state !== "RELEASING");
          if (own !== undefined) Object.assign(own, { state: "RELEASING", due: undefined });
          break;
        case "free":
          if (own !== undefined && own.state !== "RELEASING") break;
          slots.free(id);
          if (own !== undefined) oracle.slots[oracle.slots.indexOf(own)] = { state: "FREE" };
          break;
        case "wait": {
          const until = clock.now() + ms;
          const due = oracle.slots.filter((each) => each.due !== undefined && each.due <= until);
          due.sort((a, b) => a.due! - b.due!);
          for (const each of due) {
            expected.push(each.id!);
            each.due = undefined;
          }
          clock.advance(ms);
        }
      }
      assert.deepEqual(
        slots.report().map(({ allocationId }, index) => [slots.state(index), allocationId]),
        oracle.slots.map(({ state, id }) => [state, id]),
      );
      assert.equal(clock.pending, oracle.slots.filter(({ due }) => due !== undefined).length);
    }
    assert.deepEqual(timedOut.toSorted(), expected.toSorted());
  }));
});
