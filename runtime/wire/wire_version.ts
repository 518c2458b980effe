/**
 * The version of everything that crosses between processes: frames, messages and what their opaque parts hold. It goes
 * up with every change that an older peer would misread.
 *
 * @module
 */

import { FlinkError } from "../errors.ts";

/** The version spoken here; the only one. */
export const WIRE_VERSION = 1;

/** Two processes cannot talk to each other. @param peer Who the other one is, with its product version when known. */
export function otherWireVersion(found: number, peer: string): FlinkError {
  const [older, newer] = found < WIRE_VERSION ? [peer, "this process"] : ["this process", peer];
  return new FlinkError("TSF-5202", "The peer speaks another wire version", {
    expected: `wire version ${WIRE_VERSION} (this process)`,
    found: `wire version ${found} (${peer})`,
    hint:
      `Stop ${older} and start it with the version of ${newer}: the JobManager first, then the TaskManagers, then the clients.`,
  });
}
