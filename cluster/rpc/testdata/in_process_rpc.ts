/** An RpcService on a network inside the test: handshake, frames and codec are the real ones. */

import type { Clock } from "../../../runtime/seams/clock.ts";
import type { Address, Connection, Listener, PeerIdentity } from "../../../runtime/seams/transport.ts";
import { ManualClock } from "../../../runtime/testing/manual_clock.ts";
import { HandshakeTransport } from "../../transport/handshake_transport.ts";
import type { InProcessNetwork } from "../../transport/in_process_transport.ts";
import { ConnectionRpcService, type RpcServiceOptions } from "../connection_rpc_service.ts";

export interface InProcessRpc {
  readonly rpc: ConnectionRpcService;
  readonly transport: HandshakeTransport;
  readonly address: Address;
  readonly listener: Listener;
  /** Set by who takes data connections. */
  onData: (connection: Connection) => void;
}

/** A process of the test, listening. */
export async function inProcessRpc(
  network: InProcessNetwork,
  resourceId: string,
  options: { readonly role?: PeerIdentity["role"]; readonly clock?: Clock } & Partial<RpcServiceOptions> = {},
): Promise<InProcessRpc> {
  const { role = "taskmanager", clock = new ManualClock(), ...others } = options;
  const transport = new HandshakeTransport(network.transport(), {
    clock,
    identity: { role, resourceId },
    productVersion: "test",
    hostApiVersion: "v1",
  });
  const rpc = new ConnectionRpcService({ transport, clock, ...others });
  const listener = await transport.listen({ host: "127.0.0.1", port: 0 }, (connection) => {
    if (connection.kind === "control") rpc.accept(connection);
    else made.onData(connection);
  });
  transport.announce(listener.address);
  const made: InProcessRpc = { rpc, transport, address: listener.address, listener, onData: () => {} };
  return made;
}

/** Lets everything that is under way happen (no timers). */
export async function settle(rounds = 50): Promise<void> {
  for (let i = 0; i < rounds; i++) await Promise.resolve();
}
