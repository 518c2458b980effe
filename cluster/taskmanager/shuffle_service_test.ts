/**
 * Two shuffle services over a network in this process, with slots played by the test at the other ends of the rings.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { FlinkError } from "../../runtime/errors.ts";
import { RingReader, RingWriter } from "../../runtime/network/ring.ts";
import type { Address, Connection, Transport } from "../../runtime/seams/transport.ts";
import { ManualClock } from "../../runtime/testing/manual_clock.ts";
import { CapturedLog } from "../../runtime/testing/test_seams.ts";
import { decodeDataFrame, encodeDataFrame } from "../../runtime/wire/data_frame.ts";
import { InProcessNetwork } from "../transport/in_process_transport.ts";
import { LinkFrame } from "./data_connections.ts";
import { CREDIT, LINK_TRANSITIONS } from "./shuffle_link.ts";
import { type LinkMemory, ShuffleService } from "./shuffle_service.ts";
import { testBells } from "./testdata/test_bells.ts";

const DATA = 1;
const EVENT = 2;
const LIMITS = { maxConnectionBytes: 4096, maxWaitingLinks: 3, maxEndedKeys: 4, linkTimeoutMs: 1000 };
const RING = { ringSlots: 4, slotBytes: 256 };

/** Everything that is under way. */
async function settled(): Promise<void> {
  for (let n = 0; n < 300; n++) await null;
}

type Frame = readonly [kind: number, channel: number, argument: number, text: string];

/** A slot: the ends of the rings that its thread would hold. */
class PlayedSlot {
  readonly received: Frame[] = [];
  readonly failures: FlinkError[] = [];
  #reader: RingReader | undefined;
  #writer: RingWriter | undefined;
  #memory: LinkMemory | undefined;
  #bell: SharedArrayBuffer | undefined;

  constructor(readonly node: Node, readonly key: string) {}

  link(peer: PlayedSlot | { readonly key: string; readonly node: { readonly address: Address } }): void {
    const bell = this.#bell = this.node.bells.allocate(1);
    this.#memory = this.node.service.register({
      slotKey: this.key,
      peerKey: peer.key,
      peerAddress: peer.node.address,
      ring: RING,
      doorbell: this.node.bells.at(bell, 0),
      onFailed: (error) => void this.failures.push(error),
    });
    this.#reader = new RingReader(this.#memory.inbound);
    this.#writer = new RingWriter(this.#memory.outbound);
  }
  send(...frames: Frame[]): void {
    for (const [kind, channel, argument, text] of frames) {
      this.#writer!.write(kind, channel, argument, new TextEncoder().encode(text));
    }
    this.flush();
  }
  /** What its loop does every turn. */
  flush(): void {
    this.#writer!.flush();
    if (this.#writer!.takeWake()) this.#wake();
  }
  /** Takes what has come; gives how much that was. */
  poll(): number {
    const count = this.#reader!.read((kind, channel, argument, payload) => {
      this.received.push([kind, channel, argument, new TextDecoder().decode(payload)]);
    });
    if (this.#reader!.takeWake()) this.#wake();
    return count;
  }
  /** How often it was rung. */
  get rung(): number {
    return this.node.bells.at(this.#bell!, 0).rung;
  }
  /** Frames that the ring had no room for. */
  get waiting(): number {
    return this.#writer!.waiting;
  }
  #wake(): void {
    this.node.bells.at(this.#memory!.doorbell, 0).wake();
  }
}

/** One TaskManager's shuffle service. */
interface Node {
  readonly service: ShuffleService;
  readonly address: Address;
  readonly bells: ReturnType<typeof testBells>;
  readonly ended: Promise<void>;
  slot(key: string): PlayedSlot;
}

interface World {
  readonly network: InProcessNetwork;
  readonly clock: ManualClock;
  readonly nodes: readonly Node[];
  close(): Promise<void>;
}

async function world(count: number, wrap: (transport: Transport) => Transport = (one) => one): Promise<World> {
  const network = new InProcessNetwork();
  const clock = new ManualClock();
  const nodes: Node[] = [];
  for (let n = 0; n < count; n++) {
    const bells = testBells();
    const transport = wrap(network.transport());
    const service = new ShuffleService({
      transport,
      clock,
      log: new CapturedLog(),
      doorbells: bells,
      letEventLoopRun: () => Promise.resolve(),
      limits: LIMITS,
    });
    const { address } = await transport.listen({ host: "127.0.0.1", port: 0 }, (one) => service.onConnection(one));
    const node: Node = { service, address, bells, ended: service.run(), slot: (key) => new PlayedSlot(node, key) };
    nodes.push(node);
  }
  return {
    network,
    clock,
    nodes,
    close: async () => {
      for (const { service, ended } of nodes) {
        service.close();
        await ended;
      }
      await settled();
      assert.equal(network.openConnections, 0, "no connection is left");
      assert.equal(clock.pending, 0, "no timer is left");
    },
  };
}

/** Two slots of two TaskManagers, linked. */
async function pair() {
  const made = await world(2);
  const [a, b] = made.nodes.map((node, n) => node.slot(`job/0/${n}`));
  a.link(b);
  b.link(a);
  await settled();
  return { ...made, a, b };
}

const text = (frames: readonly Frame[]) => frames.map(([, , , each]) => each);

Deno.test("frames of all kinds cross both ways as they are", async () => {
  const { a, b, nodes, close } = await pair();
  const frames: Frame[] = [[DATA | 3 << 8, 5, 7, "rows"], [EVENT, 0xffff_fff, -1, ""], [3, 1, 2, ""], [
    CREDIT,
    5,
    9,
    "",
  ]];
  a.send(...frames);
  b.send([CREDIT, 5, 2, ""], [DATA, 0, 0, "back"]);
  await settled();
  a.poll();
  b.poll();
  assert.deepEqual(b.received.toSorted(), frames.toSorted());
  assert.deepEqual(a.received.toSorted(), [[CREDIT, 5, 2, ""], [DATA, 0, 0, "back"]].toSorted());
  const [link] = nodes[0].service.links();
  assert.deepEqual([link.state, link.buffersOut, link.bytesOut, link.buffersIn, link.bytesIn], ["OPEN", 1, 4, 1, 4]);
  await close();
});

/** Passes on what a transport does, and keeps the kinds of all frames by who had opened the connection. */
function spy(seen: { readonly opener: boolean; readonly kind: number }[]) {
  const watch = (connection: Connection, opener: boolean): Connection => {
    const send = connection.send.bind(connection);
    connection.send = (frame) => {
      // Looked at later: room that was reserved is filled after this.
      seen.push({
        opener,
        get kind() {
          return decodeDataFrame(frame as Uint8Array<ArrayBuffer>).kind & 0xff;
        },
      });
      send(frame);
    };
    return connection;
  };
  return (transport: Transport): Transport => ({
    listen: (address, onConnection) => transport.listen(address, (one) => onConnection(watch(one, false))),
    connect: async (address, kind) => watch(await transport.connect(address, kind), true),
  });
}

Deno.test("one connection per ordered pair: data goes with its opener, credit against it", async () => {
  const seen: { opener: boolean; kind: number }[] = [];
  const { nodes, network, close } = await world(2, spy(seen));
  const links = 5;
  const [as, bs] = nodes.map((node) =>
    Array.from({ length: links }, (_, n) => node.slot(`job/0/${node.address.port}-${n}`))
  );
  for (let n = 0; n < links; n++) {
    as[n].link(bs[n]);
    bs[n].link(as[n]);
  }
  await settled();
  assert.equal(network.openConnections, 2);
  for (const slot of [...as, ...bs]) {
    slot.send([DATA, 0, 0, "x"], [EVENT, 0, 0, "e"], [3, 0, 1, ""], [CREDIT, 0, 1, ""]);
  }
  await settled();
  const kinds = (opener: boolean) =>
    [...new Set(seen.filter((one) => one.opener === opener).map(({ kind }) => kind))].sort();
  assert.deepEqual(kinds(true), [DATA, LinkFrame.OPEN, EVENT, 3].sort());
  assert.deepEqual(kinds(false), [LinkFrame.ACCEPT, CREDIT].sort());
  await close();
});

Deno.test("in any order of registration, writing, reading: every frame once, in order per kind of way", async () => {
  const step = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ op: fc.constant("send"), side: fc.nat(1), size: fc.integer({ min: 0, max: 900 }) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ op: fc.constant("credit"), side: fc.nat(1), size: fc.integer({ min: 1, max: 3 }) }),
    },
    { weight: 3, arbitrary: fc.record({ op: fc.constant("poll"), side: fc.nat(1), size: fc.constant(0) }) },
    { weight: 1, arbitrary: fc.record({ op: fc.constant("settle"), side: fc.constant(0), size: fc.constant(0) }) },
    { weight: 1, arbitrary: fc.record({ op: fc.constant("register"), side: fc.nat(1), size: fc.constant(0) }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { nodes, close } = await world(2);
      const slots = nodes.map((node, n) => node.slot(`job/0/${n}`));
      const isThere = [false, false];
      const register = (side: number) => {
        if (!isThere[side]) slots[side].link(slots[1 - side]);
        isThere[side] = true;
      };
      const sent: string[][] = [[], []];
      const credit = [0, 0];
      for (
        const { op, side, size } of [...steps, { op: "register", side: 0, size: 0 }, {
          op: "register",
          side: 1,
          size: 0,
        }]
      ) {
        if (op === "register") register(side);
        if (op === "settle") await settled();
        if (!isThere[side]) continue;
        if (op === "poll") slots[side].poll();
        if (op === "credit") {
          slots[side].send([CREDIT, 1, size, ""]);
          credit[side] += size;
        }
        if (op === "send") {
          const name = `${sent[side].length}:${"x".repeat(size)}`;
          sent[side].push(name);
          slots[side].send([DATA, 1, 0, name]);
        }
      }
      for (let turn = 0; turn < 400; turn++) {
        await settled();
        for (const slot of slots) slot.flush();
        if (
          slots.map((slot) => slot.poll()).every((count) => count === 0) && slots.every(({ waiting }) => waiting === 0)
        ) break;
      }
      for (const side of [0, 1]) {
        const got = slots[1 - side].received;
        assert.deepEqual(text(got.filter(([kind]) => kind === DATA)), sent[side]);
        // Credit may come added up.
        assert.equal(got.reduce((sum, [kind, , argument]) => kind === CREDIT ? sum + argument : sum, 0), credit[side]);
      }
      await close();
    }),
    { numRuns: 40 },
  );
});

Deno.test("a link waits for a slot that comes later; nothing of it leaves the ring before", async () => {
  const { nodes: [left, right], clock, close } = await world(2);
  const [a, b] = [left.slot("a"), right.slot("b")];
  a.link(b);
  a.send([EVENT, 0, 0, "early"]);
  await settled();
  assert.deepEqual([left.service.links()[0].state, right.service.sizes.waiting], ["REQUESTED", 1]);
  clock.advance(LIMITS.linkTimeoutMs - 1);
  b.link(a);
  await settled();
  b.poll();
  assert.deepEqual(text(b.received), ["early"]);
  await close();
});

Deno.test("credit for a connection that the peer has not opened yet is added up and follows", async () => {
  const gates: PromiseWithResolvers<void>[] = [];
  const seen: { opener: boolean; kind: number }[] = [];
  const { nodes: [left, right], close } = await world(2, (transport) => {
    const gate = Promise.withResolvers<void>();
    gates.push(gate);
    const spied = spy(seen)(transport);
    return { ...spied, connect: (address, kind) => gate.promise.then(() => spied.connect(address, kind)) };
  });
  const [a, b] = [left.slot("a"), right.slot("b")];
  a.link(b);
  b.link(a);
  gates[0].resolve();
  a.send([CREDIT, 1, 2, ""], [DATA, 1, 0, "x"], [CREDIT, 1, 3, ""], [CREDIT, 2, 1, ""]);
  await settled();
  b.poll();
  assert.deepEqual(text(b.received), ["x"], "data need not wait");
  gates[1].resolve();
  await settled();
  b.poll();
  assert.deepEqual(b.received.slice(1), [[CREDIT, 1, 5, ""], [CREDIT, 2, 1, ""]]);
  assert.equal(seen.filter(({ kind }) => kind === CREDIT).length, 2);
  await close();
});

Deno.test("a slot is rung when its ring has room again, and when something has come", async () => {
  const { a, b, close } = await pair();
  const before = [a.rung, b.rung];
  a.send(...Array.from({ length: 20 }, (): Frame => [DATA, 0, 0, "x".repeat(200)]));
  assert.ok(a.waiting > 0);
  await settled();
  assert.deepEqual([a.rung > before[0], b.rung > before[1]], [true, true]);
  await close();
});

Deno.test("when a slot has ended its peer is told: no credit goes there any more", async () => {
  const { a, b, nodes: [left], close } = await pair();
  left.service.unregister(a.key);
  await settled();
  b.send([CREDIT, 0, 1, ""]);
  await settled();
  assert.deepEqual([left.service.counters.droppedFrames, b.failures], [0, []]);
  await close();
});

Deno.test("a request that waits goes with its connection", async () => {
  const { nodes: [left, right], network, clock, close } = await world(2);
  const a = left.slot("a");
  a.link(right.slot("b"));
  await settled();
  assert.equal(right.service.sizes.waiting, 1);
  network.cut(right.address);
  await settled();
  assert.deepEqual([right.service.sizes.waiting, clock.pending], [0, 0]);
  assert.deepEqual(a.failures.map(({ code }) => code), ["TSF-5264"]);
  await close();
});

Deno.test("a slot that never comes: asked for again and again until the tasks run, then the link fails", async () => {
  const { nodes: [left, right], clock, close } = await world(2);
  const a = left.slot("a");
  a.link(right.slot("b"));
  await settled();
  for (let n = 0; n < 3; n++) {
    clock.advance(LIMITS.linkTimeoutMs);
    await settled();
    assert.deepEqual([a.failures.length, left.service.links()[0].state], [0, "REFUSED"]);
    clock.advance(LIMITS.linkTimeoutMs);
    await settled();
    assert.equal(left.service.links()[0].state, "REQUESTED");
  }
  left.service.started("a");
  clock.advance(LIMITS.linkTimeoutMs);
  await settled();
  assert.deepEqual(a.failures.map(({ code }) => code), ["TSF-5265"]);
  assert.ok(a.failures[0].message.includes(`127.0.0.1:${right.address.port}`), a.failures[0].message);
  assert.deepEqual(left.service.links(), []);
  await close();
});

Deno.test("the slot has ended already: refused at once, with why", async () => {
  const { nodes: [left, right], close } = await world(2);
  const [a, b] = [left.slot("a"), right.slot("b")];
  right.service.unregister("b");
  a.link(b);
  await settled();
  assert.deepEqual(a.failures.map(({ code, found }) => [code, found]), [["TSF-5265", "the slot has ended"]]);
  await close();
});

Deno.test("links that wait are few; the ended that are remembered, too", async () => {
  const { nodes: [left, right], close } = await world(2);
  const slots = Array.from({ length: 5 }, (_, n) => left.slot(`a${n}`));
  for (const slot of slots) slot.link(right.slot("b"));
  await settled();
  assert.deepEqual([right.service.sizes.waiting, left.service.counters.refusedLinks], [LIMITS.maxWaitingLinks, 2]);
  for (let n = 0; n < 5; n++) right.service.unregister(`old${n}`);
  left.slot("c").link({ key: "old0", node: right });
  await settled();
  assert.equal(left.service.counters.refusedLinks, 3, "old0 is forgotten, but there is no room to wait");
  await close();
});

Deno.test("a connection that breaks fails its links on both sides, and says which TaskManager it was", async () => {
  const { a, b, nodes, network, close } = await pair();
  for (const { address } of nodes) network.cut(address);
  await settled();
  for (const [slot, other] of [[a, nodes[1]], [b, nodes[0]]] as const) {
    assert.deepEqual(slot.failures.map(({ code }) => code), ["TSF-5264"]);
    assert.ok(slot.failures[0].message.includes(`127.0.0.1:${other.address.port}`), slot.failures[0].message);
  }
  for (const { service } of nodes) assert.deepEqual(service.sizes, { links: 0, connections: 0, waiting: 0 });
  // The next attempt connects anew.
  const [c, d] = nodes.map((node, n) => node.slot(`job/1/${n}`));
  c.link(d);
  d.link(c);
  c.send([DATA, 0, 0, "again"]);
  await settled();
  d.poll();
  assert.deepEqual(text(d.received), ["again"]);
  await close();
});

Deno.test("nobody there: the link fails", async () => {
  const { nodes: [left], close } = await world(1);
  const a = left.slot("a");
  a.link({ key: "b", node: { address: { host: "127.0.0.1", port: 1 } } });
  await settled();
  assert.deepEqual(a.failures.map(({ code }) => code), ["TSF-5264"]);
  await close();
});

Deno.test("frames of an attempt that has ended are dropped and counted; its peer does not fail", async () => {
  const { a, b, nodes: [left, right], close } = await pair();
  right.service.unregister(b.key);
  a.send([DATA, 0, 0, "late"], [DATA, 0, 0, "later"]);
  await settled();
  assert.equal(right.service.counters.droppedFrames, 2);
  assert.deepEqual([a.failures, left.service.links().length], [[], 1]);
  await close();
});

Deno.test("connections without links are closed after a while, and one that is used again is not", async () => {
  const { nodes: [left, right], network, clock, a, b, close } = await pair();
  left.service.unregister(a.key);
  right.service.unregister(b.key);
  await settled();
  assert.equal(network.openConnections, 2);
  clock.advance(9000);
  const [c, d] = [left.slot("c"), right.slot("d")];
  c.link(d);
  d.link(c);
  await settled();
  clock.advance(5000);
  await settled();
  assert.equal(network.openConnections, 2, "in use");
  left.service.unregister("c");
  right.service.unregister("d");
  clock.advance(10_000);
  await settled();
  assert.equal(network.openConnections, 0);
  await close();
});

/** Connections that accept everything and hand nothing on until they are told. */
function slow(held: { open: boolean; bytes: number }[]) {
  return (transport: Transport): Transport => ({
    listen: transport.listen.bind(transport),
    connect: async (address, kind) => {
      const inner = await transport.connect(address, kind);
      const state = { open: true, bytes: 0 };
      held.push(state);
      const queue: Uint8Array[] = [];
      let drained: { below: number; call: () => void } | undefined;
      const connection: Connection = {
        peer: inner.peer,
        kind,
        maxFrameBytes: inner.maxFrameBytes,
        lendsFrames: false,
        reserve: (bytes) => {
          const frame = new Uint8Array(bytes);
          connection.send(frame);
          return frame;
        },
        get bufferedBytes() {
          return state.bytes;
        },
        send: (frame) => {
          queue.push(frame);
          state.bytes += frame.length;
          if (state.open) move();
        },
        onceDrained: (below, call) => void (drained = { below, call }),
        set onFrame(handler: Connection["onFrame"]) {
          inner.onFrame = handler;
        },
        set onClose(handler: Connection["onClose"]) {
          inner.onClose = handler;
        },
        close: (cause) => inner.close(cause),
      };
      const move = (): void => {
        for (const frame of queue.splice(0)) inner.send(frame);
        state.bytes = 0;
        const call = drained?.call;
        drained = undefined;
        call?.();
      };
      Object.defineProperty(state, "drain", { value: move });
      return connection;
    },
  });
}

Deno.test("a connection that takes nothing leaves the rest in the ring, and with the slot", async () => {
  const held: { open: boolean; bytes: number; drain?: () => void }[] = [];
  const { nodes: [left, right], close } = await world(2, slow(held));
  const [a, b] = [left.slot("a"), right.slot("b")];
  a.link(b);
  b.link(a);
  await settled();
  const [connection] = held;
  connection.open = false;
  const frames = Array.from({ length: 200 }, (_, n): Frame => [DATA, 0, 0, `${n}`.padEnd(250)]);
  a.send(...frames);
  for (let n = 0; n < 50; n++) {
    await settled();
    a.flush();
  }
  const most = LIMITS.maxConnectionBytes + 8 * 400;
  assert.ok(connection.bytes <= most, `${connection.bytes} bytes are buffered`);
  assert.ok(a.waiting > 150, `${a.waiting} frames wait with the slot`);
  for (let n = 0; n < 200 && b.received.length < 200; n++) {
    connection.drain!();
    await settled();
    a.flush();
    b.poll();
  }
  assert.deepEqual(text(b.received), text(frames));
  await close();
});

Deno.test("a slot that does not read: what it was given credit for waits for it, counted; much more fails the link", async () => {
  const { a, b, nodes: [, right], close } = await pair();
  const frames = Array.from({ length: 30 }, (_, n): Frame => [DATA, 0, 0, `${n}`.padEnd(200)]);
  a.send(...frames);
  for (let n = 0; n < 20; n++) {
    await settled();
    a.flush();
  }
  const [link] = right.service.links();
  assert.ok(link.queuedBytes > 0 && link.queuedBytes <= 30 * 200, `${link.queuedBytes}`);
  assert.equal(link.maxQueuedBytes, link.queuedBytes);
  for (let n = 0; n < 40; n++) {
    b.poll();
    await settled();
  }
  assert.deepEqual([text(b.received), right.service.links()[0].queuedBytes], [text(frames), 0]);
  await close();
});

Deno.test("what is no frame, or asks for no link, ends its connection and nothing else", async () => {
  const { nodes: [left, right], network, close } = await pair();
  const wrong: Uint8Array[] = [
    new Uint8Array(0),
    new Uint8Array(100),
    encodeDataFrame({ link: 1, kind: LinkFrame.OPEN, channel: 0, argument: 0, payload: new Uint8Array([65]) }),
    encodeDataFrame({ link: 1, kind: DATA, channel: 0, argument: 0, payload: new Uint8Array(9) }).subarray(0, 60),
  ];
  for (const [n, frame] of wrong.entries()) {
    const connection = await network.transport().connect(right.address, "data");
    const closed = new Promise<FlinkError | undefined>((resolve) => connection.onClose = resolve);
    connection.onFrame = () => {};
    connection.send(frame.slice());
    await closed;
    assert.equal(right.service.counters.malformedFrames, n + 1, `frame ${n}`);
  }
  await settled();
  assert.deepEqual([left.service.links()[0].state, right.service.links()[0].state], ["OPEN", "OPEN"]);
  await close();
});

Deno.test("idle, the service sleeps; every state of a link can end", async () => {
  const { nodes, a, close } = await pair();
  const looks = () => nodes.map(({ bells }) => bells.tickets);
  const before = looks();
  await settled();
  assert.deepEqual(looks(), before);
  a.send([DATA, 0, 0, "x"]);
  await settled();
  assert.deepEqual(looks()[0], before[0] + 1, "one look for one ring");
  for (const state of ["CONNECTING", "REQUESTED", "REFUSED", "OPEN"] as const) {
    assert.ok(LINK_TRANSITIONS[state].includes("CLOSED"), state);
  }
  await close();
});

Deno.test("three TaskManagers, any links, ends and breaks: a link brings all in order, or its slots hear of it", async () => {
  const step = fc.record({
    op: fc.constantFrom("link", "link", "send", "send", "send", "poll", "end", "cut", "settle", "time"),
    from: fc.nat(2),
    to: fc.nat(2),
    n: fc.nat(400),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { nodes, network, clock, close } = await world(3);
      interface Way {
        readonly ends: readonly [PlayedSlot, PlayedSlot];
        readonly sent: [string[], string[]];
        readonly ended: [boolean, boolean];
      }
      const ways: Way[] = [];
      let wasCut = false;
      for (const { op, from, to, n } of steps) {
        const way = ways[n % Math.max(ways.length, 1)];
        switch (op) {
          case "link": {
            if (from === to) break;
            const ends = [nodes[from].slot(`s${ways.length}a`), nodes[to].slot(`s${ways.length}b`)] as const;
            ends[0].link(ends[1]);
            ends[1].link(ends[0]);
            ways.push({ ends, sent: [[], []], ended: [false, false] });
            break;
          }
          case "send": {
            const side = from % 2;
            if (way === undefined || way.ended[side]) break;
            const name = `${way.sent[side].length}`.padEnd(n);
            way.sent[side].push(name);
            way.ends[side].send([DATA, 0, 0, name]);
            break;
          }
          case "poll":
            for (const { ends } of ways) for (const slot of ends) slot.poll();
            break;
          case "end": {
            const side = from % 2;
            if (way === undefined || n % 4 > 0) break;
            way.ended[side] = true;
            way.ends[side].node.service.unregister(way.ends[side].key);
            break;
          }
          case "cut":
            if (n % 8 > 0) break;
            wasCut = true;
            network.cut(nodes[from].address);
            break;
          case "settle":
            await settled();
            break;
          case "time":
            clock.advance(n);
        }
      }
      for (let turn = 0; turn < 200; turn++) {
        await settled();
        for (const { ends } of ways) for (const slot of ends) slot.flush();
        if (ways.every(({ ends }) => ends.every((slot) => slot.poll() === 0 && slot.waiting === 0))) break;
      }
      for (const { ends, sent, ended } of ways) {
        const hasFailed = ends.some(({ failures }) => failures.length > 0);
        assert.ok(ends.every(({ failures }) => failures.length <= 1), "told once");
        assert.ok(!hasFailed || wasCut || ended.includes(true), "for a reason");
        for (const side of [0, 1]) {
          const got = text(ends[1 - side].received);
          assert.deepEqual(got, sent[side].slice(0, got.length), "in order, without a gap");
          if (!hasFailed && !ended.includes(true)) assert.equal(got.length, sent[side].length);
        }
      }
      for (const { ends } of ways) for (const slot of ends) slot.node.service.unregister(slot.key);
      for (const { service } of nodes) {
        assert.deepEqual([service.sizes.links, service.sizes.waiting], [0, 0]);
        assert.equal(service.counters.malformedFrames, 0);
      }
      await close();
    }),
    { numRuns: 60 },
  );
});
