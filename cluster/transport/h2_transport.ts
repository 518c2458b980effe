/**
 * The Transport over HTTP/2 (node:http2): h2c with prior knowledge, or TLS with certificates on both sides. A connection
 * is one session with one stream, POST /tsflink/v1/control or /data, whose body each way is a sequence of frames.
 *
 * Invariants: who does not show the token, or a certificate of the CA, never gets a stream; errors of peers end their
 * connection and nothing else. The end of the stream means nothing (a killed peer looks like a clean end): whether an
 * end is clean is decided by the handshake layer.
 *
 * @module
 */

import http2 from "node:http2";
import type net from "node:net";
import { FlinkError } from "../../runtime/errors.ts";
import type { Clock } from "../../runtime/seams/clock.ts";
import type { Address, Connection, ConnectionKind, Listener, Transport } from "../../runtime/seams/transport.ts";
import { WIRE_VERSION } from "../../runtime/wire/wire_version.ts";
import { bearer } from "../security/cluster_token.ts";
import type { TlsMaterial } from "../security/tls_material.ts";
import { H2Connection } from "./h2_connection.ts";
import { type Refusal, refusalOf, responseError, VERSION_HEADER } from "./h2_refusals.ts";
import { endLater } from "./h2_session_end.ts";
import { cannotListen, nobodyThere } from "./transport_errors.ts";

/** Bytes that may be under way on a stream; the 64 KiB of the standard cost half of the throughput. */
const WINDOW_BYTES = 4 * 1024 * 1024;
const CONNECT_TIMEOUT_MS = 10_000;
const MAX_SESSIONS = 4096;
const CLOSE_TIMEOUT_MS = 1_000;
const MAX_ERROR_BODY_BYTES = 65_536;
/** Streams of one session: one is used. */
const MAX_STREAMS = 8;

/** How to reach others and who is let in. */
export interface H2TransportOptions {
  readonly clock: Clock;
  /** Shown by connections that are opened, demanded of those that are taken. */
  readonly token?: string;
  /** Certificates for both directions; without them the wire is plain. */
  readonly tls?: TlsMaterial;
  /** How long a connection may take to open; also how long a session without a stream is kept. Default 10 s. */
  readonly connectTimeoutMs?: number;
  /** Connections of others at a time; more are dropped. Default 4096. */
  readonly maxSessions?: number;
}

/** Counts since the start. */
export interface H2Statistics {
  /** Requests that were answered with an error: wrong path, method, version or token. */
  refusedRequests: number;
  /** Sessions that broke the protocol: not HTTP/2, no certificate, or a request that never came. */
  brokenSessions: number;
}

/** See the module. */
export class H2Transport implements Transport {
  readonly statistics: H2Statistics = { refusedRequests: 0, brokenSessions: 0 };
  readonly #options: Required<Pick<H2TransportOptions, "connectTimeoutMs" | "maxSessions">> & H2TransportOptions;

  constructor(options: H2TransportOptions) {
    this.#options = { connectTimeoutMs: CONNECT_TIMEOUT_MS, maxSessions: MAX_SESSIONS, ...options };
  }

  listen(address: Address, onConnection: (connection: Connection) => void): Promise<Listener> {
    const server = this.#server();
    const sessions = new Set<http2.ServerHttp2Session>();
    const connections = new Set<H2Connection>();
    server.on("session", (session: http2.ServerHttp2Session) => {
      endLater(session);
      if (sessions.size >= this.#options.maxSessions) {
        this.statistics.brokenSessions++;
        return session.destroy();
      }
      sessions.add(session);
      session.on("close", () => sessions.delete(session));
      this.#watch(session);
    });
    server.on(
      "stream",
      (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) =>
        this.#takeStream(stream, headers, (connection) => {
          connections.add(connection);
          stream.on("close", () => connections.delete(connection));
          onConnection(connection);
        }),
    );
    for (const event of ["sessionError", "tlsClientError", "clientError", "unknownProtocol"]) {
      server.on(event, (_error: unknown, socket?: net.Socket) => {
        this.statistics.brokenSessions++;
        socket?.destroy?.();
      });
    }
    return new Promise((resolve, reject) => {
      server.once("error", (error: Error) => reject(cannotListen(address, error)));
      server.listen(address.port, address.host, () => {
        server.on("error", () => this.statistics.brokenSessions++);
        const { port } = server.address() as net.AddressInfo;
        const close = () => {
          for (const connection of connections) connection.close();
          return this.#close(server, sessions);
        };
        resolve({ address: { host: address.host, port }, close });
      });
    });
  }

  connect(address: Address, kind: ConnectionKind): Promise<Connection> {
    const { clock, token, connectTimeoutMs } = this.#options;
    const session = this.#dial(address);
    endLater(session);
    return new Promise((resolve, reject) => {
      const fail = (cause: unknown) => {
        cancel();
        session.destroy();
        reject(cause instanceof FlinkError ? cause : nobodyThere(address, cause));
      };
      const cancel = clock.after(
        connectTimeoutMs,
        () => fail(new Error(`no answer within ${connectTimeoutMs} ms`)),
      );
      session.on("error", fail);
      session.once("close", () => fail(new Error("the connection was closed")));
      session.once("connect", () => session.setLocalWindowSize(WINDOW_BYTES));
      const stream = session.request({
        ":method": "POST",
        ":path": `/tsflink/v1/${kind}`,
        "content-type": "application/octet-stream",
        [VERSION_HEADER]: String(WIRE_VERSION),
        ...(token !== undefined && { authorization: bearer(token) }),
      }, { endStream: false });
      stream.on("error", fail);
      stream.once("response", (headers: http2.IncomingHttpHeaders) => {
        const status = Number(headers[":status"]);
        if (status !== 200) {
          return void readBody(stream).then((body) => fail(responseError(address, status, body)));
        }
        cancel();
        resolve(new H2Connection({ stream, session, peer: address, kind, clock, closesSession: true }));
      });
    });
  }

  #server(): http2.Http2Server | http2.Http2SecureServer {
    const { tls } = this.#options;
    const settings = { initialWindowSize: WINDOW_BYTES, maxConcurrentStreams: MAX_STREAMS };
    if (tls === undefined) return http2.createServer({ settings });
    const { certificate, key, certificateAuthority } = tls;
    return http2.createSecureServer({
      settings,
      cert: certificate,
      key,
      ca: certificateAuthority,
      requestCert: true,
      rejectUnauthorized: true,
      allowHTTP1: false,
    });
  }

  #dial({ host, port }: Address): http2.ClientHttp2Session {
    const { tls } = this.#options;
    const authority = `${host.includes(":") ? `[${host}]` : host}:${port}`;
    const settings = { initialWindowSize: WINDOW_BYTES, enablePush: false };
    if (tls === undefined) return http2.connect(`http://${authority}`, { settings });
    const { certificate, key, certificateAuthority, serverName } = tls;
    return http2.connect(`https://${authority}`, {
      settings,
      cert: certificate,
      key,
      ca: certificateAuthority,
      ...(serverName !== undefined && { servername: serverName }),
    });
  }

  /** A session that opens no stream is not kept. */
  #watch(session: http2.ServerHttp2Session): void {
    const { clock, connectTimeoutMs } = this.#options;
    session.setLocalWindowSize(WINDOW_BYTES);
    session.on("error", () => this.statistics.brokenSessions++);
    const cancel = clock.after(connectTimeoutMs, () => {
      this.statistics.brokenSessions++;
      session.destroy();
    });
    session.once("stream", cancel);
    session.once("close", cancel);
  }

  #takeStream(
    stream: http2.ServerHttp2Stream,
    headers: http2.IncomingHttpHeaders,
    onConnection: (connection: H2Connection) => void,
  ): void {
    const { clock, token } = this.#options;
    const refusal = refusalOf(headers, token);
    if (refusal !== undefined) return this.#refuse(stream, refusal);
    const session = stream.session!;
    const { remoteAddress = "?", remotePort = 0 } = session.socket;
    stream.respond({
      ":status": 200,
      "content-type": "application/octet-stream",
      [VERSION_HEADER]: String(WIRE_VERSION),
    });
    onConnection(
      new H2Connection({
        stream,
        session,
        peer: { host: remoteAddress, port: remotePort },
        kind: headers[":path"]!.endsWith("control") ? "control" : "data",
        clock,
        closesSession: false,
      }),
    );
  }

  /** What is on its way still leaves, if the peers take it soon. */
  #close(
    server: http2.Http2Server | http2.Http2SecureServer,
    sessions: ReadonlySet<http2.ServerHttp2Session>,
  ): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(CLOSE_TIMEOUT_MS, () => {
        for (const session of sessions) session.destroy();
      });
      server.close(() => {
        cancel();
        resolve();
      });
      for (const session of sessions) session.close();
    });
  }

  #refuse(stream: http2.ServerHttp2Stream, { status, body }: Refusal): void {
    this.statistics.refusedRequests++;
    stream.on("error", () => {});
    stream.resume();
    stream.respond({ ":status": status, "content-type": "application/json", [VERSION_HEADER]: String(WIRE_VERSION) });
    stream.end(body);
  }
}

/** The first bytes of a body as text. */
function readBody(stream: http2.ClientHttp2Stream): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Uint8Array[] = [];
    let size = 0;
    stream.on("data", (chunk: Uint8Array) => {
      size += chunk.length;
      if (size <= MAX_ERROR_BODY_BYTES) chunks.push(chunk);
    });
    const done = () => resolve(new TextDecoder().decode(Uint8Array.from(chunks.flatMap((chunk) => [...chunk]))));
    stream.on("end", done);
    stream.on("close", done);
  });
}
