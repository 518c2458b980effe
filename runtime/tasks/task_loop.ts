/**
 * The loop of one slot or isolate: its tasks take turns, each for one step; after a slice of time the thread gives way to
 * timers and sockets; when all tasks wait, the loop sleeps until one is woken.
 *
 * @module
 */

import type { Clock } from "../seams/clock.ts";
import type { MainThread } from "../seams/main_thread.ts";
import type { StreamTask } from "./stream_task.ts";

/** Rounds over all tasks after which the loop gives way even if its clock stands still (manual clocks do). */
const MAX_ROUNDS = 64;

interface Seat {
  readonly task: StreamTask;
  isAwake: boolean;
}

/** What a loop is made from. */
export interface TaskLoopOptions {
  readonly clock: Clock;
  readonly mainThread: MainThread;
  /** How long the loop works before it gives way, in ms. */
  readonly sliceMs: number;
  /**
   * Called when nothing is left to do until something arrives; tests with a manual clock move it on here.
   *
   * @param isStillIdle Whether nothing has arrived since.
   */
  readonly onIdle?: (isStillIdle: () => boolean) => void;
  /** Called after each round over the tasks. */
  readonly betweenRounds?: () => void;
}

/** Runs tasks in turn on one thread. */
export class TaskLoop {
  readonly #options: TaskLoopOptions;
  #seats: Seat[] = [];
  readonly #bySeat = new Map<StreamTask, Seat>();
  #scheduled = false;
  /** The task that runs now or ran last. */
  current: StreamTask | undefined;

  constructor(options: TaskLoopOptions) {
    this.#options = options;
  }

  add(task: StreamTask): void {
    const seat: Seat = { task, isAwake: true };
    this.#seats.push(seat);
    this.#bySeat.set(task, seat);
    this.#schedule();
  }

  /** Something has arrived for a task: mail, input, or room in its output. */
  wake(task: StreamTask): void {
    const seat = this.#bySeat.get(task);
    if (seat === undefined) return;
    seat.isAwake = true;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#options.mainThread.post(() => this.#turn());
  }

  #turn(): void {
    const { clock, sliceMs, onIdle } = this.#options;
    let now = clock.monotonic();
    const end = now + sliceMs;
    let progress = true;
    for (let round = 1; progress; round++) {
      progress = false;
      for (const seat of this.#seats) {
        if (!seat.isAwake) continue;
        // Cleared before the step, so that a wake-up during it counts.
        seat.isAwake = false;
        this.current = seat.task;
        const before = now;
        const result = seat.task.step();
        now = clock.monotonic();
        seat.task.busyTimeMs += now - before;
        if (result === "progress") seat.isAwake = true;
        else if (result === "finished") this.#leave(seat);
        if (seat.isAwake) progress = true;
      }
      this.#options.betweenRounds?.();
      progress ||= this.#seats.some((seat) => seat.isAwake);
      now = clock.monotonic();
      if (progress && (round >= MAX_ROUNDS || now >= end)) {
        this.#options.mainThread.post(() => this.#turn());
        return;
      }
    }
    this.#scheduled = false;
    if (this.#seats.length > 0) onIdle?.(() => !this.#scheduled);
  }

  #leave(seat: Seat): void {
    this.#seats = this.#seats.filter((other) => other !== seat);
    this.#bySeat.delete(seat.task);
  }
}
