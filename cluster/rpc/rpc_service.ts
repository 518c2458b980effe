/**
 * What the roles know of remote calls: endpoints by name, gateways to endpoints of a peer, one control connection per
 * peer over which both ends serve and call. The one implementation is connection_rpc_service.ts, over any Transport.
 *
 * @module
 */

import type { FlinkError } from "../../runtime/errors.ts";
import type { Address, Connection } from "../../runtime/seams/transport.ts";
import type { Messages } from "./messages.ts";

/** The process at the other end of a control connection. */
export interface RpcPeer {
  readonly resourceId: string;
  readonly role: "jobmanager" | "taskmanager" | "client";
  readonly address: Address;
  readonly isOpen: boolean;
  /** Called once, never inline; soon, when the connection has ended already. Without a cause the peer said goodbye. */
  onClose(listener: (cause: FlinkError | undefined) => void): void;
  close(cause?: FlinkError): void;
}

/** Methods of one endpoint. What they throw comes back to the caller as the same error. */
export type EndpointHandler = {
  [M in keyof Messages]?: (
    body: Messages[M]["request"],
    from: RpcPeer,
  ) => Messages[M]["reply"] | Promise<Messages[M]["reply"]>;
};

/** A registered endpoint. */
export interface RpcServer {
  /**
   * Messages with another token are refused (calls) or dropped (tells) and counted. "" takes any. Methods of
   * UNFENCED_METHODS are also served to a caller whose token is "".
   */
  fencingToken: string;
  /** Calls that wait or come later are answered with an error. */
  close(): void;
}

/** One endpoint of one peer. */
export interface RpcGateway {
  /**
   * @throws RetryableError TSF-5207 after the timeout, TSF-5208 when the connection is lost, and whatever the method threw.
   */
  call<M extends keyof Messages>(
    method: M,
    body: Messages[M]["request"],
    options?: { readonly timeoutMs?: number },
  ): Promise<Messages[M]["reply"]>;
  /** Without an answer: lost without notice when the connection is, logged there when it fails. */
  tell<M extends keyof Messages>(method: M, body: Messages[M]["request"]): void;
}

/** Counts since the start. */
export interface RpcStatistics {
  /** Calls and tells with a token that is not, or not any more, the endpoint's. */
  readonly fenced: number;
  /** Messages that are none, of which the connection was closed. */
  readonly malformed: number;
  /** Tells that failed, and for endpoints that are not there. */
  readonly failedTells: number;
  /** Answers that came after their timeout. */
  readonly lateReplies: number;
  /** Calls that wait for an answer now. */
  readonly pendingCalls: number;
}

/** See the module. */
export interface RpcService {
  /**
   * Serves an endpoint ("resourcemanager", "dispatcher", "jobmaster_<jobId>", "taskexecutor", "blobserver"). Its methods
   * begin one after the other in order of arrival; one that returns a promise does not hold up the next.
   *
   * @throws BugError when the name is taken.
   */
  register(name: string, endpoint: EndpointHandler, fencingToken?: string): RpcServer;
  /** Over an existing connection: both ends serve and call over one control connection. */
  gateway(peer: RpcPeer, endpoint: string, fencingToken: string): RpcGateway;
  /** A new control connection, its handshake done. @throws FlinkError when there is nobody, or somebody who refuses. */
  connect(address: Address): Promise<RpcPeer>;
  /** Takes a control connection that somebody has opened to us (its handshake done by the transport). */
  accept(connection: Connection): RpcPeer;
  /** Somebody has connected to us. */
  onPeer: (peer: RpcPeer) => void;
  readonly statistics: RpcStatistics;
  /** Says goodbye to all peers; what waits for an answer fails. */
  close(): void;
}
