/**
 * Watermark alignment as one source subtask sees it: samples its watermarks, reports them, and says when the reader has
 * to wait and which splits have to stand still. Idle splits are never paused, so that they do not lose their idleness.
 *
 * Who calls: source_operator.ts.
 *
 * @module
 */

import { MAX_WATERMARK, MIN_WATERMARK } from "../../types/stream_element.ts";
import type { SourceWatermarkListener } from "./source_output.ts";

/**
 * The last few watermarks, sampled in steps: alignment acts on the oldest, so that a short burst ahead pauses nothing
 * (`pipeline.watermark-alignment.buffer-size`). With capacity 0 the oldest sample is the latest watermark.
 */
class WatermarkSampler {
  readonly #samples: number[];
  #latest = MIN_WATERMARK;

  constructor(capacity: number) {
    this.#samples = new Array<number>(capacity).fill(MIN_WATERMARK);
  }
  addLatest(timestamp: number): void {
    this.#latest = timestamp;
  }
  sample(): void {
    this.#samples.push(this.#latest);
    this.#samples.shift();
  }
  get latest(): number {
    return this.#latest;
  }
  get oldestSample(): number {
    return this.#samples[0] ?? this.#latest;
  }
}

/** What alignment does to the operator. */
export interface AlignmentActions {
  /** The reader as a whole has to wait, or may go on. Called only when it changes. */
  setWaiting(waiting: boolean): void;
  pauseOrResumeSplits(toPause: readonly string[], toResume: readonly string[]): void;
  report(watermark: number): void;
}

/** See the module. */
export class SourceAlignment implements SourceWatermarkListener {
  readonly #bufferSize: number;
  readonly #actions: AlignmentActions;
  readonly #main: WatermarkSampler;
  readonly #splits: Map<string, WatermarkSampler> = new Map();
  readonly #pausedSplits: Set<string> = new Set();
  readonly #idleSplits: Set<string> = new Set();
  #maxDesired = MAX_WATERMARK;
  #idle = false;
  #waiting = false;

  constructor(bufferSize: number, actions: AlignmentActions) {
    this.#bufferSize = bufferSize;
    this.#actions = actions;
    this.#main = new WatermarkSampler(bufferSize);
  }

  get pausedSplits(): ReadonlySet<string> {
    return this.#pausedSplits;
  }

  /** Called for each split before its output is made. */
  addSplit(splitId: string): void {
    if (!this.#splits.has(splitId)) this.#splits.set(splitId, new WatermarkSampler(this.#bufferSize));
  }
  /** The coordinator announced a new limit. */
  setMaxDesiredWatermark(timestamp: number): void {
    this.#maxDesired = timestamp;
    this.#check();
  }
  /** Called every update interval. */
  sampleAndReport(): void {
    for (const split of this.#splits.values()) split.sample();
    this.#main.sample();
    this.#check();
    const { latest } = this.#main;
    if (latest > MIN_WATERMARK) this.#actions.report(this.#idle ? MAX_WATERMARK : latest);
  }
  /** The input has ended: the others need not wait for this subtask. */
  reportEnd(): void {
    this.#main.addLatest(MAX_WATERMARK);
    this.#actions.report(MAX_WATERMARK);
  }

  updateIdle(idle: boolean): void {
    this.#idle = idle;
  }
  updateCurrentEffectiveWatermark(timestamp: number): void {
    this.#main.addLatest(timestamp);
    this.#checkMain();
  }
  updateCurrentSplitWatermark(splitId: string, timestamp: number): void {
    this.addSplit(splitId);
    this.#splits.get(splitId)!.addLatest(timestamp);
    if (!this.#idleSplits.has(splitId)) this.#pauseIfAhead(splitId);
  }
  updateCurrentSplitIdle(splitId: string, idle: boolean): void {
    if (idle === this.#idleSplits.has(splitId)) return;
    if (idle) {
      this.#idleSplits.add(splitId);
    } else {
      this.#idleSplits.delete(splitId);
      // It was left out of the checks while idle.
      this.#pauseIfAhead(splitId);
    }
  }
  splitFinished(splitId: string): void {
    this.#splits.delete(splitId);
    this.#idleSplits.delete(splitId);
    this.#pausedSplits.delete(splitId);
  }

  #isAhead(sampler: WatermarkSampler | undefined): boolean {
    return sampler !== undefined && sampler.oldestSample > this.#maxDesired;
  }
  #check(): void {
    this.#checkMain();
    const toPause: string[] = [];
    const toResume: string[] = [];
    for (const [id, sampler] of this.#splits) {
      if (this.#isAhead(sampler)) {
        if (!this.#idleSplits.has(id) && !this.#pausedSplits.has(id)) toPause.push(id);
      } else if (this.#pausedSplits.has(id)) toResume.push(id);
    }
    if (toPause.length + toResume.length === 0) return;
    for (const id of toPause) this.#pausedSplits.add(id);
    for (const id of toResume) this.#pausedSplits.delete(id);
    this.#actions.pauseOrResumeSplits(toPause, toResume);
  }
  #pauseIfAhead(splitId: string): void {
    if (!this.#isAhead(this.#splits.get(splitId)) || this.#pausedSplits.has(splitId)) return;
    this.#pausedSplits.add(splitId);
    this.#actions.pauseOrResumeSplits([splitId], []);
  }
  #checkMain(): void {
    const waiting = this.#isAhead(this.#main);
    if (waiting === this.#waiting) return;
    this.#waiting = waiting;
    this.#actions.setWaiting(waiting);
  }
}
