/**
 * The watermarks of all sources of a job that are aligned with each other, by group: one object per job, shared by its
 * source coordinators.
 *
 * @module
 */

import { MIN_WATERMARK } from "../../types/stream_element.ts";

/** The minimum over what each key reported last. */
export class WatermarkAggregator<K> {
  readonly #watermarks: Map<K, number> = new Map();

  /** Takes a report in; the new minimum, or undefined when it did not change. */
  aggregate(key: K, watermark: number): number | undefined {
    const before = this.minimum;
    this.#watermarks.set(key, watermark);
    const after = this.minimum;
    return after === before ? undefined : after;
  }
  /** The lowest watermark before the first report. */
  get minimum(): number {
    if (this.#watermarks.size === 0) return MIN_WATERMARK;
    let min = Infinity;
    for (const watermark of this.#watermarks.values()) if (watermark < min) min = watermark;
    return min;
  }
  keys(): Iterable<K> {
    return this.#watermarks.keys();
  }
}

/** See the module. */
export class WatermarkAlignmentGroups {
  readonly #groups: Map<string, WatermarkAggregator<string>> = new Map();

  /** The aggregate of a group over its sources, made at first use. */
  group(name: string): WatermarkAggregator<string> {
    let group = this.#groups.get(name);
    if (group === undefined) this.#groups.set(name, group = new WatermarkAggregator<string>());
    return group;
  }
}
