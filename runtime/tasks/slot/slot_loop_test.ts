/**
 * The loop in virtual time: a fake doorbell on which sleeping moves the clock, and a diary of what the loop did.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { Parker } from "../../seams/parker.ts";
import { SlotClock } from "./slot_clock.ts";
import { SlotLoop, type SlotLoopOptions } from "./slot_loop.ts";
import { SlotQueue } from "./slot_queue.ts";

/** Everything around a loop. */
class World implements Parker {
  nowMs = 0;
  readonly diary: string[] = [];
  /** What happens outside, by time; only while the slot sleeps does time pass by itself. */
  readonly outside: { readonly atMs: number; readonly run: () => void }[] = [];
  /** Stops the loop when it would fall asleep or give way at or after this time. */
  endMs = 1000;
  #bell = 0;
  readonly queue: SlotQueue;
  readonly clock: SlotClock;
  readonly loop: SlotLoop;

  constructor(options: Partial<SlotLoopOptions> = {}, parker?: (world: World) => Parker) {
    const own = parker?.(this) ?? this;
    this.queue = new SlotQueue(() => this.wake());
    this.clock = new SlotClock({ now: () => this.nowMs, monotonic: () => this.nowMs }, () => this.wake());
    this.loop = new SlotLoop({
      queue: this.queue,
      clock: this.clock,
      parker: own,
      poll: () => false,
      flush: () => true,
      isAsync: () => false,
      onTurn: () => {},
      letEventLoopRun: (pollsSockets) => this.#letEventLoopRun(pollsSockets),
      ...options,
    });
  }

  ticket(): number {
    return this.#bell;
  }
  wake(): void {
    this.#bell++;
  }
  park(ticket: number, timeoutMs: number, blocking: boolean): void | Promise<void> {
    if (this.nowMs >= this.endMs) this.loop.stop();
    if (ticket !== this.#bell) return;
    const startMs = this.nowMs;
    this.diary.push(`${this.nowMs}: sleep ${timeoutMs}${blocking ? "" : " async"}`);
    const next = this.outside.sort((a, b) => a.atMs - b.atMs);
    while (ticket === this.#bell && next.length > 0 && next[0].atMs < startMs + timeoutMs) {
      this.nowMs = Math.max(this.nowMs, next[0].atMs);
      next.shift()!.run();
    }
    if (ticket === this.#bell) this.nowMs = startMs + timeoutMs;
    if (!blocking) return turnOfTheRuntime();
  }

  note(text: string): void {
    this.diary.push(`${this.nowMs}: ${text}`);
  }
  /** Runs until `endMs`; gives the diary. */
  async run(endMs = this.endMs): Promise<string[]> {
    this.endMs = endMs;
    await this.loop.run();
    return this.diary;
  }

  #letEventLoopRun(pollsSockets: boolean): Promise<void> {
    if (this.nowMs >= this.endMs) this.loop.stop();
    else this.note(pollsSockets ? "sockets" : "settle");
    return turnOfTheRuntime();
  }
}

function turnOfTheRuntime(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/** Calls `then` from a chain of that many promises. */
async function afterHops(hops: number, then: () => void): Promise<void> {
  for (let i = 0; i < hops; i++) await null;
  then();
}

/** A poll that has something each time, which takes `ms`. */
const busy = (ms: number) => (world: World): boolean => {
  world.nowMs += ms;
  if (world.nowMs >= world.endMs) world.loop.stop();
  return true;
};

interface Case {
  readonly name: string;
  readonly options?: Partial<SlotLoopOptions>;
  readonly poll?: (world: World) => boolean;
  readonly setUp?: (world: World) => void;
  readonly endMs: number;
  readonly diary: readonly string[];
}

const CASES: readonly Case[] = [
  {
    name: "idle: it looks again after promises have settled, sleeps in its thread, and lets sockets in now and then",
    endMs: 300,
    diary: ["0: settle", "0: sleep 100", "100: sockets", "100: sleep 100", "200: sockets", "200: sleep 100"],
  },
  {
    name: "idle with asynchronous work: it sleeps so that the runtime goes on, which polls sockets by itself",
    options: { isAsync: () => true },
    endMs: 250,
    diary: [
      "0: settle",
      "0: sleep 100 async",
      "100: settle",
      "100: sleep 100 async",
      "200: settle",
      "200: sleep 100 async",
    ],
  },
  {
    name: "it sleeps until the next timer, and until the one after it",
    setUp: (world) => {
      world.clock.after(7, () => world.note("timer"));
      world.clock.after(19, () => world.note("timer"));
    },
    endMs: 19,
    diary: ["0: settle", "0: sleep 7", "7: timer", "7: settle", "7: sleep 12", "19: timer"],
  },
  {
    name: "while something waits to be sent it tries again soon, and no longer when it is out",
    options: { flush: (() => ((left) => () => left-- <= 0)(3))() },
    endMs: 50,
    diary: ["0: settle", "0: sleep 10", "10: sleep 10", "20: sleep 100"],
  },
  {
    name: "limits are options; a timer may be nearer than the flush",
    options: { flush: () => false, maxParkMs: 30, flushRetryMs: 40 },
    setUp: (world) => void world.clock.after(20, () => world.note("timer")),
    endMs: 50,
    diary: ["0: settle", "0: sleep 20", "20: timer", "20: settle", "20: sleep 30"],
  },
  {
    name: "a wake-up ends the sleep; a posted call runs at once",
    setUp: (world) => {
      world.outside.push({ atMs: 30, run: () => world.queue.post(() => world.note("posted")) });
    },
    endMs: 100,
    diary: ["0: settle", "0: sleep 100", "30: posted", "30: settle", "30: sleep 100"],
  },
  {
    name: "a call planned during the sleep makes it shorter",
    options: { isAsync: () => true },
    setUp: (world) => {
      world.outside.push({ atMs: 30, run: () => void world.clock.after(5, () => world.note("timer")) });
    },
    endMs: 100,
    diary: [
      "0: settle",
      "0: sleep 100 async",
      "30: settle",
      "30: sleep 5 async",
      "35: timer",
      "35: settle",
      "35: sleep 100 async",
    ],
  },
  {
    name: "busy without asynchronous work: sockets get a turn every 100 ms",
    poll: busy(7),
    endMs: 220,
    diary: ["105: sockets", "210: sockets"],
  },
  {
    name: "busy with asynchronous work: sockets get a turn every 5 ms",
    options: { isAsync: () => true },
    poll: busy(2),
    endMs: 20,
    diary: ["6: sockets", "12: sockets", "18: sockets"],
  },
];

for (const { name, options, poll = () => false, setUp, endMs, diary } of CASES) {
  Deno.test(name, async () => {
    const world: World = new World({ poll: () => poll(world), ...options });
    setUp?.(world);
    assert.deepEqual(await world.run(endMs), diary);
  });
}

Deno.test("short sleeps in a row do not count as a turn of the sockets", async () => {
  // Whoever wakes the slot does so at once, so the runtime hardly waits.
  const world = new World({ isAsync: () => true });
  const again = (atMs: number): void =>
    void world.outside.push({ atMs, run: () => (again(world.nowMs + 0.5), world.wake()) });
  again(0.5);
  const diary = await world.run(20.5);
  const polls = diary.filter((line) => line.endsWith("sockets"));
  assert.deepEqual(polls, ["5: sockets", "10: sockets", "15: sockets", "20: sockets"]);
});

Deno.test("what promise callbacks post runs before the slot sleeps, however many hops it takes", async () => {
  for (const isAsync of [true, false]) {
    for (const hops of [0, 1, 2, 5, 50]) {
      const world = new World({ isAsync: () => isAsync });
      world.clock.after(3, () => void afterHops(hops, () => world.queue.post(() => world.note("posted"))));
      const diary = await world.run(50);
      assert.ok(diary.includes("3: posted"), `${hops} hops: ${diary}`);
    }
  }
});

Deno.test("every turn begins with onTurn and looks at everything once, in order", async () => {
  const looks: string[] = [];
  const world: World = new World({
    onTurn: () => void looks.push("turn"),
    poll: () => (looks.push("poll"), false),
    flush: () => (looks.push("flush"), true),
  });
  world.clock.after(0, () => {
    looks.push("timer");
    world.queue.post(() => {
      looks.push("posted");
      world.loop.stop();
    });
  });
  await world.loop.run();
  assert.deepEqual(looks, ["turn", "poll", "timer", "posted", "flush"]);
});

Deno.test("a posted call that flushing leaves behind is done before the slot sleeps", async () => {
  const posts = [3, 2, 1];
  const world: World = new World({
    flush: () => {
      const post = posts.pop();
      if (post !== undefined) world.queue.post(() => world.note(`posted ${post}`));
      return true;
    },
  });
  assert.deepEqual((await world.run(1)).slice(0, 4), ["0: posted 1", "0: posted 2", "0: posted 3", "0: settle"]);
});

Deno.test("stopping ends the loop: from a call of its own, from a promise, while it sleeps", async () => {
  const inside = new World();
  inside.queue.post(() => inside.loop.stop());
  assert.deepEqual(await inside.run(), [], "no sleep follows");
  const promised = new World();
  promised.queue.post(() => void afterHops(9, () => promised.loop.stop()));
  assert.deepEqual(await promised.run(), ["0: settle"]);
  const asleep = new World({ isAsync: () => true });
  asleep.outside.push({ atMs: 40, run: () => asleep.loop.stop() });
  assert.deepEqual([await asleep.run(), asleep.nowMs], [["0: settle", "0: sleep 100 async"], 40]);
});

Deno.test("what polling, flushing, a timer, a posted call or onTurn throws ends the loop", async () => {
  const broken = (): never => {
    throw new Error("broken");
  };
  const worlds = [
    new World({ poll: broken }),
    new World({ flush: broken }),
    new World({ onTurn: broken }),
    new World({ isAsync: broken }),
    new World(),
    new World(),
  ];
  worlds[4].queue.post(broken);
  worlds[5].clock.after(5, broken);
  for (const world of worlds) await assert.rejects(world.run(), /broken/);
});

/** Runs a loop into whose every step something may fall from another thread; gives how late each was taken. */
async function lateness(points: readonly number[], isAsync: boolean, parker?: (world: World) => Parker) {
  const arrived: number[] = [];
  const late: number[] = [];
  let step = 0;
  /** Another thread is not bound to any place: every call of the loop is one where its item may arrive. */
  const point = (): void => {
    for (const at of points) {
      if (at !== step) continue;
      arrived.push(world.nowMs);
      world.wake();
    }
    step++;
  };
  const world: World = new World({
    onTurn: point,
    poll: () => {
      point();
      const taken = arrived.splice(0);
      late.push(...taken.map((atMs) => world.nowMs - atMs));
      point();
      return taken.length > 0;
    },
    flush: () => (point(), true),
    isAsync: () => (point(), isAsync),
  }, parker);
  await world.run(2000);
  return { late, missing: points.filter((at) => at < step).length - late.length };
}

const arrivals = fc.array(fc.nat(150), { minLength: 1, maxLength: 20 });

Deno.test("whatever arrives at whatever step of the loop is taken without a sleep in between", async () => {
  for (let at = 0; at < 40; at++) {
    for (const isAsync of [true, false]) assert.deepEqual(await lateness([at], isAsync), { late: [0], missing: 0 });
  }
  await fc.assert(
    fc.asyncProperty(arrivals, fc.boolean(), async (points, isAsync) => {
      const { late, missing } = await lateness(points, isAsync);
      assert.equal(missing, 0);
      assert.ok(late.every((ms) => ms === 0), `${late}`);
    }),
    { numRuns: 60 },
  );
});

Deno.test("that would not be so if the doorbell were read only before falling asleep", async () => {
  const forgetful = (world: World): Parker => ({
    ticket: () => world.ticket(),
    park: (_, timeoutMs, blocking) => world.park(world.ticket(), timeoutMs, blocking),
    wake: () => world.wake(),
  });
  let tooLate = 0;
  for (let at = 0; at < 40; at++) tooLate += Number((await lateness([at], false, forgetful)).late[0] > 0);
  assert.ok(tooLate > 5, `only ${tooLate}`);
});
