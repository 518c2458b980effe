/**
 * Hands every record to the client that runs the job, as `stream.executeAndCollect()` does.
 *
 * @module
 */

import { BugError } from "../../errors.ts";
import type { Sink, SinkWriter, WriterInitContext } from "../../functions/sink.ts";

/** Sends records to the client, one by one so that none waits for another; a client that is behind holds them back. */
export class CollectSink<T> implements Sink<T> {
  createWriter(context: WriterInitContext): SinkWriter<T> {
    const { collect } = context;
    if (collect === undefined) {
      throw new BugError("TSF-0030", "A collect sink has no way to its client", {
        hint: "Only the executor makes collect sinks; use executeAndCollect().",
      });
    }
    return { isSynchronous: true, write: (value) => collect([value]), flush: () => {}, close: () => {} };
  }
}
