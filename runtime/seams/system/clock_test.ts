import assert from "node:assert/strict";
import { SystemClock } from "./clock.ts";

/** Runs `plan` and resolves once `count` calls were recorded. */
function recorded(count: number, plan: (clock: SystemClock, note: (what: string) => void) => void): Promise<string[]> {
  return new Promise((resolve) => {
    const notes: string[] = [];
    plan(new SystemClock(), (what) => {
      notes.push(what);
      if (notes.length === count) resolve(notes);
    });
  });
}

Deno.test("calls come in order of their time, equal ones in order of registration, never inline", async () => {
  const notes = await recorded(6, (clock, note) => {
    clock.after(6, () => note("late"));
    for (const name of ["a", "b", "c"]) clock.after(0, () => note(name));
    clock.after(-5, () => note("negative"));
    note("inline");
  });
  assert.deepEqual(notes, ["inline", "a", "b", "c", "negative", "late"]);
});

Deno.test("a call planned by a call without delay waits for the next turn", async () => {
  const notes = await recorded(3, (clock, note) => {
    clock.after(0, () => {
      clock.after(0, () => note("planned later"));
      note("first");
    });
    clock.after(0, () => note("second"));
  });
  assert.deepEqual(notes, ["first", "second", "planned later"]);
});

Deno.test("a cancelled call never comes; cancelling twice, late or many is harmless", async () => {
  const notes = await recorded(2, (clock, note) => {
    const cancels = Array.from({ length: 1000 }, (_, i) => clock.after(i % 5, () => note("cancelled")));
    const kept = clock.after(1, () => note("kept"));
    for (const cancel of cancels) cancel();
    for (const cancel of cancels) cancel();
    clock.after(8, () => {
      kept();
      note("end");
    });
  });
  assert.deepEqual(notes, ["kept", "end"]);
});

Deno.test("many calls in random order come sorted", async () => {
  const delays = Array.from({ length: 300 }, (_, i) => (i * 7919) % 13);
  const notes = await recorded(300, (clock, note) => {
    delays.forEach((delay, i) => clock.after(delay, () => note(`${delay}:${i}`)));
  });
  // Registration takes a fraction of a millisecond: sorted by delay, then by index.
  const order = notes.map((text) => text.split(":").map(Number));
  for (let i = 1; i < order.length; i++) {
    assert.ok(order[i - 1][0] < order[i][0] + 2 && (order[i - 1][0] !== order[i][0] || order[i - 1][1] < order[i][1]));
  }
});

Deno.test("monotonic never goes back and now is the wall clock", () => {
  const clock = new SystemClock();
  let last = clock.monotonic();
  for (let i = 0; i < 1000; i++) {
    const next = clock.monotonic();
    assert.ok(next >= last);
    last = next;
  }
  assert.ok(Math.abs(clock.now() - Date.now()) < 1000);
});
