/**
 * The combination of several watermarks and statuses into one. Two users with two rules, as in Flink: the channels of an
 * input gate (Flink's valve) and the inputs of an operator (Flink's combined status). They agree on the minimum over
 * active inputs; they differ in what an input does that comes back from idle.
 *
 * Beyond Flink: a finished input takes no further part, so its MAX never dominates while others are idle or active
 * (Flink's open defect FLINK-38477). Only when every input has finished is the combination MAX.
 *
 * Callers: the gate of a task (mode "channels") and operators/operator.ts (mode "inputs").
 *
 * @module
 */

import { MAX_WATERMARK, MIN_WATERMARK, type WatermarkStatus } from "./stream_element.ts";

/**
 * - "channels": watermarks of an idle channel are ignored; a channel that comes back takes part again once it has
 *   caught up with what was let out; when the last active channel turns idle, the largest watermark is let out only if
 *   that channel was the one that held the others back.
 * - "inputs": a watermark makes an idle input active; an input that comes back takes part at once (and so holds the
 *   others back); while all are idle the largest watermark counts.
 */
export type WatermarkCombinerMode = "channels" | "inputs";

/** Combines the watermarks of N inputs. A returned `true` says that {@link current} has risen and is to be passed on. */
export class WatermarkCombiner {
  readonly #mode: WatermarkCombinerMode;
  readonly #watermarks: Float64Array;
  readonly #status: WatermarkStatus[];
  /** Channels only: whether an active input takes part in the minimum. */
  readonly #aligned: boolean[];
  #current = MIN_WATERMARK;
  #combinedStatus: WatermarkStatus = "active";

  constructor(numInputs: number, mode: WatermarkCombinerMode = "inputs") {
    this.#mode = mode;
    this.#watermarks = new Float64Array(numInputs).fill(MIN_WATERMARK);
    this.#status = new Array<WatermarkStatus>(numInputs).fill("active");
    this.#aligned = new Array<boolean>(numInputs).fill(true);
  }

  /** The combined watermark; never goes back. */
  get current(): number {
    return this.#current;
  }
  /** Active when any input is, else idle when any input is, else finished. */
  get status(): WatermarkStatus {
    return this.#combinedStatus;
  }
  /** The status of one input. */
  inputStatus(input: number): WatermarkStatus {
    return this.#status[input];
  }
  /** The last watermark of one input, MAX once it has finished. */
  inputWatermark(input: number): number {
    return this.#watermarks[input];
  }

  /**
   * Takes a watermark in; true when the combined watermark rose. MAX ends the input, idle or not, so look at
   * {@link status} too: it may have become idle or finished.
   */
  watermark(input: number, timestamp: number): boolean {
    if (timestamp >= MAX_WATERMARK) return this.setStatus(input, "finished");
    const status = this.#status[input];
    if (status === "finished") return false;
    return this.#mode === "channels"
      ? this.#channelWatermark(input, status, timestamp)
      : this.#inputWatermark(input, timestamp);
  }

  /** Takes a status in; true when the combined watermark rose. It is passed on before a change of {@link status}. */
  setStatus(input: number, status: WatermarkStatus): boolean {
    const before = this.#status[input];
    if (before === "finished" || before === status) return false;
    this.#status[input] = status;
    const last = this.#watermarks[input];
    if (status === "finished") this.#watermarks[input] = MAX_WATERMARK;
    this.#combinedStatus = this.#status.includes("active")
      ? "active"
      : this.#status.includes("idle")
      ? "idle"
      : "finished";
    if (this.#combinedStatus === "finished") return this.#raise(MAX_WATERMARK);
    if (this.#mode === "inputs") return this.#combineInputs();
    if (status === "active") {
      // Only marks the channel: the next watermark looks for a new minimum.
      this.#aligned[input] = last >= this.#current;
      return false;
    }
    this.#aligned[input] = false;
    if (this.#combinedStatus === "idle") return (status === "finished" || last === this.#current) && this.#flushIdle();
    return (status === "finished" || last === this.#current) && this.#raiseToAlignedMinimum();
  }

  #channelWatermark(input: number, status: WatermarkStatus, timestamp: number): boolean {
    if (status !== "active" || timestamp <= this.#watermarks[input]) return false;
    this.#watermarks[input] = timestamp;
    if (timestamp >= this.#current) this.#aligned[input] = true;
    return this.#raiseToAlignedMinimum();
  }

  #inputWatermark(input: number, timestamp: number): boolean {
    this.#status[input] = "active";
    this.#combinedStatus = "active";
    if (timestamp > this.#watermarks[input]) this.#watermarks[input] = timestamp;
    return this.#combineInputs();
  }

  #raiseToAlignedMinimum(): boolean {
    let min = Infinity;
    for (let i = 0; i < this.#watermarks.length; i++) {
      if (this.#status[i] === "active" && this.#aligned[i] && this.#watermarks[i] < min) min = this.#watermarks[i];
    }
    return min !== Infinity && this.#raise(min);
  }

  #combineInputs(): boolean {
    if (this.#combinedStatus === "idle") return this.#flushIdle();
    let min = Infinity;
    for (let i = 0; i < this.#watermarks.length; i++) {
      if (this.#status[i] === "active" && this.#watermarks[i] < min) min = this.#watermarks[i];
    }
    return min !== Infinity && this.#raise(min);
  }

  /** Nothing is active any more: the largest watermark of the inputs that may come back is not held back. */
  #flushIdle(): boolean {
    let max = MIN_WATERMARK;
    for (let i = 0; i < this.#watermarks.length; i++) {
      if (this.#status[i] === "idle" && this.#watermarks[i] > max) max = this.#watermarks[i];
    }
    return this.#raise(max);
  }

  #raise(timestamp: number): boolean {
    if (timestamp <= this.#current) return false;
    this.#current = timestamp;
    return true;
  }
}
