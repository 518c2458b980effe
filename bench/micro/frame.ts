/**
 * `deno run -A bench/micro/frame.ts`: data frames of 32 KiB from this process to another over the cluster's transport,
 * and control calls there and back, each interleaved with the same over a bare TCP socket: the measure of the machine.
 * CPU is that of both processes, user and system.
 *
 * Usage: deno run -A bench/micro/frame.ts [--frames 8000] [--calls 3000] [--repeats 3] [--payload 32768] [--json]
 *
 * @module
 */

import process from "node:process";
import { ConnectionRpcService } from "../../cluster/rpc/connection_rpc_service.ts";
import { HandshakeTransport } from "../../cluster/transport/handshake_transport.ts";
import { H2Transport } from "../../cluster/transport/h2_transport.ts";
import { SystemClock } from "../../runtime/seams/system/clock.ts";
import type { Address, Connection } from "../../runtime/seams/transport.ts";
import { DATA_HEADER_BYTES, decodeDataFrame, encodeDataFrame, writeDataFrame } from "../../runtime/wire/data_frame.ts";

const LOOPBACK = { host: "127.0.0.1", port: 0 };
/** Frames on their way at most, as credits would allow. */
const MAX_BUFFERED_BYTES = 1024 * 1024;
const PING_BYTES = 100;

function option(name: string, fallback: number): number {
  const at = Deno.args.indexOf(`--${name}`);
  return at < 0 ? fallback : Number(Deno.args[at + 1]);
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function network(resourceId: string): { transport: HandshakeTransport; rpc: ConnectionRpcService } {
  const clock = new SystemClock();
  const transport = new HandshakeTransport(new H2Transport({ clock }), {
    clock,
    identity: { role: "taskmanager", resourceId },
    productVersion: "bench",
    hostApiVersion: "v1",
  });
  return { transport, rpc: new ConnectionRpcService({ transport, clock }) };
}

/** The other process: counts frames and answers with its CPU time when a frame of channel 1 comes; echoes over TCP. */
async function child(): Promise<void> {
  const { transport, rpc } = network("child");
  rpc.register("bench", { heartbeat: ({ payload }) => ({ payload: payload === "cpu" ? cpuMs() : payload }) });
  const listener = await transport.listen(LOOPBACK, (connection) => {
    if (connection.kind === "control") return void rpc.accept(connection);
    connection.lendsFrames = true;
    connection.onFrame = (frame) => {
      const { channel, payload } = decodeDataFrame(frame);
      if (channel === 1) {
        connection.send(encodeDataFrame({ link: 0, kind: 2, channel: 1, argument: payload.length, payload }));
      }
    };
  });
  const tcp = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  console.log(JSON.stringify({ h2: listener.address, tcp: (tcp.addr as Deno.NetAddr).port }));
  for await (const conn of tcp) void serveTcp(conn);
}

/** A first byte 0: swallows all, one 1: echoes. */
async function serveTcp(conn: Deno.TcpConn): Promise<void> {
  conn.setNoDelay();
  const buffer = new Uint8Array(256 * 1024);
  let isEcho: boolean | undefined;
  try {
    for (;;) {
      const count = await conn.read(buffer);
      if (count === null) break;
      const last = buffer[count - 1];
      if (isEcho === undefined) isEcho = buffer[0] === 1;
      if (isEcho || last === 0xff) await writeAll(conn, buffer.subarray(0, isEcho ? count : 1));
    }
  } finally {
    conn.close();
  }
}

async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

interface Bulk {
  readonly wallMs: number;
}

/** Frames over the transport until the last is answered. */
function bulkH2(connection: Connection, frames: number, payload: Uint8Array): Promise<Bulk> {
  const start = performance.now();
  return new Promise((resolve) => {
    connection.onFrame = () => resolve({ wallMs: performance.now() - start });
    let sent = 0;
    const send = () => {
      while (sent < frames && connection.bufferedBytes < MAX_BUFFERED_BYTES) {
        sent++;
        const room = connection.reserve(DATA_HEADER_BYTES + payload.length);
        writeDataFrame(room, { link: 7, kind: 1, channel: sent === frames ? 1 : 0, argument: 0, payload });
      }
      if (sent < frames) connection.onceDrained(MAX_BUFFERED_BYTES / 2, send);
    };
    send();
  });
}

async function bulkTcp(port: number, frames: number, payload: Uint8Array): Promise<Bulk> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const bytes = payload.slice().fill(0);
  const last = bytes.slice();
  last[last.length - 1] = 0xff;
  const start = performance.now();
  for (let sent = 1; sent <= frames; sent++) await writeAll(conn, sent === frames ? last : bytes);
  await conn.read(new Uint8Array(1));
  const wallMs = performance.now() - start;
  conn.close();
  return { wallMs };
}

async function roundTrips(calls: number, once: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < calls; i++) {
    const start = performance.now();
    await once();
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[calls >> 1] * 1000;
}

async function tcpPing(port: number): Promise<{ once(): Promise<unknown>; close(): void }> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  conn.setNoDelay();
  const bytes = new Uint8Array(PING_BYTES).fill(1);
  const into = new Uint8Array(PING_BYTES);
  const once = async () => {
    await writeAll(conn, bytes);
    for (let got = 0; got < PING_BYTES;) got += await conn.read(into) ?? PING_BYTES;
  };
  return { once, close: () => conn.close() };
}

async function parent(): Promise<void> {
  const [frames, calls, repeats] = [option("frames", 8000), option("calls", 3000), option("repeats", 3)];
  const payload = Uint8Array.from({ length: option("payload", 32_768) }, (_, i) => (i * 7) & 0x7f);
  const other = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", import.meta.filename!, "--child"],
    stdout: "piped",
  }).spawn();
  const reader = other.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { h2, tcp } = JSON.parse((await reader.read()).value!) as { h2: Address; tcp: number };
  const { transport, rpc } = network("parent");
  const data = await transport.connect(h2, "data");
  const gateway = rpc.gateway(await rpc.connect(h2), "bench", "");
  const childCpu = async () => (await gateway.call("heartbeat", { resourceId: "", payload: "cpu" })).payload as number;
  const ping = await tcpPing(tcp);
  const ways: Record<string, () => Promise<Bulk>> = {
    "tcp": () => bulkTcp(tcp, frames, payload),
    "h2": () => bulkH2(data, frames, payload),
  };
  const gigabytes = frames * payload.length / 1e9;
  const results = new Map<string, number[][]>();
  const note = (name: string, row: number[]) => results.set(name, [...results.get(name) ?? [], row]);
  for (let repeat = 0; repeat < repeats; repeat++) {
    for (const [name, run] of Object.entries(ways)) {
      const before = cpuMs() + await childCpu();
      const { wallMs } = await run();
      const cpu = cpuMs() + await childCpu() - before;
      note(`bulk ${name}`, [frames / wallMs * 1000, gigabytes * 1e6 / wallMs, cpu / gigabytes]);
    }
    note("round trip tcp", [await roundTrips(calls, ping.once)]);
    const beat = () => gateway.call("heartbeat", { resourceId: "r", payload: 1 });
    note("round trip call", [await roundTrips(calls, beat)]);
  }
  const units: Record<string, string[]> = { b: ["frames/s", "MB/s", "CPU ms/GB"], r: ["us p50"] };
  for (const [name, rows] of results) {
    const medians = rows[0].map((_, i) => rows.map((row) => row[i]).sort((a, b) => a - b)[rows.length >> 1]);
    if (Deno.args.includes("--json")) console.log(JSON.stringify({ name, medians }));
    else {console.log(
        name.padEnd(18),
        medians.map((value, i) => `${value.toFixed(0).padStart(7)} ${units[name[0]][i]}`).join("  "),
      );}
  }
  ping.close();
  other.kill("SIGKILL");
  await other.status;
  Deno.exit(0);
}

if (import.meta.main) await (Deno.args.includes("--child") ? child() : parent());
