/** What only HTTP/2 can do wrong, with strangers, killed and stopped processes at the other end. */

import assert from "node:assert/strict";
import http2 from "node:http2";
import process from "node:process";
import fc from "fast-check";
import type { FlinkError } from "../../runtime/errors.ts";
import { SystemClock } from "../../runtime/seams/system/clock.ts";
import type { Address, Connection } from "../../runtime/seams/transport.ts";
import { WIRE_VERSION } from "../../runtime/wire/wire_version.ts";
import type { TlsMaterial } from "../security/tls_material.ts";
import { H2Transport, type H2TransportOptions } from "./h2_transport.ts";
import { HandshakeTransport } from "./handshake_transport.ts";
import { testTls } from "./testdata/test_tls.ts";

const clock = new SystemClock();
const ANY = { host: "127.0.0.1", port: 0 };
const TOKEN = "a-token-of-24-characters";

function handshake(inner: H2Transport, resourceId = "x"): HandshakeTransport {
  return new HandshakeTransport(inner, {
    clock,
    identity: { role: "client", resourceId },
    productVersion: "test",
    hostApiVersion: "v1",
  });
}

interface Server {
  readonly transport: H2Transport;
  readonly address: Address;
  readonly taken: Connection[];
  close(): Promise<void>;
}

async function serve(options: Partial<H2TransportOptions> = {}): Promise<Server> {
  const transport = new H2Transport({ clock, ...options });
  const taken: Connection[] = [];
  const listener = await transport.listen(ANY, (connection) => taken.push(connection));
  return { transport, address: listener.address, taken, close: () => listener.close() };
}

interface RequestCase {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly token?: string;
  readonly status: number;
  readonly code?: string;
}
const GOOD = { ":method": "POST", ":path": "/tsflink/v1/control", "x-tsflink-version": String(WIRE_VERSION) };
const REQUESTS: readonly RequestCase[] = [
  { name: "control", headers: GOOD, status: 200 },
  { name: "data", headers: { ...GOOD, ":path": "/tsflink/v1/data" }, status: 200 },
  { name: "another path", headers: { ...GOOD, ":path": "/" }, status: 404, code: "TSF-5206" },
  { name: "a longer path", headers: { ...GOOD, ":path": "/tsflink/v1/control/x" }, status: 404, code: "TSF-5206" },
  { name: "GET", headers: { ...GOOD, ":method": "GET" }, status: 405, code: "TSF-5206" },
  { name: "no version", headers: { ":method": "POST", ":path": "/tsflink/v1/control" }, status: 426, code: "TSF-5202" },
  { name: "a later version", headers: { ...GOOD, "x-tsflink-version": "2" }, status: 426, code: "TSF-5202" },
  { name: "no token", headers: GOOD, token: TOKEN, status: 401, code: "TSF-5203" },
  {
    name: "a wrong token",
    headers: { ...GOOD, authorization: `Bearer ${TOKEN}x` },
    token: TOKEN,
    status: 401,
    code: "TSF-5203",
  },
  {
    name: "a token of another kind",
    headers: { ...GOOD, authorization: TOKEN },
    token: TOKEN,
    status: 401,
    code: "TSF-5203",
  },
  { name: "no token and no path", headers: { ...GOOD, ":path": "/" }, token: TOKEN, status: 401, code: "TSF-5203" },
  { name: "the token", headers: { ...GOOD, authorization: `Bearer ${TOKEN}` }, token: TOKEN, status: 200 },
];

for (const { name, headers, token, status, code } of REQUESTS) {
  Deno.test(`a request is let in or answered with a code: ${name}`, async () => {
    const server = await serve({ token });
    const session = http2.connect(`http://127.0.0.1:${server.address.port}`);
    const stream = session.request(headers, { endStream: false });
    stream.on("error", () => {});
    const found = await new Promise<number>((resolve) =>
      stream.on("response", (got) => resolve(Number(got[":status"])))
    );
    assert.equal(found, status);
    if (code !== undefined) {
      let body = "";
      for await (const chunk of stream) body += chunk;
      assert.equal(JSON.parse(body).code, code);
      assert.ok(!body.includes(TOKEN));
    }
    assert.equal(server.taken.length, status === 200 ? 1 : 0);
    assert.equal(server.transport.statistics.refusedRequests, status === 200 ? 0 : 1);
    session.destroy();
    await server.close();
  });
}

Deno.test("who connects with the wrong token, or none, is told so", async () => {
  const server = await serve({ token: TOKEN });
  for (const token of [undefined, `${TOKEN}x`]) {
    const client = new H2Transport({ clock, token });
    await assert.rejects(client.connect(server.address, "control"), (error) => {
      assert.equal((error as FlinkError).code, "TSF-5203");
      assert.match((error as FlinkError).hint!, /same token file/);
      return true;
    });
  }
  (await new H2Transport({ clock, token: TOKEN }).connect(server.address, "control")).close();
  await server.close();
});

Deno.test("what is no HTTP/2 at all is dropped, and the next peer is served", async () => {
  const server = await serve();
  const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  const texts = [
    "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "\x16\x03\x01\x02\x00\x01\x00",
    preface,
    `${preface}garbage garbage garbage`,
  ];
  const random = fc.sample(fc.uint8Array({ minLength: 1, maxLength: 2000 }), { numRuns: 30, seed: 3 });
  const all = [...texts.map((text) => new TextEncoder().encode(text)), ...random];
  const framed = random.map((bytes) => Uint8Array.of(...new TextEncoder().encode(preface), ...bytes));
  for (const bytes of [...all, ...framed]) {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: server.address.port });
    await conn.write(bytes);
    conn.close();
  }
  const connection = await new H2Transport({ clock }).connect(server.address, "control");
  assert.equal(server.taken.length, 1);
  connection.close();
  await server.close();
});

Deno.test("a session that asks for nothing is not kept", async () => {
  const server = await serve({ connectTimeoutMs: 50 });
  const session = http2.connect(`http://127.0.0.1:${server.address.port}`);
  session.on("error", () => {});
  await new Promise((resolve) => session.on("close", resolve));
  assert.equal(server.transport.statistics.brokenSessions, 1);
  await server.close();
});

Deno.test("no more peers than the limit", async () => {
  const server = await serve({ maxSessions: 2 });
  const client = new H2Transport({ clock });
  const two = [await client.connect(server.address, "control"), await client.connect(server.address, "control")];
  await assert.rejects(client.connect(server.address, "control"), { code: "TSF-5204" });
  const gone = new Promise((resolve) => server.taken[0].onClose = resolve);
  two[0].close();
  await gone;
  let third: Connection | undefined;
  // The session ends a little after its stream.
  while (third === undefined) third = await client.connect(server.address, "control").catch(() => undefined);
  await server.close();
});

/** Bytes as they are on the stream, from a stranger who keeps to HTTP/2. */
async function sendRaw(server: Server, bytes: Uint8Array, ends: boolean): Promise<FlinkError | undefined> {
  const count = server.taken.length;
  const session = http2.connect(`http://127.0.0.1:${server.address.port}`);
  session.on("error", () => {});
  const stream = session.request(GOOD, { endStream: false });
  stream.on("error", () => {});
  await new Promise((resolve) => stream.on("response", resolve));
  const connection = server.taken[count];
  connection.maxFrameBytes = 1000;
  const ended = new Promise<FlinkError | undefined>((resolve) => connection.onClose = resolve);
  stream.write(bytes);
  if (ends) stream.end();
  const cause = await ended;
  session.destroy();
  return cause;
}

interface StreamCase {
  readonly name: string;
  readonly bytes: readonly number[];
  readonly ends: boolean;
  readonly code?: string;
}
const STREAMS: readonly StreamCase[] = [
  { name: "a frame of no bytes", bytes: [0, 0, 0, 0], ends: false, code: "TSF-5200" },
  { name: "a frame larger than agreed", bytes: [0xe9, 3, 0, 0], ends: false, code: "TSF-5201" },
  { name: "a frame of 4 GiB", bytes: [0xff, 0xff, 0xff, 0xff], ends: false, code: "TSF-5201" },
  { name: "an end inside a length", bytes: [1, 0], ends: true, code: "TSF-5205" },
  { name: "an end inside a frame", bytes: [5, 0, 0, 0, 1, 2], ends: true, code: "TSF-5205" },
  { name: "an end between frames", bytes: [1, 0, 0, 0, 1], ends: true },
];
for (const { name, bytes, ends, code } of STREAMS) {
  Deno.test(`bytes that are no frames end their connection: ${name}`, async () => {
    const server = await serve();
    assert.equal((await sendRaw(server, Uint8Array.from(bytes), ends))?.code, code);
    await server.close();
  });
}

Deno.test("random bytes on a stream end that connection and nothing else", async () => {
  const server = await serve();
  const peer = handshake(server.transport);
  const listener = await peer.listen(ANY, (connection) => connection.onFrame = (frame) => connection.send(frame));
  const good = await peer.connect(listener.address, "data");
  for (const bytes of fc.sample(fc.uint8Array({ minLength: 8, maxLength: 300 }), { numRuns: 60, seed: 9 })) {
    const raw = await server.transport.connect(listener.address, "control");
    const ended = new Promise((resolve) => raw.onClose = resolve);
    raw.send(new Uint8Array(bytes));
    await ended;
  }
  assert.ok(peer.statistics.malformed >= 60);
  const echoed = new Promise<Uint8Array>((resolve) => good.onFrame = resolve);
  good.send(new Uint8Array(100).fill(7));
  assert.deepEqual(await echoed, new Uint8Array(100).fill(7));
  good.close();
  await listener.close();
  await server.close();
});

interface TlsCase {
  readonly name: string;
  readonly isAccepted: boolean;
  readonly client: (tls: Awaited<ReturnType<typeof testTls>>) => TlsMaterial | undefined;
}
const TLS: readonly TlsCase[] = [
  { name: "a certificate of the CA", isAccepted: true, client: ({ peer }) => peer },
  { name: "no TLS", isAccepted: false, client: () => undefined },
  { name: "a stranger", isAccepted: false, client: ({ stranger }) => stranger },
  {
    name: "a stranger who trusts our CA",
    isAccepted: false,
    client: ({ peer, stranger }) => ({ ...stranger, certificateAuthority: peer.certificateAuthority }),
  },
  {
    name: "one of us who trusts another CA",
    isAccepted: false,
    client: ({ peer, stranger }) => ({ ...peer, certificateAuthority: stranger.certificateAuthority }),
  },
];
for (const { name, isAccepted, client } of TLS) {
  Deno.test(`mutual TLS: ${name} is ${isAccepted ? "let in" : "refused"}`, async () => {
    const tls = await testTls();
    const server = await serve({ tls: tls.peer });
    const connecting = handshake(new H2Transport({ clock, tls: client(tls), connectTimeoutMs: 2000 }))
      .connect(server.address, "control");
    if (isAccepted) {
      // The bare server does not answer the hello.
      connecting.catch(() => {});
      while (server.taken.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    } else await assert.rejects(connecting, { code: "TSF-5204" });
    assert.equal(server.taken.length, isAccepted ? 1 : 0);
    await server.close();
    if (isAccepted) await assert.rejects(connecting, { code: "TSF-5205" });
  });
}

Deno.test("TLS where the server is plain is refused, too", async () => {
  const server = await serve();
  const { peer } = await testTls();
  await assert.rejects(new H2Transport({ clock, tls: peer, connectTimeoutMs: 2000 }).connect(server.address, "data"), {
    code: "TSF-5204",
  });
  await server.close();
});

interface Child {
  readonly address: Address;
  readonly pid: number;
  end(): Promise<void>;
}

async function startChild(): Promise<Child> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-lock", "--no-check", new URL("testdata/peer_process.ts", import.meta.url).pathname],
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await reader.read();
  const end = async () => {
    try {
      process.kill(child.pid, "SIGKILL");
    } catch {
      // Gone already.
    }
    await child.status;
    await reader.cancel();
  };
  return { address: JSON.parse(value), pid: child.pid, end };
}

Deno.test("a process that is killed is noticed at once, as a failure", async () => {
  const child = await startChild();
  const transport = handshake(new H2Transport({ clock }));
  const ends: (string | undefined)[] = [];
  const connections = await Promise.all([1, 2, 3].map(() => transport.connect(child.address, "data")));
  const closed = connections.map((connection) =>
    new Promise<void>((resolve) =>
      connection.onClose = (cause) => {
        ends.push(cause?.code);
        resolve();
      }
    )
  );
  // While it is busy: there are frames in every buffer.
  for (const connection of connections) for (let i = 0; i < 200; i++) connection.send(new Uint8Array(30_000));
  process.kill(child.pid, "SIGKILL");
  const start = performance.now();
  await Promise.all(closed);
  assert.ok(performance.now() - start < 2000);
  assert.deepEqual(ends, ["TSF-5205", "TSF-5205", "TSF-5205"]);
  for (const connection of connections) {
    connection.send(new Uint8Array(10));
    assert.equal(connection.bufferedBytes, 0);
  }
  await child.end();
  await assert.rejects(transport.connect(child.address, "data"), { code: "TSF-5204" });
});

Deno.test("a process that is stopped takes what the windows hold, the rest waits here, and nothing is lost", async () => {
  const child = await startChild();
  const connection = await handshake(new H2Transport({ clock })).connect(child.address, "data");
  let echoed = 0;
  const all = 400;
  const done = new Promise<void>((resolve) => connection.onFrame = () => void (++echoed === all && resolve()));
  process.kill(child.pid, "SIGSTOP");
  const frame = new Uint8Array(32_768).fill(1);
  for (let i = 0; i < all; i++) connection.send(frame.slice());
  let before = -1;
  while (connection.bufferedBytes !== before) {
    before = connection.bufferedBytes;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  // 4 MiB of window, and what the sockets of the system hold.
  assert.ok(before > 0 && all * frame.length - before < 12 * 1024 * 1024, `${all * frame.length - before} bytes taken`);
  process.kill(child.pid, "SIGCONT");
  await done;
  assert.equal(connection.bufferedBytes, 0);
  connection.close();
  await child.end();
});

for (const [tool, args] of [["curl", ["-s", "--http2-prior-knowledge", "-i"]], ["nghttp", ["-v"]]] as const) {
  const isThere = await new Deno.Command("which", { args: [tool], stdout: "null" }).output().then(({ success }) =>
    success
  );
  Deno.test({
    name: `${tool} talks to the cluster port${isThere ? "" : ` (SKIPPED: no ${tool} here)`}`,
    ignore: !isThere,
    fn: async () => {
      const server = await serve();
      const url = `http://127.0.0.1:${server.address.port}/tsflink/v1/other`;
      const { stdout } = await new Deno.Command(tool, { args: [...args, url], stderr: "null" }).output();
      const text = new TextDecoder().decode(stdout);
      assert.match(text, /404/);
      assert.match(text, /TSF-5206/);
      assert.match(text, new RegExp(`x-tsflink-version: ${WIRE_VERSION}`));
      await server.close();
    },
  });
}
