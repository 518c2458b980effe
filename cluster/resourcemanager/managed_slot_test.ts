import assert from "node:assert/strict";
import { ManagedSlot, SLOT_TRANSITIONS, type SlotState } from "./managed_slot.ts";

const IN_STATE: Record<SlotState, (slot: ManagedSlot) => void> = {
  FREE: () => {},
  PENDING: (slot) => slot.request({ jobId: "job", allocationId: "a", profile: {} }),
  ALLOCATED: (slot) => slot.report({ jobId: "job", allocationId: "a" }),
  UNCERTAIN: (slot) => {
    slot.request({ jobId: "job", allocationId: "a" });
    slot.requestFailed("a");
  },
};

const EVENTS: Record<string, (slot: ManagedSlot) => unknown> = {
  request: (slot) => slot.request({ jobId: "other", allocationId: "b" }),
  granted: (slot) => slot.granted("a"),
  "granted, old": (slot) => slot.granted("x"),
  failed: (slot) => slot.requestFailed("a"),
  "failed, old": (slot) => slot.requestFailed("x"),
  freed: (slot) => slot.freed("a"),
  "freed, old": (slot) => slot.freed("x"),
  retry: (slot) => slot.retry(),
  "report: free": (slot) => slot.report({}),
  "report: the same": (slot) => slot.report({ jobId: "job", allocationId: "a" }),
  "report: another": (slot) => slot.report({ jobId: "other", allocationId: "b" }),
};

/** What follows, with whose allocation; "-": refused as a defect. */
const TABLE: Record<string, Record<SlotState, string>> = {
  request: { FREE: "PENDING b", PENDING: "-", ALLOCATED: "-", UNCERTAIN: "-" },
  granted: { FREE: "FREE", PENDING: "ALLOCATED a", ALLOCATED: "ALLOCATED a", UNCERTAIN: "UNCERTAIN" },
  "granted, old": { FREE: "FREE", PENDING: "PENDING a", ALLOCATED: "ALLOCATED a", UNCERTAIN: "UNCERTAIN" },
  failed: { FREE: "FREE", PENDING: "UNCERTAIN", ALLOCATED: "ALLOCATED a", UNCERTAIN: "UNCERTAIN" },
  "failed, old": { FREE: "FREE", PENDING: "PENDING a", ALLOCATED: "ALLOCATED a", UNCERTAIN: "UNCERTAIN" },
  freed: { FREE: "FREE", PENDING: "FREE", ALLOCATED: "FREE", UNCERTAIN: "UNCERTAIN" },
  "freed, old": { FREE: "FREE", PENDING: "PENDING a", ALLOCATED: "ALLOCATED a", UNCERTAIN: "UNCERTAIN" },
  retry: { FREE: "FREE", PENDING: "PENDING a", ALLOCATED: "ALLOCATED a", UNCERTAIN: "FREE" },
  // Told before the request arrived.
  "report: free": { FREE: "FREE", PENDING: "PENDING a", ALLOCATED: "FREE", UNCERTAIN: "FREE" },
  "report: the same": {
    FREE: "ALLOCATED a",
    PENDING: "ALLOCATED a",
    ALLOCATED: "ALLOCATED a",
    UNCERTAIN: "ALLOCATED a",
  },
  "report: another": {
    FREE: "ALLOCATED b",
    PENDING: "ALLOCATED b",
    ALLOCATED: "ALLOCATED b",
    UNCERTAIN: "ALLOCATED b",
  },
};

for (const [event, row] of Object.entries(TABLE)) {
  for (const [state, expected] of Object.entries(row) as [SlotState, string][]) {
    Deno.test(`slot ${state}, ${event}: ${expected}`, () => {
      let now = 5;
      const slot = new ManagedSlot("tm", 0, {}, () => now);
      IN_STATE[state](slot);
      now = 7;
      assert.equal(slot.state, state);
      if (expected === "-") return assert.throws(() => EVENTS[event](slot), { code: "TSF-0008" });
      EVENTS[event](slot);
      assert.equal([slot.state, slot.holder?.allocationId ?? []].flat().join(" "), expected);
      assert.equal(slot.since, `${state} a` === expected || state === expected ? 5 : 7);
    });
  }
}

Deno.test("a report that was made before the slot was freed does not bring its allocation back", () => {
  const slot = new ManagedSlot("tm", 0, {}, () => 0);
  IN_STATE.ALLOCATED(slot);
  slot.freed("a");
  slot.report({ jobId: "job", allocationId: "a" });
  assert.equal(slot.state, "FREE");
  slot.request({ jobId: "next", allocationId: "b" });
  slot.report({ jobId: "job", allocationId: "a" });
  assert.equal(slot.holder?.allocationId, "b");
});

Deno.test("every state can be left, and each leads to states of the table", () => {
  for (const successors of Object.values(SLOT_TRANSITIONS)) {
    assert.ok(successors.length > 0);
    for (const next of successors) assert.ok(next in SLOT_TRANSITIONS);
  }
});
