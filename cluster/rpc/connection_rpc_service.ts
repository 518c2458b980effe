/**
 * The RpcService over any Transport. Every control connection is a peer at whose both ends endpoints are served and
 * called; a call and its answer share a correlation id.
 *
 * Invariants: methods of one endpoint begin in order of arrival, never inside another method of it. Whatever comes over
 * a connection ends in a call, an answer or the end of that connection.
 *
 * @module
 */

import { FlinkError, invariant, RetryableError } from "../../runtime/errors.ts";
import type { Clock } from "../../runtime/seams/clock.ts";
import type { Log } from "../../runtime/seams/log.ts";
import type { Address, Connection, Transport } from "../../runtime/seams/transport.ts";
import { type ControlMessage, MessageKind } from "../../runtime/wire/control_message.ts";
import { ConnectionPeer, type Counts } from "./connection_peer.ts";
import { decodeRequest, encodeReply } from "./control_codec.ts";
import { type Method, UNFENCED_METHODS } from "./messages.ts";
import type { EndpointHandler, RpcGateway, RpcPeer, RpcServer, RpcService, RpcStatistics } from "./rpc_service.ts";

/** What a service is made from. */
export interface RpcServiceOptions {
  /** Its connections have done their handshake (cluster/transport/handshake_transport.ts). */
  readonly transport: Transport;
  readonly clock: Clock;
  /** Hears of tells that failed. */
  readonly log?: Log;
  /** Where endpoints run: soon, in order. Default: as microtasks. */
  readonly post?: (fn: () => void) => void;
  /** How long a call waits for its answer unless it says so itself. Default 10 s, as Flink's ask timeout. */
  readonly callTimeoutMs?: number;
  /** Calls without an answer per connection; more fail at once. Default 10,000. */
  readonly maxPendingCalls?: number;
}

/** See the module. */
export class ConnectionRpcService implements RpcService {
  onPeer: (peer: RpcPeer) => void = () => {};
  readonly #options: Required<Omit<RpcServiceOptions, "log">> & Pick<RpcServiceOptions, "log">;
  readonly #endpoints = new Map<string, Endpoint>();
  readonly #peers = new Set<ConnectionPeer>();
  readonly #counts: Counts = { fenced: 0, malformed: 0, failedTells: 0, lateReplies: 0 };

  constructor(options: RpcServiceOptions) {
    this.#options = {
      post: (fn) => void Promise.resolve().then(fn),
      callTimeoutMs: 10_000,
      maxPendingCalls: 10_000,
      ...options,
    };
  }

  get statistics(): RpcStatistics {
    let pendingCalls = 0;
    for (const peer of this.#peers) pendingCalls += peer.pendingCalls;
    return { ...this.#counts, pendingCalls };
  }

  register(name: string, handler: EndpointHandler, fencingToken = ""): RpcServer {
    invariant(!this.#endpoints.has(name), `Endpoint ${name} is registered twice`);
    const endpoint = new Endpoint(name, handler, fencingToken);
    endpoint.onClose = () => this.#endpoints.delete(name);
    this.#endpoints.set(name, endpoint);
    return endpoint;
  }

  gateway(peer: RpcPeer, endpoint: string, fencingToken: string): RpcGateway {
    const target = peer as ConnectionPeer;
    return {
      call: (method, body, options) => target.call({ endpoint, fencingToken, method, body, ...options }),
      tell: (method, body) => target.tell({ endpoint, fencingToken, method, body }),
    };
  }

  async connect(address: Address): Promise<RpcPeer> {
    return this.#addPeer(await this.#options.transport.connect(address, "control"));
  }

  accept(connection: Connection): RpcPeer {
    const peer = this.#addPeer(connection);
    this.onPeer(peer);
    return peer;
  }

  close(): void {
    for (const endpoint of [...this.#endpoints.values()]) endpoint.close();
    for (const peer of [...this.#peers]) peer.close();
  }

  #addPeer(connection: Connection): ConnectionPeer {
    const { identity } = connection;
    invariant(identity !== undefined, "A connection without a handshake is no peer");
    const peer: ConnectionPeer = new ConnectionPeer(connection, identity, {
      clock: this.#options.clock,
      callTimeoutMs: this.#options.callTimeoutMs,
      maxPendingCalls: this.#options.maxPendingCalls,
      counts: this.#counts,
      onRequest: (message) => this.#serve(peer, message),
      onEnd: () => this.#peers.delete(peer),
    });
    this.#peers.add(peer);
    return peer;
  }

  #serve(peer: ConnectionPeer, message: ControlMessage): void {
    const { method, request } = decodeRequest(message.body);
    const fail = message.kind === MessageKind.TELL
      ? (error: unknown) => this.#tellFailed(peer, message, method, error)
      : (error: unknown) => peer.fail(message.correlation, error);
    const answer = (reply: unknown) => {
      if (message.kind === MessageKind.CALL) peer.reply(message.correlation, encodeReply(method, reply as never));
    };
    this.#options.post(() => {
      try {
        const reply = this.#run(peer, message, method, request);
        if (reply instanceof Promise) reply.then(answer).catch(fail);
        else answer(reply);
      } catch (error) {
        fail(error);
      }
    });
  }

  /** Begins the method; only its answer may come later. */
  #run(peer: RpcPeer, message: ControlMessage, method: Method, request: unknown): unknown {
    const endpoint = this.#endpoints.get(message.endpoint);
    if (endpoint === undefined) throw noEndpoint(message.endpoint, method);
    if (!endpoint.accepts(method, message.fencingToken)) {
      this.#counts.fenced++;
      throw staleToken(message.endpoint, method, peer);
    }
    return endpoint.run(method, request, peer);
  }

  #tellFailed(peer: RpcPeer, { endpoint }: ControlMessage, method: Method, error: unknown): void {
    this.#counts.failedTells++;
    const text = error instanceof Error ? error.message : String(error);
    this.#options.log?.log("warn", `${method} of ${endpoint} told by ${peer.resourceId} failed: ${text}`);
  }
}

class Endpoint implements RpcServer {
  onClose: () => void = () => {};
  readonly #name: string;
  readonly #handler: EndpointHandler;

  constructor(name: string, handler: EndpointHandler, public fencingToken: string) {
    this.#name = name;
    this.#handler = handler;
  }

  accepts(method: Method, token: string): boolean {
    if (this.fencingToken === "" || token === this.fencingToken) return true;
    return token === "" && UNFENCED_METHODS.has(method);
  }

  run(method: Method, request: unknown, from: RpcPeer): unknown {
    // Own methods only: "constructor" is not one that a peer may call.
    const isServed = Object.hasOwn(this.#handler, method);
    const handler = isServed
      ? this.#handler[method] as ((body: unknown, from: RpcPeer) => unknown) | undefined
      : undefined;
    if (typeof handler !== "function") throw noMethod(this.#name, method);
    return handler.call(this.#handler, request, from);
  }

  close(): void {
    this.onClose();
  }
}

function noEndpoint(endpoint: string, method: string): FlinkError {
  return new RetryableError("TSF-5209", `There is no endpoint ${endpoint} here`, {
    found: `a call of ${method}`,
    hint: "It has ended, or has not started yet.",
  });
}

function noMethod(endpoint: string, method: string): FlinkError {
  return new FlinkError("TSF-5209", `Endpoint ${endpoint} does not serve ${method}`, {
    hint: "The two processes may be of different versions of tsflink.",
  });
}

function staleToken(endpoint: string, method: string, peer: RpcPeer): FlinkError {
  return new FlinkError("TSF-5210", `${method} of ${endpoint} was refused`, {
    expected: "the fencing token of the leader",
    found: `another one, from ${peer.resourceId}`,
    hint: "The caller talks to an earlier incarnation; it has to register again.",
  });
}
