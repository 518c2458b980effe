/**
 * Ends sessions of node:http2 in a turn of their own. The runtime (Deno 2.9) closes a session itself while it reads the
 * peer's GOAWAY; when no stream is open any more that frees what the reader goes on with, and the process aborts
 * ("find_stream_on_goaway_func: Assertion `stream->closed_next == NULL' failed"). A peer that says goodbye must not be able
 * to do that.
 *
 * @module
 */

import type http2 from "node:http2";

/** From here on nothing that is called while the session reads ends it before it has read. */
export function endLater(session: http2.Http2Session): void {
  const close = session.close.bind(session);
  const destroy = session.destroy.bind(session);
  session.close = (callback) => {
    setImmediate(() => {
      if (!session.closed && !session.destroyed) close(callback);
      else callback?.();
    });
  };
  session.destroy = (error, code) => {
    setImmediate(() => {
      if (!session.destroyed) destroy(error, code);
    });
  };
}
