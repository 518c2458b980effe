/** Timers of a program: what fired in the first run fires again, in that order and without waiting; nothing else does. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { asMain, isMain } from "./context.ts";
import { EventReplay } from "./event_replay.ts";
import { Patches } from "./patches.ts";
import type { RecordedEvent } from "./recording.ts";
import { recordTimers, replayTimers } from "./timers.ts";

/** A program tells what it does by this. */
type Tell = (what: string) => void;
type Program = (tell: Tell) => Promise<void> | void;

/** The first run. */
async function record(program: Program): Promise<{ events: RecordedEvent[]; told: string[] }> {
  const patches = new Patches();
  const [events, told]: [RecordedEvent[], string[]] = [[], []];
  recordTimers(patches, () => false, (index) => {
    events.push({ kind: "timer", index });
    told.push(`[${index}]`);
  });
  try {
    await program((what) => told.push(what));
  } finally {
    patches.undo();
  }
  return { events, told };
}

/** Another run; it may wait for what never comes. */
async function replay(program: Program, events: readonly RecordedEvent[]): Promise<string[]> {
  const patches = new Patches();
  const told: string[] = [];
  const source = new EventReplay(events);
  replayTimers(patches, () => !isMain(), source);
  try {
    const done = asMain(() => Promise.resolve(program((what) => told.push(what))));
    const turns = (async () => {
      for (let n = 0; n < 60; n++) await new Promise((resolve) => setImmediate(resolve));
    })();
    await Promise.race([done, turns]);
  } finally {
    source.close();
    patches.undo();
  }
  return told;
}
const withoutMarks = (told: readonly string[]) => told.filter((what) => !what.startsWith("["));
/** Timers that a busy machine lets fire late tell something after the program has ended. */
const untilEnd = (told: readonly string[]) => told.slice(0, told.indexOf("end") + 1);

/** Some timers that are set at once, each with what its callback does. */
interface Timer {
  readonly delay: number;
  readonly sets: number | undefined;
  readonly clears: number | undefined;
}

function programOf(timers: readonly Timer[]): Program {
  return async (tell) => {
    const handles: ReturnType<typeof setTimeout>[] = [];
    let left = 0;
    const all = Promise.withResolvers<void>();
    const done = () => --left === 0 && all.resolve();
    timers.forEach(({ delay, sets, clears }, i) => {
      left++;
      handles[i] = setTimeout(
        (word: string) => {
          tell(`${i} ${word}`);
          if (clears !== undefined && clears !== i && handles[clears] !== undefined && !cleared.has(clears)) {
            cleared.add(clears);
            clearTimeout(handles[clears]);
          }
          if (sets !== undefined) {
            left++;
            setTimeout(() => {
              tell(`${i} set this`);
              done();
            }, sets);
          }
          done();
        },
        delay,
        "fires",
      );
    });
    // A cleared timer is never heard of: who waits is let go by another one, the last of all.
    const cleared = new Set<number>();
    setTimeout(() => all.resolve(), 12);
    await all.promise;
    tell("end");
  };
}

Deno.test("any timers: the same callbacks in the same order, none that was cleared", async () => {
  const timer = fc.record({
    delay: fc.nat(3),
    sets: fc.option(fc.nat(2), { nil: undefined }),
    clears: fc.option(fc.nat(4), { nil: undefined }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(timer, { minLength: 1, maxLength: 5 }), async (timers) => {
      const first = await record(programOf(timers));
      assert.deepEqual(untilEnd(await replay(programOf(timers), first.events)), untilEnd(withoutMarks(first.told)));
    }),
    { numRuns: 25 },
  );
});

Deno.test("an hour passes at once, and never when it had not passed", async () => {
  let called = 0;
  const sleeper: Program = async (tell) => {
    called++;
    tell("before");
    await new Promise((resolve) => setTimeout(resolve, 3_600_000));
    tell("after");
  };
  assert.deepEqual(await replay(sleeper, [{ kind: "timer", index: 0 }]), ["before", "after"]);
  assert.deepEqual(await replay(sleeper, []), ["before"]);
  assert.equal(called, 2);
});

Deno.test("an interval fires as often as it did, with its arguments", async () => {
  const program: Program = async (tell) => {
    let n = 0;
    await new Promise<void>((resolve) => {
      const handle = setInterval(
        (a, b) => {
          tell(`${++n} ${a}${b}`);
          if (n < 3) return;
          clearInterval(handle);
          resolve();
        },
        1,
        "x",
        "y",
      );
    });
  };
  const first = await record(program);
  assert.deepEqual(first.events, Array(3).fill({ kind: "timer", index: 0 }));
  assert.deepEqual(withoutMarks(first.told), ["1 xy", "2 xy", "3 xy"]);
  assert.deepEqual(await replay(program, first.events), ["1 xy", "2 xy", "3 xy"]);
});

Deno.test("the event is written before the callback, and none for a timer that is not the program's", async () => {
  const patches = new Patches();
  const order: string[] = [];
  let other = false;
  recordTimers(patches, () => other, (index) => void order.push(`event ${index}`));
  try {
    const mine = new Promise<void>((resolve) =>
      setTimeout(() => {
        order.push("callback");
        resolve();
      })
    );
    other = true;
    const theirs = new Promise<void>((resolve) => setTimeout(resolve));
    other = false;
    assert.throws(() => setTimeout("text" as never), TypeError);
    await Promise.all([mine, theirs]);
    assert.deepEqual(order, ["event 0", "callback"]);
    const next = new Promise<void>((resolve) => setTimeout(resolve));
    await next;
    assert.deepEqual(order.at(-1), "event 1", "only the program's are counted");
  } finally {
    patches.undo();
  }
});

Deno.test("what a timer gives can be cleared, and keeps nothing alive", async () => {
  const handles: unknown[] = [];
  await replay((tell) => {
    const handle = setTimeout(() => tell("never"), 5);
    handles.push(handle);
    clearTimeout(handle);
    clearTimeout(setTimeout(() => {}, 1));
    clearInterval(setInterval(() => {}, 1));
  }, []);
  const real = setTimeout(() => {}, 1);
  clearTimeout(real);
  assert.equal(typeof handles[0], typeof real, "as the runtime's own");
});

Deno.test("a callback that throws is reported as a timer's; the ones behind it come", async () => {
  const thrown: unknown[] = [];
  const onError = (event: ErrorEvent) => {
    event.preventDefault();
    thrown.push(event.error);
  };
  globalThis.addEventListener("error", onError);
  try {
    const told = await replay(async (tell) => {
      setTimeout(() => {
        throw new RangeError("from a timer");
      }, 1);
      await new Promise((resolve) => setTimeout(resolve, 2));
      tell("went on");
    }, [{ kind: "timer", index: 0 }, { kind: "timer", index: 1 }]);
    assert.deepEqual(told, ["went on"]);
    assert.deepEqual(thrown.map(String), ["RangeError: from a timer"]);
  } finally {
    globalThis.removeEventListener("error", onError);
  }
});

Deno.test("callbacks run as the program; others' timers are real meanwhile", async () => {
  const marks: boolean[] = [];
  const told = await replay(async (tell) => {
    await new Promise<void>((resolve) =>
      setTimeout(() => {
        marks.push(isMain());
        resolve();
      }, 1e6)
    );
    tell("on");
  }, [{ kind: "timer", index: 0 }]);
  assert.deepEqual([told, marks], [["on"], [true]]);
});
