import assert from "node:assert/strict";
import fc from "fast-check";
import { ManualClock } from "../testing/manual_clock.ts";
import { ManualMainThread } from "../testing/test_seams.ts";
import type { StepResult, StreamTask } from "./stream_task.ts";
import { TaskLoop } from "./task_loop.ts";

/** Runs posted calls one at a time. */
class TurnByTurn extends ManualMainThread {
  readonly #calls: (() => void)[] = [];
  override post(fn: () => void): void {
    this.#calls.push(fn);
  }
  override get pending(): number {
    return this.#calls.length;
  }
  turn(): boolean {
    const call = this.#calls.shift();
    call?.();
    return call !== undefined;
  }
}

interface Loop {
  readonly clock: ManualClock;
  readonly thread: TurnByTurn;
  readonly loop: TaskLoop;
  readonly idle: (() => boolean)[];
  readonly seen: string[];
  wake(name: string): void;
  /** Turns until nothing is posted. */
  runAll(): string;
}

type Step = (loop: Loop) => StepResult;

/** A loop over tasks that do what their function says. */
function setUp(steps: Readonly<Record<string, Step>>): Loop {
  const clock = new ManualClock();
  const thread = new TurnByTurn();
  const idle: (() => boolean)[] = [];
  const seen: string[] = [];
  const loop = new TaskLoop({ clock, mainThread: thread, sliceMs: 8, onIdle: (isStillIdle) => idle.push(isStillIdle) });
  const tasks = new Map<string, StreamTask>();
  const made: Loop = {
    clock,
    thread,
    loop,
    idle,
    seen,
    wake: (name) => loop.wake(tasks.get(name)!),
    runAll: () => {
      while (thread.turn());
      return seen.splice(0).join("");
    },
  };
  for (const [name, step] of Object.entries(steps)) {
    const task = { busyTimeMs: 0, step: () => (seen.push(name), step(made)) } as unknown as StreamTask;
    tasks.set(name, task);
    loop.add(task);
  }
  return made;
}

/** Gives these answers, then "idle". */
const answers = (...results: StepResult[]): Step => () => results.shift() ?? "idle";

Deno.test("tasks take turns, one step each; those that wait are not stepped until they are woken", () => {
  const loop = setUp({ a: answers("progress", "progress"), b: answers("progress", "blocked"), c: answers() });
  assert.deepEqual([loop.seen, loop.thread.pending], [[], 1], "never inline, posted once");
  assert.equal(loop.runAll(), "abcaba");
  assert.deepEqual([loop.idle.length, loop.idle[0]()], [1, true]);
  loop.wake("b");
  loop.wake("b");
  assert.deepEqual([loop.idle[0](), loop.thread.pending], [false, 1]);
  assert.equal(loop.runAll(), "b");
});

Deno.test("a wake-up during a step counts: its own, that of a task before and of one behind", () => {
  let own = 2;
  assert.equal(setUp({ a: (loop) => (own-- > 0 && loop.wake("a"), "idle") }).runAll(), "aaa");
  let backward = true;
  assert.equal(
    setUp({ a: answers(), b: (loop) => (backward && loop.wake("a"), backward = false, "blocked") }).runAll(),
    "aba",
  );
  let forward = 0;
  assert.equal(setUp({ a: (loop) => (forward++ === 0 && loop.wake("b"), "idle"), b: answers() }).runAll(), "ab");
});

Deno.test("a finished task leaves; the loop is idle only while tasks are left", () => {
  const loop = setUp({ a: answers("progress", "finished"), b: answers("idle", "finished") });
  assert.equal(loop.runAll(), "aba");
  loop.wake("a");
  assert.equal(loop.runAll(), "", "gone");
  assert.equal(loop.idle.length, 1);
  loop.wake("b");
  assert.equal(loop.runAll(), "b");
  assert.equal(loop.idle.length, 1, "nobody is left to wait");
});

Deno.test("after its slice of time the loop gives way, and goes on where others had their turn", () => {
  const busy: Step = ({ clock }) => (clock.advance(3), "progress");
  const loop = setUp({ a: busy, b: busy });
  loop.thread.turn();
  assert.equal(loop.seen.splice(0).join(""), "abab", "rounds of 6 ms until 8 are over");
  const order: string[] = [];
  loop.thread.post(() => order.push("other"));
  loop.thread.turn();
  assert.deepEqual([loop.seen.splice(0).join(""), order], ["abab", []]);
  loop.thread.turn();
  assert.deepEqual(order, ["other"]);
  assert.equal(loop.idle.length, 0);
});

Deno.test("it gives way also when its clock stands still", () => {
  const loop = setUp({ a: () => "progress" });
  loop.thread.turn();
  assert.equal(loop.seen.length, 64);
  assert.equal(loop.thread.pending, 1);
});

Deno.test("time in steps is counted as busy time", () => {
  const clock = new ManualClock();
  const thread = new TurnByTurn();
  const loop = new TaskLoop({ clock, mainThread: thread, sliceMs: 8 });
  const results: StepResult[] = ["progress", "idle"];
  const task = { busyTimeMs: 0, step: () => (clock.advance(3), results.shift()!) } as unknown as StreamTask;
  loop.add(task);
  thread.turn();
  assert.equal(task.busyTimeMs, 6);
});

Deno.test("no wake-up is lost, whoever wakes whom", () => {
  // Work is handed over as tokens; each step takes one of its own and may give one to another.
  const plan = fc.array(fc.tuple(fc.nat(3), fc.constantFrom<StepResult>("progress", "idle", "blocked")), {
    maxLength: 60,
  });
  fc.assert(fc.property(plan, (moves) => {
    const tokens = [1, 1, 1, 1];
    let done = 0;
    const step = (i: number): Step => (loop) => {
      if (tokens[i] === 0) return "idle";
      tokens[i]--;
      done++;
      const [target, result] = moves.shift() ?? [i, "idle"];
      if (moves.length > 0) {
        tokens[target]++;
        loop.wake("abcd"[target]);
      }
      // A task that says it waits has nothing left, as real ones: else it says so.
      return tokens[i] > 0 ? "progress" : result;
    };
    const total = 4 + Math.max(0, moves.length - 1);
    const loop = setUp({ a: step(0), b: step(1), c: step(2), d: step(3) });
    loop.runAll();
    assert.deepEqual(tokens, [0, 0, 0, 0]);
    assert.equal(done, total);
    assert.equal(loop.idle.at(-1)?.(), true);
  }));
});
