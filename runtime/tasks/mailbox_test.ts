import assert from "node:assert/strict";
import { ManualClock } from "../testing/manual_clock.ts";
import { Mailbox } from "./mailbox.ts";
import { TaskProcessingTime } from "./task_time.ts";

function setUp(startMs = 0) {
  const seen: unknown[] = [];
  let wakes = 0;
  const mailbox = new Mailbox(() => void wakes++);
  const clock = new ManualClock(startMs);
  return { seen, mailbox, clock, time: new TaskProcessingTime(clock, mailbox), wakes: () => wakes };
}

Deno.test("mail is done in order of arrival; each wakes the task", () => {
  const { mailbox, seen, wakes } = setUp();
  assert.equal(mailbox.hasMail, false);
  for (const n of [1, 2, 3]) mailbox.post(() => seen.push(n));
  assert.deepEqual([mailbox.hasMail, wakes(), seen], [true, 3, []]);
  mailbox.drain();
  mailbox.drain();
  assert.deepEqual([mailbox.hasMail, seen], [false, [1, 2, 3]]);
});

Deno.test("mail posted by mail waits for the next turn", () => {
  const { mailbox, seen } = setUp();
  const again = () => {
    seen.push("again");
    mailbox.post(again);
  };
  mailbox.post(again);
  mailbox.post(() => seen.push("other"));
  mailbox.drain();
  assert.deepEqual([mailbox.hasMail, seen], [true, ["again", "other"]]);
  mailbox.drain();
  assert.deepEqual(seen, ["again", "other", "again"]);
});

Deno.test("mail that fails keeps the rest, in order, before what was posted meanwhile", () => {
  const { mailbox, seen } = setUp();
  mailbox.post(() => mailbox.post(() => seen.push("posted")));
  mailbox.post(() => {
    throw new Error("broken");
  });
  mailbox.post(() => seen.push("rest"));
  assert.throws(() => mailbox.drain(), /broken/);
  assert.deepEqual([mailbox.hasMail, seen], [true, []]);
  mailbox.drain();
  assert.deepEqual(seen, ["rest", "posted"]);
});

Deno.test("timers: one millisecond late, in order of time, with the time they were registered for", () => {
  const { mailbox, clock, time, seen } = setUp(1000);
  for (const at of [1050, 1010, 400, 1010]) time.registerTimer(at, (due) => seen.push([due, clock.now()]));
  const at = (now: number) => {
    clock.advanceTo(now);
    mailbox.drain();
    return seen.splice(0);
  };
  assert.equal(time.now(), 1000);
  assert.deepEqual(seen, [], "never inline, even when it is over already");
  assert.deepEqual(at(1000), [[400, 1000]], "what is over already has no millisecond to wait");
  assert.deepEqual(at(1010), []);
  assert.deepEqual(at(1011), [[1010, 1011], [1010, 1011]]);
  assert.deepEqual(at(2000), [[1050, 2000]]);
});

Deno.test("a timer is cancelled before it is due, and also when its mail lies in the box already", () => {
  const { mailbox, clock, time, seen } = setUp();
  const first = time.registerTimer(10, () => seen.push("first"));
  const second = time.registerTimer(20, () => seen.push("second"));
  first();
  first();
  clock.advanceTo(21);
  assert.equal(mailbox.hasMail, true);
  second();
  mailbox.drain();
  assert.deepEqual([seen, clock.pending], [[], 0]);
});

Deno.test("closing cancels all, also mail that is under way; later registrations do nothing", () => {
  const { mailbox, clock, time, seen } = setUp();
  for (const at of [10, 20]) time.registerTimer(at, () => seen.push(at));
  clock.advanceTo(11);
  time.close();
  time.registerTimer(5, () => seen.push(5))();
  clock.advanceTo(100);
  mailbox.drain();
  assert.deepEqual([seen, clock.pending], [[], 0]);
});
