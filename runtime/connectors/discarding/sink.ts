/**
 * Throws every record away; for measurements and for streams that matter by their side effects.
 *
 * @module
 */

import type { Sink, SinkWriter } from "../../functions/sink.ts";

/**
 * A sink that does nothing.
 *
 * @example
 * ```ts
 * import { DiscardingSink } from "tsflink";
 *
 * console.assert(new DiscardingSink<string>() instanceof DiscardingSink);
 * ```
 */
export class DiscardingSink<T> implements Sink<T> {
  createWriter(): SinkWriter<T> {
    return { isSynchronous: true, write: () => {}, flush: () => {}, close: () => {} };
  }
}
