/**
 * The TaskManager's tie to its ResourceManager: connects, registers, sends heartbeats, and begins again whenever that
 * breaks. Jobs go on meanwhile.
 *
 * A try that fails or is not answered is followed by the next after a wait that doubles from
 * `cluster.registration.initial-timeout` up to `cluster.registration.max-timeout`; a refusal by one after
 * `cluster.registration.refused-registration-delay`. When there was no ResourceManager for
 * `taskmanager.registration.timeout`, that is told once.
 *
 * Caller: task_executor.ts.
 *
 * @module
 */

import type { Cancel, Clock } from "../../runtime/seams/clock.ts";
import type { Log } from "../../runtime/seams/log.ts";
import type { Address } from "../../runtime/seams/transport.ts";
import { HeartbeatMonitor } from "../rpc/heartbeat.ts";
import type { TaskManagerRegistration } from "../rpc/messages.ts";
import type { RpcGateway, RpcPeer, RpcService } from "../rpc/rpc_service.ts";
import type { TaskManagerLimits } from "./task_manager_options.ts";

/** What the tie is made from. */
export interface ResourceManagerConnectionOptions {
  readonly rpc: RpcService;
  readonly clock: Clock;
  readonly log: Log;
  readonly address: Address;
  readonly limits: TaskManagerLimits;
  readonly resourceId: string;
  /** As it is now. */
  readonly registration: () => TaskManagerRegistration;
  /** What goes with every heartbeat. */
  readonly payload: () => unknown;
  /** Registered, over this connection. */
  readonly onRegistered: (peer: RpcPeer) => void;
  /** That connection has ended. */
  readonly onLost: (peer: RpcPeer, cause: unknown) => void;
  /** There was no ResourceManager for too long. */
  readonly onGivenUp: (cause: string) => void;
}

/** See the module. */
export class ResourceManagerConnection {
  readonly #options: ResourceManagerConnectionOptions;
  #peer: RpcPeer | undefined;
  #gateway: RpcGateway | undefined;
  #heartbeats: HeartbeatMonitor | undefined;
  #stopRetry: Cancel = () => {};
  #stopGivingUp: Cancel = () => {};
  #timeoutMs: number;
  #isClosed = false;
  /** Said once per time without a ResourceManager. */
  #hasComplained = false;

  constructor(options: ResourceManagerConnectionOptions) {
    this.#options = options;
    this.#timeoutMs = options.limits.registrationInitialTimeoutMs;
  }

  start(): void {
    this.#limitSearch();
    void this.#register();
  }

  /** Once registered. */
  get gateway(): RpcGateway | undefined {
    return this.#gateway;
  }
  /** Once registered. */
  get peer(): RpcPeer | undefined {
    return this.#gateway === undefined ? undefined : this.#peer;
  }

  /** The ResourceManager was heard of. */
  heardOf(): void {
    this.#heartbeats?.heardOf("the ResourceManager");
  }

  close(): void {
    this.#isClosed = true;
    this.#stopRetry();
    this.#stopGivingUp();
    this.#heartbeats?.stop();
    this.#peer?.close();
  }

  async #register(): Promise<void> {
    const { rpc, address, log } = this.#options;
    try {
      this.#peer ??= await this.#connect();
      if (this.#isClosed) return this.#peer.close();
      const gateway = rpc.gateway(this.#peer, "resourcemanager", "");
      const peer = this.#peer;
      const reply = await gateway.call("registerTaskManager", this.#options.registration(), {
        timeoutMs: this.#timeoutMs,
      });
      if (this.#isClosed || this.#peer !== peer) return;
      if (reply.accepted) return this.#registered(peer, reply);
      log.log("warn", `The ResourceManager refuses this TaskManager: ${reply.reason}`);
      this.#retryAfter(this.#options.limits.registrationRefusedDelayMs);
    } catch (error) {
      if (this.#isClosed) return;
      if (!this.#hasComplained) {
        this.#hasComplained = true;
        const where = `${address.host}:${address.port}`;
        log.log("warn", `No ResourceManager answers at ${where}, trying again: ${firstLine(error)}`);
      }
      this.#backOff();
    }
  }

  async #connect(): Promise<RpcPeer> {
    const peer = await this.#options.rpc.connect(this.#options.address);
    peer.onClose((cause) => this.#lost(peer, cause));
    return peer;
  }

  #registered(
    peer: RpcPeer,
    { fencingToken, heartbeatIntervalMs, heartbeatTimeoutMs }: {
      readonly fencingToken: string;
      readonly heartbeatIntervalMs: number;
      readonly heartbeatTimeoutMs: number;
    },
  ): void {
    const { rpc, clock, log, resourceId, payload, onRegistered } = this.#options;
    this.#stopGivingUp();
    this.#hasComplained = false;
    this.#timeoutMs = this.#options.limits.registrationInitialTimeoutMs;
    const gateway = this.#gateway = rpc.gateway(peer, "resourcemanager", fencingToken);
    this.#heartbeats = new HeartbeatMonitor({
      clock,
      intervalMs: heartbeatIntervalMs,
      timeoutMs: heartbeatTimeoutMs,
    });
    this.#heartbeats.watch("the ResourceManager", {
      beat: () => gateway.call("heartbeat", { resourceId, payload: payload() }, { timeoutMs: heartbeatTimeoutMs }),
      onTimeout: (error) => {
        peer.close(error);
        this.#lost(peer, error);
      },
    });
    log.log("info", `Registered at the ResourceManager ${peer.address.host}:${peer.address.port}`);
    onRegistered(peer);
  }

  #lost(peer: RpcPeer, cause: unknown): void {
    if (this.#peer !== peer) return;
    const wasRegistered = this.#gateway !== undefined;
    this.#peer = undefined;
    this.#gateway = undefined;
    this.#heartbeats?.stop();
    if (this.#isClosed) return;
    if (wasRegistered) {
      this.#options.log.log(
        "warn",
        `The connection to the ResourceManager is lost: ${firstLine(cause ?? "it said goodbye")}`,
      );
      this.#limitSearch();
      this.#options.onLost(peer, cause);
      this.#retryAfter(0);
    }
  }

  #backOff(): void {
    const waitMs = this.#timeoutMs;
    this.#timeoutMs = Math.min(2 * waitMs, this.#options.limits.registrationMaxTimeoutMs);
    this.#retryAfter(waitMs);
  }

  #retryAfter(ms: number): void {
    this.#stopRetry();
    this.#stopRetry = this.#options.clock.after(ms, () => void this.#register());
  }

  #limitSearch(): void {
    const { clock, limits: { registrationTimeoutMs }, address, onGivenUp } = this.#options;
    this.#stopGivingUp();
    if (registrationTimeoutMs === Infinity) return;
    this.#stopGivingUp = clock.after(registrationTimeoutMs, () => {
      onGivenUp(
        `no ResourceManager at ${address.host}:${address.port} within taskmanager.registration.timeout, ${
          registrationTimeoutMs / 1000
        } s`,
      );
    });
  }
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split("\n")[0];
}
