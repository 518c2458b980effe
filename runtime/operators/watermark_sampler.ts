/**
 * The last few watermarks, sampled in steps: watermark alignment acts on the oldest of them, so that a short burst ahead
 * pauses nothing (`pipeline.watermark-alignment.buffer-size`).
 *
 * @module
 */

import { MIN_WATERMARK } from "../types/stream_element.ts";

/** See the module. With capacity 0 the oldest sample is the latest watermark. */
export class WatermarkSampler {
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
