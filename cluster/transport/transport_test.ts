/** One table of behaviour over every transport, bare and with its handshake. */

import assert from "node:assert/strict";
import { FlinkError } from "../../runtime/errors.ts";
import type { Connection, ConnectionKind, Listener, Transport } from "../../runtime/seams/transport.ts";
import { SystemClock } from "../../runtime/seams/system/clock.ts";
import { H2Transport } from "./h2_transport.ts";
import { InProcessNetwork } from "./in_process_transport.ts";
import { testTls } from "./testdata/test_tls.ts";
import { HandshakeTransport } from "./handshake_transport.ts";

const clock = new SystemClock();
const ANY = { host: "127.0.0.1", port: 0 };

const IMPLEMENTATIONS: readonly { readonly name: string; make(): Promise<Transport> }[] = [
  { name: "in process", make: () => Promise.resolve(new InProcessNetwork().transport()) },
  { name: "h2c", make: () => Promise.resolve(new H2Transport({ clock })) },
  { name: "h2c with a token", make: () => Promise.resolve(new H2Transport({ clock, token: "0123456789abcdef" })) },
  { name: "TLS", make: async () => new H2Transport({ clock, tls: (await testTls()).peer }) },
];

/** What came out of one end. */
interface End {
  readonly connection: Connection;
  readonly frames: Uint8Array[];
  readonly closed: Promise<FlinkError | undefined>;
  /** Resolves when so many frames have come. */
  received(count: number): Promise<void>;
}

function watch(connection: Connection): End {
  const frames: Uint8Array[] = [];
  let waiting: { readonly count: number; readonly resolve: () => void } | undefined;
  connection.onFrame = (frame) => {
    frames.push(frame);
    if (waiting !== undefined && frames.length >= waiting.count) waiting.resolve();
  };
  const closed = new Promise<FlinkError | undefined>((resolve) => connection.onClose = resolve);
  const received = (count: number) =>
    new Promise<void>((resolve) => frames.length >= count ? resolve() : waiting = { count, resolve });
  return { connection, frames, closed, received };
}

interface Pair {
  readonly listener: Listener;
  readonly near: End;
  readonly far: End;
  end(): Promise<void>;
}

async function pairOf(transport: Transport, kind: ConnectionKind = "control"): Promise<Pair> {
  let taken!: (end: End) => void;
  const far = new Promise<End>((resolve) => taken = resolve);
  const listener = await transport.listen(ANY, (connection) => taken(watch(connection)));
  const near = watch(await transport.connect(listener.address, kind));
  const end = async () => {
    near.connection.close();
    (await far).connection.close();
    await Promise.all([near.closed, (await far).closed]);
    await listener.close();
  };
  return { listener, near, far: await far, end };
}

const bytes = (size: number, seed: number) => Uint8Array.from({ length: size }, (_, i) => (i * 31 + seed * 7) & 0xff);

for (const { name, make } of IMPLEMENTATIONS) {
  Deno.test(`${name}: frames of all sizes arrive whole and in order, both ways at once`, async () => {
    const { near, far, end } = await pairOf(await make(), "data");
    assert.deepEqual([near.connection.kind, far.connection.kind], ["data", "data"]);
    const sizes = [1, 2, 3, 100, 16_383, 16_384, 16_385, 131_068, 131_072, 131_073, 1_000_000, 5, 7, 70_000, 1];
    const sent = sizes.map((size, i) => bytes(size, i));
    for (const frame of sent) {
      near.connection.send(frame.slice());
      far.connection.send(frame.slice());
    }
    await Promise.all([near.received(sizes.length), far.received(sizes.length)]);
    for (const { frames } of [near, far]) {
      assert.deepEqual(frames.map((frame) => frame.length), sizes);
      frames.forEach((frame, i) => assert.ok(Buffer.from(frame).equals(sent[i]), `frame ${i}`));
    }
    await end();
  });

  Deno.test(`${name}: what was sent before a close arrives, nothing after it`, async () => {
    const { near, far, listener } = await pairOf(await make());
    for (let i = 0; i < 1000; i++) near.connection.send(bytes(100, i));
    near.connection.close();
    near.connection.send(bytes(1, 0));
    near.connection.close();
    assert.equal(await near.closed, undefined);
    assert.equal(await far.closed, undefined);
    assert.equal(far.frames.length, 1000);
    far.connection.send(bytes(1, 0));
    assert.equal(near.frames.length, 0);
    await listener.close();
  });

  Deno.test(`${name}: a close with a cause is a lost connection for the peer`, async () => {
    const { near, far, listener } = await pairOf(await make());
    near.connection.close(new FlinkError("TSF-5999", "Enough"));
    assert.equal((await near.closed)?.code, "TSF-5999");
    await far.closed;
    await listener.close();
  });

  Deno.test(`${name}: a frame that is too large ends the connection with a code`, async () => {
    const { near, far, listener } = await pairOf(await make());
    far.connection.maxFrameBytes = 1000;
    near.connection.send(bytes(1000, 1));
    near.connection.send(bytes(1001, 2));
    near.connection.send(bytes(10, 3));
    assert.equal((await far.closed)?.code, "TSF-5201");
    await near.closed;
    assert.equal(far.frames.length, 1);
    await listener.close();
  });

  Deno.test(`${name}: buffered bytes go back to zero, and whoever asked is told once`, async () => {
    const { near, far, end } = await pairOf(await make());
    for (let i = 0; i < 200; i++) near.connection.send(bytes(10_000, i));
    assert.equal(near.connection.bufferedBytes, 2_000_000);
    let calls = 0;
    await new Promise<void>((resolve) =>
      near.connection.onceDrained(500_000, () => {
        calls++;
        assert.ok(near.connection.bufferedBytes <= 500_000);
        resolve();
      })
    );
    await new Promise<void>((resolve) => near.connection.onceDrained(0, resolve));
    assert.equal(near.connection.bufferedBytes, 0);
    await far.received(200);
    assert.equal(calls, 1);
    await end();
  });

  Deno.test(`${name}: closing the listener ends what it took`, async () => {
    const { near, far, listener } = await pairOf(await make());
    const start = performance.now();
    await listener.close();
    await Promise.all([near.closed, far.closed]);
    assert.ok(performance.now() - start < 900);
  });

  Deno.test(`${name}: nobody there, and a port that is taken, are said with a code`, async () => {
    const transport = await make();
    const listener = await transport.listen(ANY, () => {});
    await assert.rejects(transport.listen(listener.address, () => {}), { code: "TSF-5211" });
    await listener.close();
    await assert.rejects(transport.connect(listener.address, "control"), { code: "TSF-5204" });
  });

  Deno.test(`${name}: with a handshake both know each other, and a goodbye is no failure`, async () => {
    const inner = await make();
    const as = (role: "jobmanager" | "taskmanager", resourceId: string) =>
      new HandshakeTransport(inner, {
        clock,
        identity: { role, resourceId },
        productVersion: "1",
        hostApiVersion: "v1",
      });
    let taken!: (end: End) => void;
    const far = new Promise<End>((resolve) => taken = resolve);
    const listener = await as("jobmanager", "jm").listen(ANY, (connection) => taken(watch(connection)));
    const near = watch(await as("taskmanager", "tm").connect(listener.address, "control"));
    near.connection.send(bytes(10, 1));
    const other = await far;
    assert.deepEqual(near.connection.identity, { role: "jobmanager", resourceId: "jm" });
    assert.deepEqual(other.connection.identity, { role: "taskmanager", resourceId: "tm" });
    await other.received(1);
    near.connection.close();
    assert.equal(await other.closed, undefined);
    assert.equal(await near.closed, undefined);
    await listener.close();
  });

  Deno.test(`${name}: a listener that closes says goodbye to all, behind what was sent`, async () => {
    const transport = new HandshakeTransport(await make(), {
      clock,
      identity: { role: "jobmanager", resourceId: "jm" },
      productVersion: "1",
      hostApiVersion: "v1",
    });
    const far: End[] = [];
    const listener = await transport.listen(ANY, (connection) => far.push(watch(connection)));
    const near = await Promise.all([1, 2, 3].map(async () => watch(await transport.connect(listener.address, "data"))));
    while (far.length < 3) await new Promise((resolve) => setTimeout(resolve, 1));
    for (const { connection } of far) for (let i = 0; i < 100; i++) connection.send(bytes(5000, i));
    const start = performance.now();
    await listener.close();
    assert.ok(performance.now() - start < 900);
    assert.deepEqual(await Promise.all([...near, ...far].map(({ closed }) => closed)), Array(6).fill(undefined));
    assert.deepEqual(near.map(({ frames }) => frames.length), [100, 100, 100]);
  });
}
