/**
 * The network of a role: HTTP/2 with the cluster's token or certificates, the handshake over it, calls over that. A role
 * that would listen beyond loopback without either does not start.
 *
 * @module
 */

import product from "../../../deno.json" with { type: "json" };
import { FlinkError } from "../../../runtime/errors.ts";
import type { Seams } from "../../../runtime/seams/seams.ts";
import type { Address, Connection, Listener } from "../../../runtime/seams/transport.ts";
import { JobOptions } from "../../../runtime/api/config_options.ts";
import type { ClusterConfiguration } from "../../config/cluster_configuration.ts";
import { RpcOptions, SecurityOptions } from "../../config/cluster_options.ts";
import { ConnectionRpcService } from "../../rpc/connection_rpc_service.ts";
import { readClusterToken } from "../../security/cluster_token.ts";
import { loadTlsMaterial, type TlsMaterial } from "../../security/tls_material.ts";
import { H2Transport } from "../../transport/h2_transport.ts";
import { HandshakeTransport } from "../../transport/handshake_transport.ts";
import type { RoleProcess } from "../../process/role_process.ts";
import type { Role, RoleStart } from "./role_start.ts";

/** Version of the product, as it is shown. */
export const PRODUCT_VERSION: string = product.version;
/** Of the API that bundled jobs bind to (runtime/api/host_binding.ts). */
const HOST_API_VERSION = "1";
/** Room for the header of the largest record, bytes. */
const DATA_HEADER_BYTES = 65_536;

/** What lets peers in. */
export interface RoleSecurity {
  readonly token?: string;
  readonly tls?: TlsMaterial;
  /** Of REST, which may have certificates of its own. */
  readonly restTls?: {
    readonly cert: string;
    readonly key: string;
    readonly ca?: string;
    readonly requestCert: boolean;
  };
}

/** See the module. */
export interface RoleNetwork {
  readonly transport: HandshakeTransport;
  readonly wire: H2Transport;
  readonly rpc: ConnectionRpcService;
  /** Takes connections of peers; without `onData` those for data are refused. */
  listen(address: Address, onData?: (connection: Connection) => void): Promise<Listener>;
}

/** Reads token and certificates. */
export async function roleSecurity({ configuration }: RoleStart, seams: Seams): Promise<RoleSecurity> {
  const tokenFile = configuration.get(SecurityOptions.TOKEN_FILE);
  const token = tokenFile === undefined ? undefined : await readClusterToken(seams.files, tokenFile);
  const now = seams.clock.now();
  const tls = configuration.get(SecurityOptions.SSL_INTERNAL)
    ? await loadTlsMaterial(seams.files, {
      certificate: needed(configuration, SecurityOptions.SSL_INTERNAL_CERTIFICATE),
      key: needed(configuration, SecurityOptions.SSL_INTERNAL_KEY),
      certificateAuthority: needed(configuration, SecurityOptions.SSL_INTERNAL_CA),
    }, now)
    : undefined;
  if (!configuration.get(SecurityOptions.SSL_REST)) return { token, tls };
  const requestCert = configuration.get(SecurityOptions.SSL_REST_AUTHENTICATION);
  const certificate = needed(configuration, SecurityOptions.SSL_REST_CERTIFICATE);
  const authority = configuration.get(SecurityOptions.SSL_REST_CA);
  const rest = await loadTlsMaterial(seams.files, {
    certificate,
    key: needed(configuration, SecurityOptions.SSL_REST_KEY),
    certificateAuthority: requestCert ? needed(configuration, SecurityOptions.SSL_REST_CA) : authority ?? certificate,
  }, now);
  const ca = requestCert ? rest.certificateAuthority : undefined;
  return { token, tls, restTls: { cert: rest.certificate, key: rest.key, ca, requestCert } };
}

/** A port that a role is going to open. */
export interface PlannedPort {
  readonly what: string;
  readonly host: string;
  /** Whether whoever connects has to show something. */
  readonly isSecured: boolean;
  /** The option that says where it is. */
  readonly key: string;
}

/**
 * Refuses ports that anybody on the network could use.
 *
 * @throws FlinkError TSF-4106 unless --insecure was given.
 */
export function checkPorts({ configuration, log }: RoleStart, ports: readonly PlannedPort[]): void {
  const open = ports.filter(({ host, isSecured }) => !isSecured && !isLoopback(host));
  if (open.length === 0) return;
  const shown = open.map(({ what, host, key }) => `${what} at ${host} (${key})`).join(", ");
  if (configuration.get(SecurityOptions.INSECURE)) {
    log.log("warn", `INSECURE: whoever reaches this machine can run code in it: ${shown}`);
    return;
  }
  throw new FlinkError("TSF-4106", "A port that anybody on the network could use is not opened", {
    expected: `addresses of this machine only (127.0.0.1), a token (${SecurityOptions.TOKEN_FILE.key}) or mutual TLS`,
    found: shown,
    hint: "--insecure opens it all the same.",
  });
}

/** Whether only this machine can connect. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** Where others reach what listens at `bindHost`. */
export function reachableHost(bindHost: string): string {
  return bindHost === "0.0.0.0" || bindHost === "::" ? Deno.hostname() : bindHost;
}

/** The address as it is connected to: the name localhost may lead to an address nobody listens at. */
export function dialHost(host: string): string {
  return host === "localhost" ? "127.0.0.1" : host;
}

/** Puts the network together; it is closed at the end of the process. */
export function roleNetwork(
  { role, configuration }: RoleStart,
  parts: {
    readonly seams: Seams;
    readonly process: RoleProcess;
    readonly security: RoleSecurity;
    readonly resourceId: string;
  },
): RoleNetwork {
  const { seams, process, security, resourceId } = parts;
  const connectTimeoutMs = configuration.get(RpcOptions.CONNECT_TIMEOUT);
  const wire = new H2Transport({ clock: seams.clock, token: security.token, tls: security.tls, connectTimeoutMs });
  const transport = new HandshakeTransport(wire, {
    clock: seams.clock,
    identity: { role: role satisfies Role, resourceId },
    productVersion: PRODUCT_VERSION,
    hostApiVersion: HOST_API_VERSION,
    maxControlFrameBytes: configuration.get(RpcOptions.FRAME_SIZE),
    maxDataFrameBytes: configuration.get(JobOptions.MAX_RECORD_SIZE) + DATA_HEADER_BYTES,
    handshakeTimeoutMs: connectTimeoutMs,
  });
  const rpc = new ConnectionRpcService({
    transport,
    clock: seams.clock,
    log: seams.log,
    callTimeoutMs: configuration.get(RpcOptions.ASK_TIMEOUT),
  });
  process.onStop("calls", () => rpc.close());
  return {
    transport,
    wire,
    rpc,
    listen: async (address, onData) => {
      const listener = await transport.listen(address, (connection) => {
        if (connection.kind === "control") rpc.accept(connection);
        else if (onData !== undefined) onData(connection);
        else connection.close(noData(connection));
      });
      transport.announce({ host: reachableHost(address.host), port: listener.address.port });
      process.onStop(`port ${listener.address.port}`, () => listener.close());
      return listener;
    },
  };
}

function noData(connection: Connection): FlinkError {
  return new FlinkError("TSF-4115", "A JobManager takes no data", {
    expected: "a connection for control",
    found: `one for data from ${connection.peer.host}:${connection.peer.port}`,
  });
}

function needed(
  configuration: ClusterConfiguration,
  option: {
    readonly key: string;
    readonly kind: string;
    readonly defaultValue: string | undefined;
    description: string;
  },
): string {
  const value = configuration.get(option as typeof SecurityOptions.SSL_INTERNAL_KEY);
  if (value !== undefined) return value;
  throw new FlinkError("TSF-4107", `${option.key} is missing`, {
    expected: `the path of a file: ${option.description}`,
    found: "nothing",
    hint: "`tsflink certs` makes certificates for development.",
  });
}

/** Whether REST asks for something of whoever connects. */
export function isRestSecured(security: RoleSecurity): boolean {
  return security.token !== undefined || security.restTls?.requestCert === true;
}
