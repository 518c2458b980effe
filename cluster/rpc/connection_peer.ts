/**
 * The process at the other end of a control connection: calls to it and answers from it, what it asks of us, and the end
 * of it all.
 *
 * Invariant: a call ends exactly once: with its answer, its timeout or the end of the connection.
 *
 * Caller: connection_rpc_service.ts.
 *
 * @module
 */

import { FlinkError, RetryableError } from "../../runtime/errors.ts";
import type { Cancel, Clock } from "../../runtime/seams/clock.ts";
import type { Address, Connection, PeerIdentity } from "../../runtime/seams/transport.ts";
import { errorFromBytes, errorToBytes } from "../../runtime/types/generic_serializer.ts";
import { type ControlMessage, decodeControl, encodeControl, MessageKind } from "../../runtime/wire/control_message.ts";
import { malformed } from "../../runtime/wire/table_codec.ts";
import { decodeReply, encodeRequest, type WireBody } from "./control_codec.ts";
import type { Messages, Method } from "./messages.ts";
import type { RpcPeer } from "./rpc_service.ts";

/** Counts of a service since its start. */
export interface Counts {
  fenced: number;
  malformed: number;
  failedTells: number;
  lateReplies: number;
}

/** What a peer needs of its service. */
export interface PeerOptions {
  readonly clock: Clock;
  readonly callTimeoutMs: number;
  readonly maxPendingCalls: number;
  readonly counts: Counts;
  readonly onRequest: (message: ControlMessage) => void;
  readonly onEnd: () => void;
}

/** One call or tell. */
export interface PeerRequest<M extends Method> {
  readonly endpoint: string;
  readonly fencingToken: string;
  readonly method: M;
  readonly body: Messages[M]["request"];
  readonly timeoutMs?: number;
}

interface PendingCall {
  readonly method: Method;
  readonly resolve: (reply: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly endpoint: string;
  readonly timeoutMs: number;
  /** On the monotonic clock. */
  readonly dueMs: number;
}

/** See the module. */
export class ConnectionPeer implements RpcPeer {
  readonly #connection: Connection;
  readonly #identity: PeerIdentity;
  readonly #options: PeerOptions;
  readonly #pending = new Map<number, PendingCall>();
  #listeners: ((cause: FlinkError | undefined) => void)[] = [];
  #nextCorrelation = 1;
  /** One timer for all calls: it may be early, never late. */
  #cancelTimer: Cancel = () => {};
  #timerDueMs = Infinity;
  #end: { readonly cause: FlinkError | undefined } | undefined;

  constructor(connection: Connection, identity: PeerIdentity, options: PeerOptions) {
    this.#connection = connection;
    this.#identity = identity;
    this.#options = options;
    connection.onFrame = (frame) => this.#take(frame);
    connection.onClose = (cause) => this.#ended(cause);
  }

  get resourceId(): string {
    return this.#identity.resourceId;
  }
  get role(): PeerIdentity["role"] {
    return this.#identity.role;
  }
  get address(): Address {
    return this.#connection.peer;
  }
  get isOpen(): boolean {
    return this.#end === undefined;
  }
  get pendingCalls(): number {
    return this.#pending.size;
  }

  onClose(listener: (cause: FlinkError | undefined) => void): void {
    if (this.#end === undefined) this.#listeners.push(listener);
    else {
      const { cause } = this.#end;
      void Promise.resolve().then(() => listener(cause));
    }
  }

  close(cause?: FlinkError): void {
    this.#connection.close(cause);
  }

  call<M extends Method>(request: PeerRequest<M>): Promise<Messages[M]["reply"]> {
    const { clock, callTimeoutMs, maxPendingCalls } = this.#options;
    const { endpoint, method, timeoutMs = callTimeoutMs } = request;
    if (this.#end !== undefined) return Promise.reject(this.#lost(method, this.#end.cause));
    if (this.#pending.size >= maxPendingCalls) {
      return Promise.reject(tooManyCalls(this, method, maxPendingCalls));
    }
    const correlation = this.#nextCorrelation;
    this.#nextCorrelation = correlation === 0xffff_ffff ? 1 : correlation + 1;
    return new Promise((resolve, reject) => {
      // First, for it may throw.
      const frame = frameOf(MessageKind.CALL, correlation, request);
      const dueMs = clock.monotonic() + timeoutMs;
      const ends = { resolve: resolve as PendingCall["resolve"], reject };
      this.#pending.set(correlation, { method, endpoint, timeoutMs, dueMs, ...ends });
      this.#wakeAt(dueMs);
      this.#connection.send(frame);
    });
  }

  tell<M extends Method>(request: PeerRequest<M>): void {
    if (this.isOpen) this.#connection.send(frameOf(MessageKind.TELL, 0, request));
  }

  #wakeAt(dueMs: number): void {
    if (dueMs >= this.#timerDueMs) return;
    const { clock } = this.#options;
    this.#cancelTimer();
    this.#timerDueMs = dueMs;
    this.#cancelTimer = clock.after(dueMs - clock.monotonic(), () => this.#timeOut());
  }

  #timeOut(): void {
    const nowMs = this.#options.clock.monotonic();
    let nextMs = Infinity;
    for (const [correlation, { method, endpoint, timeoutMs, dueMs, reject }] of this.#pending) {
      if (dueMs > nowMs) nextMs = Math.min(nextMs, dueMs);
      else {
        this.#pending.delete(correlation);
        reject(noAnswer(this, endpoint, method, timeoutMs));
      }
    }
    this.#timerDueMs = Infinity;
    if (nextMs < Infinity) this.#wakeAt(nextMs);
  }

  reply(correlation: number, body: WireBody): void {
    this.#send({ kind: MessageKind.REPLY, correlation, body });
  }

  fail(correlation: number, error: unknown): void {
    this.#send({ kind: MessageKind.FAILURE, correlation, body: { table: "Failure", value: errorToBytes(error) } });
  }

  #send(answer: Pick<ControlMessage, "kind" | "correlation" | "body">): void {
    if (this.isOpen) this.#connection.send(encodeControl({ endpoint: "", fencingToken: "", ...answer }));
  }

  #take(frame: Uint8Array<ArrayBuffer>): void {
    try {
      const message = decodeControl(frame);
      if (message.kind === MessageKind.CALL || message.kind === MessageKind.TELL) this.#options.onRequest(message);
      else this.#answered(message);
    } catch (error) {
      this.#options.counts.malformed++;
      this.close(error instanceof FlinkError ? error : malformed(String(error)));
    }
  }

  #answered({ kind, correlation, body }: ControlMessage): void {
    const call = this.#pending.get(correlation);
    // It came after its timeout.
    if (call === undefined) return void this.#options.counts.lateReplies++;
    const error = kind === MessageKind.FAILURE ? failureOf(body) : undefined;
    const reply = error === undefined ? decodeReply(call.method, body) : undefined;
    this.#pending.delete(correlation);
    if (error === undefined) call.resolve(reply);
    else call.reject(error.error);
  }

  #ended(cause: FlinkError | undefined): void {
    if (this.#end !== undefined) return;
    this.#end = { cause };
    this.#options.onEnd();
    this.#cancelTimer();
    for (const { method, reject } of this.#pending.values()) reject(this.#lost(method, cause));
    this.#pending.clear();
    for (const listener of this.#listeners.splice(0)) listener(cause);
  }

  #lost(method: Method, cause: FlinkError | undefined): FlinkError {
    return new RetryableError("TSF-5208", `${method} did not reach ${this.resourceId}, or its answer was lost`, {
      expected: "an open connection",
      ...(cause === undefined ? { found: "a connection that was closed" } : { cause }),
      hint: "It may or may not have taken effect.",
    });
  }
}

function frameOf<M extends Method>(kind: MessageKind, correlation: number, request: PeerRequest<M>): Uint8Array {
  const { endpoint, fencingToken, method, body } = request;
  return encodeControl({ kind, correlation, endpoint, fencingToken, body: encodeRequest(method, body) });
}

function failureOf({ table, value }: WireBody): { readonly error: unknown } {
  if (table !== "Failure" || value.error === undefined) throw malformed(`a failure that is a ${table}`, "a Failure");
  return { error: errorFromBytes(value.error) };
}

function noAnswer(peer: RpcPeer, endpoint: string, method: string, timeoutMs: number): FlinkError {
  return new RetryableError("TSF-5207", `${method} of ${endpoint} at ${peer.resourceId} was not answered`, {
    expected: `an answer within ${timeoutMs} ms`,
    hint: "The process there is busy, stopped or cut off; the call may still take effect.",
  });
}

function tooManyCalls(peer: RpcPeer, method: string, limit: number): FlinkError {
  return new RetryableError("TSF-5219", `${method} was not sent to ${peer.resourceId}`, {
    expected: `at most ${limit} calls without an answer`,
    hint: "The process there does not answer, or far too slowly.",
  });
}
