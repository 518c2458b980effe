/**
 * Barriers at the inputs of one subtask. Exactly-once: a channel that has delivered the barrier is blocked until all
 * others have; at-least-once: nothing is blocked, the barrier counts when the last channel has delivered it.
 *
 * A newer barrier subsumes an older one that is not complete. Channels that have ended count as having delivered.
 *
 * @module
 */

import type { CheckpointBarrier } from "../types/stream_element.ts";
import type { InputGate } from "./input_gate.ts";

/** Follows the barriers over all gates of a subtask. */
export class BarrierHandler {
  readonly #gates: readonly InputGate[];
  readonly #ended: boolean[][];
  #pending: { readonly barrier: CheckpointBarrier; readonly arrived: Set<string> } | undefined;
  #lastId = -1;
  readonly #onAborted: (checkpointId: number) => void;

  constructor(gates: readonly InputGate[], onAborted: (checkpointId: number) => void) {
    this.#gates = gates;
    this.#ended = gates.map((gate) => gate.channels.map(() => false));
    this.#onAborted = onAborted;
  }

  /** Whether an alignment is going on. */
  get isAligning(): boolean {
    return this.#pending !== undefined;
  }

  /** Takes a barrier in; gives it back when it is complete and the checkpoint must be taken now. */
  barrier(gate: number, channel: number, barrier: CheckpointBarrier): CheckpointBarrier | undefined {
    if (barrier.checkpointId <= this.#lastId) return undefined;
    if (this.#pending === undefined || barrier.checkpointId > this.#pending.barrier.checkpointId) {
      this.#abandon();
      this.#pending = { barrier, arrived: new Set() };
    } else if (barrier.checkpointId < this.#pending.barrier.checkpointId) {
      return undefined;
    }
    this.#pending.arrived.add(`${gate}/${channel}`);
    if (barrier.options.alignment !== "at-least-once") this.#gates[gate].block(channel);
    return this.#completeIfAll();
  }

  /** A channel has ended; may complete the pending barrier. */
  end(gate: number, channel: number): CheckpointBarrier | undefined {
    this.#ended[gate][channel] = true;
    return this.#completeIfAll();
  }

  #completeIfAll(): CheckpointBarrier | undefined {
    const pending = this.#pending;
    if (pending === undefined) return undefined;
    const missing = this.#ended.some((channels, gate) =>
      channels.some((ended, channel) => !ended && !pending.arrived.has(`${gate}/${channel}`))
    );
    if (missing) return undefined;
    this.#release();
    this.#lastId = pending.barrier.checkpointId;
    return pending.barrier;
  }

  #abandon(): void {
    if (this.#pending === undefined) return;
    this.#onAborted(this.#pending.barrier.checkpointId);
    this.#release();
  }

  #release(): void {
    this.#pending = undefined;
    for (const gate of this.#gates) {
      for (const channel of gate.channels) if (channel.isBlocked) gate.unblock(channel.index);
    }
  }
}
