import assert from "node:assert/strict";
import fc from "fast-check";
import { ManualClock } from "tsflink/testing";
import type { ResourceManagerGateway } from "../rpc/gateways.ts";
import type { RpcGateway, RpcPeer, RpcService } from "../rpc/rpc_service.ts";
import { type PooledSlot, SlotPool, type SlotUser } from "./slot_pool.ts";

const IDLE_MS = 50_000;
const HEARTBEAT_MS = 5000;

class Peer implements RpcPeer {
  readonly role = "taskmanager";
  readonly address = { host: "127.0.0.1", port: 1 };
  isOpen = true;
  listeners: ((cause: undefined) => void)[] = [];
  constructor(readonly resourceId: string) {}
  onClose(listener: (cause: undefined) => void): void {
    this.listeners.push(listener);
  }
  close(): void {
    this.isOpen = false;
    for (const listener of this.listeners.splice(0)) listener(undefined);
  }
}

class User implements SlotUser {
  readonly slots: PooledSlot[] = [];
  readonly lost: string[] = [];
  slot: PooledSlot | undefined;
  onSlot(slot: PooledSlot): void {
    assert.equal(this.slot, undefined, "one slot at a time");
    this.slots.push(this.slot = slot);
  }
  onLost(cause: Error): void {
    assert.notEqual(this.slot, undefined);
    this.slot = undefined;
    this.lost.push(cause.message);
  }
}

function rig() {
  const clock = new ManualClock();
  const declared: number[] = [];
  const calls: string[] = [];
  const peers = new Map<string, Peer>();
  const peer = (id: string): Peer => {
    const known = peers.get(id);
    if (known?.isOpen) return known;
    const made = new Peer(id);
    peers.set(id, made);
    return made;
  };
  const resourceManager = {
    declareRequirements: (_job: string, token: string, count: number) => {
      assert.equal(token, "token");
      declared.push(count);
    },
    jobEnded: () => void calls.push("jobEnded"),
  } as unknown as ResourceManagerGateway;
  const rpc = {
    gateway: (to: RpcPeer, endpoint: string, token: string): RpcGateway => {
      assert.deepEqual([endpoint, token], ["taskexecutor", "token"]);
      return {
        call: (method, body) => {
          const { allocationId = "" } = body as { allocationId?: string };
          calls.push(`${to.resourceId} ${method} ${allocationId}`.trim());
          return Promise.resolve(undefined as never);
        },
        tell: () => assert.fail(),
      };
    },
  } as Partial<RpcService> as RpcService;
  const pool = new SlotPool({
    jobId: "job",
    jobMasterToken: "token",
    rpc,
    resourceManager,
    clock,
    idleTimeoutMs: IDLE_MS,
    heartbeatIntervalMs: 1000,
    heartbeatTimeoutMs: HEARTBEAT_MS,
    profile: {},
  });
  const offer = (taskManager: string, ...allocations: string[]) =>
    pool.offer({
      resourceId: taskManager,
      dataAddress: { host: "127.0.0.1", port: 7 },
      slots: allocations.map((allocationId, slotIndex) => ({ allocationId, slotIndex, profile: {} })),
    }, peer(taskManager));
  /** Time goes on, and TaskManagers are heard of. */
  const pass = (ms: number): void => {
    for (let left = ms; left > 0; left -= 1000) {
      for (const { resourceId } of pool.taskManagers) pool.heardOf(resourceId);
      clock.advance(Math.min(left, 1000));
    }
  };
  return { clock, declared, calls, peer, pool, offer, pass };
}

async function settled(): Promise<void> {
  for (let n = 0; n < 20; n++) await null;
}
const want = (...users: User[]) => users.map((user, index) => ({ index, user }));

Deno.test("slots are declared, taken as far as they are needed, and given to who waits", async () => {
  const { pool, offer, declared } = rig();
  const [a, b] = [new User(), new User()];
  pool.acquire(want(a, b));
  assert.deepEqual(declared, [2]);
  assert.deepEqual(offer("tm1", "x"), ["x"]);
  assert.deepEqual(offer("tm1", "x"), ["x"], "the answer may have been lost");
  assert.deepEqual(offer("tm2", "y", "z"), ["y"]);
  await settled();
  assert.deepEqual([a, b].map(({ slots }) => slots.map(({ allocationId }) => allocationId)), [["x"], ["y"]]);
  assert.equal(pool.size, 2);
});

Deno.test("slots asked for ahead are kept for the first who needs them", async () => {
  const { pool, offer, declared } = rig();
  pool.expect(2);
  assert.deepEqual(offer("tm1", "x", "y", "z"), ["x", "y"]);
  const user = new User();
  pool.acquire(want(user));
  await settled();
  assert.equal(user.slot?.allocationId, "x");
  assert.deepEqual(declared, [2]);
});

Deno.test("two who share a slot get the same one; it is kept once both have left it", async () => {
  const { pool, offer, declared, clock, calls, pass } = rig();
  const [a, b] = [new User(), new User()];
  pool.acquire([{ index: 3, user: a }]);
  offer("tm1", "x");
  await settled();
  pool.acquire([{ index: 3, user: b }]);
  await settled();
  assert.equal(a.slot, b.slot);
  pool.release(3, a);
  pass(IDLE_MS);
  assert.deepEqual([declared, calls], [[1], []]);
  pool.release(3, b);
  pass(IDLE_MS - 1);
  assert.deepEqual(calls, []);
  pass(1);
  assert.deepEqual([declared, calls, pool.size, pool.taskManagers.length], [[1, 0], ["tm1 freeSlot x"], 0, 0]);
  assert.equal(clock.pending, 0);
});

Deno.test("the next attempt gets the slots of the last, each its own where it is there", async () => {
  const { pool, offer, declared } = rig();
  const first = [new User(), new User(), new User()];
  pool.acquire(want(...first));
  offer("tm1", "x", "y", "z");
  await settled();
  first.forEach((user, index) => pool.release(index, user));
  const next = [new User(), new User()];
  pool.acquire([{ index: 2, user: next[0] }, { index: 1, user: next[1] }]);
  await settled();
  assert.deepEqual(next.map(({ slot }) => slot?.allocationId), ["z", "y"]);
  assert.deepEqual(declared, [3]);
});

Deno.test("a TaskManager that is lost, by whatever: its users hear it once, others take over", async () => {
  const ways: [string, (all: ReturnType<typeof rig>) => void, RegExp][] = [
    ["connection", ({ peer }) => peer("tm1").close(), /goodbye/],
    ["told", ({ pool }) => pool.lose("tm1", "it is drained"), /drained/],
    ["silence", ({ clock, pool }) => {
      for (let n = 0; n < HEARTBEAT_MS / 1000; n++) {
        pool.heardOf("tm2");
        clock.advance(1000);
      }
    }, /TSF-5223[^]*Nothing was heard of tm1/],
  ];
  for (const [name, lose, message] of ways) {
    const all = rig();
    const { pool, offer, declared } = all;
    const users = [new User(), new User()];
    pool.acquire(want(...users));
    offer("tm1", "x");
    offer("tm2", "y");
    await settled();
    lose(all);
    assert.deepEqual([users[0].lost.length, users[1].lost.length], [1, 0], name);
    assert.match(users[0].lost[0], message);
    assert.match(users[0].lost[0], /tm1 \(127\.0\.0\.1:7\)/);
    assert.deepEqual([declared, pool.size], [[2], 1], name);
    assert.deepEqual(offer("tm3", "z"), ["z"], name);
    await settled();
    assert.equal(users[0].slot?.allocationId, "z", name);
  }
});

Deno.test("one that connects again has other slots; a slot that is refused is not the job's", async () => {
  const { pool, offer, peer, declared } = rig();
  const user = new User();
  pool.acquire(want(user));
  offer("tm1", "x");
  await settled();
  const old = peer("tm1");
  old.isOpen = false;
  assert.deepEqual(offer("tm1", "y"), ["y"]);
  await settled();
  assert.deepEqual([user.lost.length, user.slot?.allocationId], [1, "y"]);
  old.close();
  assert.equal(user.lost.length, 1, "the old connection is of no concern");
  pool.discard(user.slot!, new Error("not held") as never);
  assert.deepEqual([user.lost.length, pool.size, declared], [2, 0, [1]]);
});

Deno.test("at the end all goes back, and nothing is taken any more", async () => {
  const { pool, offer, declared, calls, clock } = rig();
  const users = [new User(), new User()];
  pool.acquire(want(...users));
  offer("tm1", "x");
  offer("tm2", "y");
  await settled();
  pool.release(1, users[1]);
  await pool.close();
  assert.deepEqual(declared, [2, 0]);
  assert.deepEqual(calls, ["jobEnded", "tm1 jobEnded", "tm2 jobEnded"]);
  assert.deepEqual(offer("tm1", "z"), []);
  pool.acquire(want(new User()));
  assert.equal(clock.pending, 0);
});

Deno.test("whatever comes in whatever order: no slot is doubled, none is lost, what is declared is what is there", async () => {
  const action = fc.oneof(
    fc.record({ kind: fc.constant("acquire" as const), index: fc.nat(3) }),
    fc.record({ kind: fc.constant("release" as const), index: fc.nat(3) }),
    fc.record({ kind: fc.constant("offer" as const), index: fc.nat(2) }),
    fc.record({ kind: fc.constant("lose" as const), index: fc.nat(2) }),
    fc.record({ kind: fc.constant("settle" as const), index: fc.nat(2) }),
    fc.record({ kind: fc.constant("time" as const), index: fc.nat(2) }),
  );
  await fc.assert(fc.asyncProperty(fc.array(action, { maxLength: 60 }), async (actions) => {
    const { pool, offer, clock, declared, pass } = rig();
    const users = new Map<number, User[]>();
    let allocations = 0;
    for (const { kind, index } of actions) {
      const own = users.get(index) ?? [];
      users.set(index, own);
      if (kind === "acquire") {
        const user = new User();
        own.push(user);
        pool.acquire([{ index, user }]);
      } else if (kind === "release" && own.length > 0) pool.release(index, own.pop()!);
      else if (kind === "offer") {
        const before = pool.size;
        const accepted = offer(`tm${index}`, `a${++allocations}`, `a${++allocations}`);
        assert.equal(pool.size, before + accepted.length);
        assert.ok(pool.size <= Math.max(pool.declared, before));
      } else if (kind === "lose") pool.lose(`tm${index}`, "gone");
      else if (kind === "settle") await settled();
      else {
        pass(index * 30_000);
      }
    }
    await settled();
    const held = [...users].flatMap(([index, own]) => own.map((user) => ({ index, slot: user.slot })));
    const byIndex = Map.groupBy(held, ({ index }) => index);
    const slots: PooledSlot[] = [];
    for (const [index, own] of byIndex) {
      assert.equal(new Set(own.map(({ slot }) => slot)).size, 1, `all who share ${index} have the same slot`);
      if (own[0].slot !== undefined) slots.push(own[0].slot);
    }
    assert.equal(new Set(slots).size, slots.length, "no two shared slots have one slot");
    const present = pool.taskManagers.flatMap((taskManager) => [...taskManager.slots]);
    for (const slot of slots) assert.ok(present.includes(slot), "a slot in use is there");
    const waiting = byIndex.size - slots.length;
    assert.equal(pool.declared, present.length + waiting, "in use, kept and waited for");
    assert.ok(waiting === 0 || present.length === slots.length, "nobody waits while a slot is kept");
    assert.equal(declared.at(-1) ?? 0, pool.declared);
    await pool.close();
    assert.equal(clock.pending, 0);
  }));
});
