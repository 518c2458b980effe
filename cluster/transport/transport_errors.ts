/**
 * The errors that end connections, the same over every transport.
 *
 * @module
 */

import { FlinkError, RetryableError } from "../../runtime/errors.ts";
import type { Address } from "../../runtime/seams/transport.ts";

/** An address as people write it. */
export function showAddress({ host, port }: Address): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The connection ended before the peer said goodbye. */
export function connectionLost(peer: Address, cause?: unknown): FlinkError {
  return new RetryableError("TSF-5205", `The connection to ${showAddress(peer)} is lost`, {
    expected: "a goodbye of the peer before the end",
    ...(cause !== undefined && { cause }),
    hint: "The process there has ended or was killed, or the network between the two is broken.",
  });
}

/** A frame, or what claims to be one, is larger than agreed. */
export function frameTooLarge(bytes: number, limitBytes: number, peer: Address): FlinkError {
  return new FlinkError("TSF-5201", `A frame from ${showAddress(peer)} is too large`, {
    expected: `at most ${limitBytes} bytes`,
    found: `${bytes} bytes`,
    hint:
      "Records are limited by taskmanager.network.max-record-size; before the handshake only small frames are taken.",
  });
}

/** Nobody takes connections there. */
export function nobodyThere(address: Address, cause?: unknown): FlinkError {
  return new RetryableError("TSF-5204", `Cannot connect to ${showAddress(address)}`, {
    expected: "a tsflink process that listens there",
    ...(cause !== undefined && { cause }),
    hint: "Check that it runs, and host and port on both sides.",
  });
}

/** The address cannot be listened on. */
export function cannotListen(address: Address, cause?: unknown): FlinkError {
  return new FlinkError("TSF-5211", `Cannot listen on ${showAddress(address)}`, {
    expected: "an address of this machine with a port that is free",
    ...(cause === undefined ? { found: "something that listens there already" } : { cause }),
    hint: "Stop what listens there, or choose another port; 0 takes a free one.",
  });
}
