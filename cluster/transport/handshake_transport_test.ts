import assert from "node:assert/strict";
import { FlinkError } from "../../runtime/errors.ts";
import type { Connection, Transport } from "../../runtime/seams/transport.ts";
import { ManualClock } from "../../runtime/testing/manual_clock.ts";
import { encodeControl, MessageKind } from "../../runtime/wire/control_message.ts";
import { encodeSession, type SessionBody } from "../../runtime/wire/session_message.ts";
import { WIRE_VERSION } from "../../runtime/wire/wire_version.ts";
import { settle } from "../rpc/testdata/in_process_rpc.ts";
import { type HandshakeOptions, HandshakeTransport, MAX_HELLO_BYTES } from "./handshake_transport.ts";
import { InProcessNetwork } from "./in_process_transport.ts";

const ANY = { host: "127.0.0.1", port: 0 };

function world() {
  const network = new InProcessNetwork();
  const clock = new ManualClock();
  const as = (resourceId: string, options: Partial<HandshakeOptions> = {}, inner: Transport = network.transport()) =>
    new HandshakeTransport(inner, {
      clock,
      identity: { role: "taskmanager", resourceId },
      productVersion: "1.2.3",
      hostApiVersion: "v1",
      handshakeTimeoutMs: 100,
      ...options,
    });
  return { network, clock, as };
}

const hello = (value: object = {}): SessionBody => ({
  table: "Hello",
  value: { productVersion: "9", hostApiVersion: "v1", role: "client", resourceId: "x", ...value },
});
const CALL = encodeControl({
  kind: MessageKind.CALL,
  correlation: 1,
  endpoint: "e",
  fencingToken: "",
  body: { table: "Empty", value: {} },
});

interface RefusedCase {
  readonly name: string;
  readonly frames: readonly Uint8Array[];
  readonly code: string;
}
const REFUSED: readonly RefusedCase[] = [
  { name: "a call before the hello", frames: [CALL], code: "TSF-5200" },
  { name: "a later wire version", frames: [encodeSession(hello(), WIRE_VERSION + 1)], code: "TSF-5202" },
  { name: "no wire version", frames: [encodeSession(hello(), 0)], code: "TSF-5202" },
  { name: "another host API", frames: [encodeSession(hello({ hostApiVersion: "v2" }))], code: "TSF-5202" },
  { name: "an unknown role", frames: [encodeSession(hello({ role: "king" }))], code: "TSF-5200" },
  { name: "no resource id", frames: [encodeSession(hello({ resourceId: "" }))], code: "TSF-5200" },
  { name: "garbage", frames: [Uint8Array.of(1, 2, 3)], code: "TSF-5200" },
  { name: "an empty frame", frames: [new Uint8Array(0)], code: "TSF-5200" },
  { name: "a hello that is too large", frames: [new Uint8Array(MAX_HELLO_BYTES + 1)], code: "TSF-5201" },
  { name: "a goodbye at once", frames: [encodeSession({ table: "Goodbye", value: {} })], code: "TSF-5205" },
];

for (const { name, frames, code } of REFUSED) {
  Deno.test(`before the handshake is done nothing else is taken: ${name}`, async () => {
    const { network, clock, as } = world();
    const server = as("server");
    let taken = 0;
    const listener = await server.listen(ANY, () => taken++);
    const raw = await network.transport().connect(listener.address, "control");
    let ended = 0;
    raw.onClose = () => ended++;
    for (const frame of frames) raw.send(frame);
    await settle();
    assert.deepEqual([taken, ended, network.openConnections, server.statistics.refused], [0, 1, 0, 1]);
    assert.equal(clock.pending, 0);
    // The same said to somebody who connects.
    const plain = await network.transport().listen(ANY, (connection) => {
      connection.onFrame = () => frames.forEach((frame) => connection.send(frame));
    });
    await assert.rejects(as("client").connect(plain.address, "control"), { code });
    assert.equal(network.openConnections, 0);
  });
}

Deno.test("who is refused learns why, with both versions", async () => {
  const { as } = world();
  const listener = await as("old").listen(ANY, () => {});
  const connecting = as("new", { wireVersion: WIRE_VERSION + 1, productVersion: "2.0.0" }).connect(
    listener.address,
    "data",
  );
  await assert.rejects(connecting, (error) => {
    assert.ok(error instanceof FlinkError);
    assert.equal(error.code, "TSF-5202");
    assert.match(error.found!, /wire version 2 \(taskmanager new at .*, tsflink 2\.0\.0\)/);
    assert.match(error.hint!, /Stop this process.*version of taskmanager new.*JobManager first/);
    return true;
  });
});

Deno.test("silence is not waited for longer than the limit, on either side", async () => {
  const { network, clock, as } = world();
  const server = as("server");
  const listener = await server.listen(ANY, () => assert.fail("taken"));
  const raw = await network.transport().connect(listener.address, "control");
  let isEnded = false;
  raw.onClose = () => isEnded = true;
  const mute = await network.transport().listen(ANY, () => {});
  const connecting = as("client").connect(mute.address, "control").catch((error) => error.code);
  await settle();
  clock.advance(99);
  await settle();
  assert.equal(isEnded, false);
  clock.advance(1);
  await settle();
  assert.deepEqual([isEnded, await connecting, network.openConnections], [true, "TSF-5206", 0]);
});

async function connected(kind: "control" | "data" = "control", options: Partial<HandshakeOptions> = {}) {
  const { network, as } = world();
  let taken!: (connection: Connection) => void;
  const far = new Promise<Connection>((resolve) => taken = resolve);
  const listener = await as("server", options).listen(ANY, taken);
  const near = await as("client").connect(listener.address, kind);
  return { network, listener, near, far: await far };
}

/** How a connection ends. */
const endOf = (connection: Connection) =>
  new Promise<FlinkError | undefined>((resolve) => connection.onClose = resolve);

Deno.test("an end without a goodbye is a failure, also when the stream ended cleanly", async () => {
  const { network, listener, near, far } = await connected();
  network.cut(listener.address);
  assert.deepEqual([(await endOf(near))?.code, (await endOf(far))?.code], ["TSF-5205", "TSF-5205"]);
  // A transport that says "ended", as HTTP/2 does of a killed peer.
  const { as } = world();
  const ending: Transport = {
    listen: () => assert.fail(),
    connect: async (address, kind) => {
      const raw = await world().network.transport().listen(address, () => {}).then(() => undefined);
      assert.equal(raw, undefined);
      const connection = {
        peer: address,
        kind,
        send: () => {
          connection.onFrame(encodeSession(hello()) as Uint8Array<ArrayBuffer>);
          connection.onClose(undefined);
        },
        onFrame: (_: Uint8Array<ArrayBuffer>) => {},
        onClose: (_: FlinkError | undefined) => {},
        close: () => {},
      };
      return connection as unknown as Connection;
    },
  };
  const ended = await as("client", {}, ending).connect(ANY, "control");
  assert.equal((await endOf(ended))?.code, "TSF-5205");
});

Deno.test("the cause of an end reaches the peer", async () => {
  const { near, far } = await connected();
  near.close(new FlinkError("TSF-5999", "Enough", { hint: "h" }));
  const cause = await endOf(far);
  assert.equal(cause?.code, "TSF-5205");
  assert.deepEqual([(cause?.cause as FlinkError).code, (cause?.cause as FlinkError).hint], ["TSF-5999", "h"]);
  assert.equal((await endOf(near))?.code, "TSF-5999");
});

Deno.test("frames that come before the handlers are set wait, in order, and the end after them", async () => {
  const { near, far } = await connected("data");
  for (let i = 0; i < 5; i++) near.send(Uint8Array.of(i, 1, 1, 1, 1, 1, 1, 1));
  near.close();
  await settle();
  const seen: unknown[] = [];
  far.onFrame = (frame) => seen.push(frame[0]);
  far.onClose = (cause) => seen.push(cause);
  await settle();
  assert.deepEqual(seen, [0, 1, 2, 3, 4, undefined]);
});

Deno.test("after the handshake a frame may be as large as was agreed, not larger", async () => {
  const { near, far } = await connected("control", { maxControlFrameBytes: 100_000 });
  const sizes: number[] = [];
  far.onFrame = (frame) => sizes.push(frame.length);
  near.send(new Uint8Array(100_000));
  near.send(new Uint8Array(100_001));
  assert.equal((await endOf(far))?.code, "TSF-5201");
  assert.deepEqual(sizes, [100_000]);
});

Deno.test("a second hello, or damaged session frames, end the connection", async () => {
  for (const frame of [encodeSession(hello()), encodeSession(hello()).slice(0, 20)]) {
    const { near, far } = await connected();
    near.send(frame);
    assert.equal((await endOf(far))?.code, "TSF-5200");
  }
});
