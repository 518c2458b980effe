/**
 * Heartbeats: every peer that matters is asked at an interval, and counts as lost when nothing was heard of it for the
 * timeout. Both ends run one: a call of ours that is answered and a call of theirs that arrives are both signs of life.
 *
 * A process that was itself stopped or starved must not blame its peers: a timeout that is noticed late gives them
 * another interval first, to deliver what already lies in the socket.
 *
 * Callers: ResourceManager, JobMaster and TaskExecutor, one monitor each.
 *
 * @module
 */

import { type FlinkError, RetryableError } from "../../runtime/errors.ts";
import type { Cancel, Clock } from "../../runtime/seams/clock.ts";

/** How often, and how long. */
export interface HeartbeatOptions {
  readonly clock: Clock;
  /** heartbeat.interval. */
  readonly intervalMs: number;
  /** heartbeat.timeout; longer than the interval. */
  readonly timeoutMs: number;
}

/** One peer that is watched. */
export interface HeartbeatTarget {
  /** Asks it for a sign of life, with whatever it is to be told. Undefined: it asks, we only listen. */
  readonly beat?: () => Promise<unknown>;
  /** What it answered. */
  readonly onPayload?: (payload: unknown) => void;
  /** Called once; it is watched no more. */
  readonly onTimeout: (cause: FlinkError) => void;
}

/** See the module. */
export class HeartbeatMonitor {
  readonly #options: HeartbeatOptions;
  readonly #watched = new Map<string, Watched>();

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  /** Who is watched now. */
  get targets(): readonly string[] {
    return [...this.#watched.keys()];
  }

  /** Watches a peer, the first beat at once; the same id again takes the place of the earlier one. */
  watch(resourceId: string, target: HeartbeatTarget): void {
    this.unwatch(resourceId);
    this.#watched.set(
      resourceId,
      new Watched(resourceId, target, this.#options, () => this.#watched.delete(resourceId)),
    );
  }

  unwatch(resourceId: string): void {
    this.#watched.get(resourceId)?.stop();
    this.#watched.delete(resourceId);
  }

  /** The peer has been heard of: its own heartbeat, or anything else. */
  heardOf(resourceId: string): void {
    this.#watched.get(resourceId)?.heardOf();
  }

  stop(): void {
    for (const resourceId of this.targets) this.unwatch(resourceId);
  }
}

class Watched {
  readonly #resourceId: string;
  readonly #target: HeartbeatTarget;
  readonly #options: HeartbeatOptions;
  readonly #onGone: () => void;
  #lastHeardMs: number;
  #dueMs = 0;
  #isAnswered = true;
  #isStopped = false;
  #cancelBeat: Cancel = () => {};
  #cancelCheck: Cancel = () => {};

  constructor(resourceId: string, target: HeartbeatTarget, options: HeartbeatOptions, onGone: () => void) {
    this.#resourceId = resourceId;
    this.#target = target;
    this.#options = options;
    this.#onGone = onGone;
    this.#lastHeardMs = options.clock.monotonic();
    this.#beat();
    this.#checkAfter(options.timeoutMs);
  }

  heardOf(): void {
    this.#lastHeardMs = this.#options.clock.monotonic();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelBeat();
    this.#cancelCheck();
  }

  #beat(): void {
    const { beat, onPayload } = this.#target;
    if (beat === undefined || this.#isStopped) return;
    this.#cancelBeat = this.#options.clock.after(this.#options.intervalMs, () => this.#beat());
    // One at a time: a peer that is slow is not sent a pile of them.
    if (!this.#isAnswered) return;
    this.#isAnswered = false;
    beat().then((payload) => {
      this.#isAnswered = true;
      if (this.#isStopped) return;
      this.heardOf();
      onPayload?.(payload);
    }, () => this.#isAnswered = true);
  }

  #checkAfter(ms: number): void {
    const { clock } = this.#options;
    this.#dueMs = clock.monotonic() + ms;
    this.#cancelCheck = clock.after(ms, () => this.#check());
  }

  #check(): void {
    const { clock, intervalMs, timeoutMs } = this.#options;
    const nowMs = clock.monotonic();
    const silentMs = nowMs - this.#lastHeardMs;
    if (silentMs < timeoutMs) return this.#checkAfter(timeoutMs - silentMs);
    // It is we who stood still.
    if (nowMs - this.#dueMs > intervalMs) return this.#checkAfter(intervalMs);
    this.stop();
    this.#onGone();
    this.#target.onTimeout(silent(this.#resourceId, silentMs, timeoutMs));
  }
}

function silent(resourceId: string, silentMs: number, timeoutMs: number): FlinkError {
  return new RetryableError("TSF-5212", `Nothing was heard of ${resourceId}`, {
    expected: `a heartbeat within ${timeoutMs} ms (heartbeat.timeout)`,
    found: `silence for ${Math.round(silentMs)} ms`,
    hint: "The process is stopped, its machine overloaded, or the network between the two broken.",
  });
}
