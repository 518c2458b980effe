import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { ManualClock, MemoryFiles } from "../../runtime/testing/mod.ts";
import type { RpcGateway } from "../rpc/rpc_service.ts";
import { inProcessRpc } from "../rpc/testdata/in_process_rpc.ts";
import { InProcessNetwork } from "../transport/in_process_transport.ts";
import { BlobCache, type BlobCacheOptions } from "./blob_cache.ts";
import { BLOB_ENDPOINT, BlobServer, MAX_READ_BYTES } from "./blob_server.ts";
import { BlobStore, isHash } from "./blob_store.ts";

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const blob = (size: number, seed = 0) => Uint8Array.from({ length: size }, (_, i) => (i * 13 + seed) & 0xff);
const MB = 1024 * 1024;
const server = (clock = new ManualClock(), maxAgeMs = 100) =>
  new BlobServer({ files: new MemoryFiles(), directory: "/b", maxBytes: 64 * MB, clock, maxAgeMs });

/** A gateway straight to a server, which counts and can spoil what it gives. */
function direct(to: BlobServer, spoil: (bytes: Uint8Array, call: number) => Uint8Array = (bytes) => bytes) {
  const calls = { blobInfo: 0, blobRead: 0 };
  const endpoint = to.endpoint();
  const gateway = {
    async call(method: "blobInfo" | "blobRead", body: never) {
      calls[method]++;
      await Promise.resolve();
      const reply = await endpoint[method]!(body, undefined as never);
      return "bytes" in reply ? { bytes: spoil(reply.bytes, calls.blobRead) } : reply;
    },
  } as unknown as RpcGateway;
  return { gateway, calls };
}

function cache(options: Partial<BlobCacheOptions> = {}) {
  const clock = new ManualClock();
  const files = new MemoryFiles();
  const all = { files, directory: "/c", maxBytes: 64 * MB, clock, ...options };
  let from: RpcGateway | undefined;
  const made = new BlobCache({ ...all, server: () => from! });
  const get = (jobId: string, hash: string, server: RpcGateway) => {
    from = server;
    return made.fetch(jobId, hash);
  };
  return { clock, files: all.files as MemoryFiles, made, get };
}

Deno.test("a blob is found under its hash, whole and durable", async () => {
  const files = new MemoryFiles();
  const store = new BlobStore({ files, directory: "/b", maxBytes: MB });
  for (const size of [1, 1000]) {
    const hash = store.put(blob(size));
    assert.equal(hash, sha256(blob(size)));
    assert.equal(store.put(blob(size)), hash);
    files.crash();
    assert.deepEqual(new Uint8Array(await files.readAll(store.pathOf(hash))), blob(size));
    assert.ok(store.isIntact(hash));
  }
  assert.equal(store.usedBytes, 1001);
  assert.equal(store.put(blob(0)), sha256(blob(0)));
});

Deno.test("parts of a blob", () => {
  const store = new BlobStore({ files: new MemoryFiles(), directory: "/b", maxBytes: MB });
  const hash = store.put(blob(100));
  for (const [offset, length] of [[0, 100], [0, 1], [99, 5], [50, 1000], [100, 1], [1000, 1], [5, 0]]) {
    assert.deepEqual(store.read(hash, offset, length), blob(100).slice(offset, offset + length), `${offset} ${length}`);
  }
});

Deno.test("a writer that fails leaves nothing behind", () => {
  const files = new MemoryFiles();
  const store = new BlobStore({ files, directory: "/b", maxBytes: 1000, maxBlobBytes: 600 });
  const writer = store.write();
  writer.append(blob(400));
  assert.throws(() => writer.append(blob(201)), { code: "TSF-5215" });
  writer.abort();
  writer.abort();
  assert.throws(() => store.put(blob(601)), { code: "TSF-5215" });
  store.put(blob(600));
  assert.throws(() => store.put(blob(500, 1)), { code: "TSF-5216" });
  const other = store.write();
  other.append(blob(10, 3));
  assert.throws(() => other.finish("0".repeat(64)), { code: "TSF-5214" });
  assert.deepEqual([store.usedBytes, files.paths().length], [600, 1]);
});

Deno.test("what has to stay free on the disk stays free", () => {
  let freeBytes: number | undefined = 1000;
  const store = new BlobStore({
    files: new MemoryFiles(),
    directory: "/b",
    maxBytes: MB,
    reserveBytes: 900,
    freeBytes: () => freeBytes,
  });
  store.put(blob(100));
  assert.throws(() => store.put(blob(101, 1)), { code: "TSF-5216" });
  freeBytes = 800;
  assert.throws(() => store.write(), { code: "TSF-5216" });
  freeBytes = undefined;
  store.put(blob(101, 1));
});

Deno.test("a store that starts again knows its blobs and forgets parts", () => {
  const files = new MemoryFiles();
  const first = new BlobStore({ files, directory: "/b", maxBytes: MB });
  const hash = first.put(blob(10));
  first.write().append(blob(500, 1));
  const second = new BlobStore({ files, directory: "/b", maxBytes: MB });
  assert.deepEqual([second.hashes, second.usedBytes], [[hash], 10]);
  assert.deepEqual(files.paths(), [`/b/${hash}`]);
});

Deno.test("names that are no hash never become a path", async () => {
  const at = server();
  for (const name of ["", "..", "../../etc/passwd", "A".repeat(64), "0".repeat(63), `${"0".repeat(64)}\n`]) {
    assert.equal(isHash(name), false, name);
    assert.throws(() => at.pathOf(name), { code: "TSF-5213" });
    await assert.rejects(cache().get("j", name, direct(at).gateway), { code: "TSF-5213" });
  }
});

Deno.test("a blob lives as long as a job refers to it", () => {
  const at = server();
  const [a, b, c] = [1, 2, 3].map((seed) => at.put(blob(10, seed)));
  assert.throws(() => at.retain("j0", [a, "0".repeat(64)]), { code: "TSF-5213" });
  at.retain("j1", [a, b]);
  at.retain("j2", [b]);
  const present = () => [a, b, c].map((hash) => at.has(hash));
  at.release("j1");
  assert.deepEqual(present(), [false, true, true]);
  at.release("j1");
  at.release("j2");
  assert.deepEqual([present(), at.usedBytes], [[false, false, true], 10]);
});

Deno.test("an upload that becomes no job goes after a while", () => {
  const clock = new ManualClock();
  const at = server(clock);
  const [kept, lost, again] = [1, 2, 3].map((seed) => at.put(blob(10, seed)));
  at.retain("j", [kept]);
  clock.advance(150);
  at.put(blob(10, 3));
  assert.deepEqual([kept, lost, again].map((hash) => at.has(hash)), [true, true, true]);
  clock.advance(50);
  assert.deepEqual([kept, lost, again].map((hash) => at.has(hash)), [true, false, true]);
  clock.advance(100);
  assert.deepEqual([kept, lost, again].map((hash) => at.has(hash)), [true, false, false]);
  const other = at.put(blob(10, 4));
  at.releaseUnused();
  assert.deepEqual([at.has(kept), at.has(other)], [true, false]);
  at.close();
  assert.equal(clock.pending, 0);
});

Deno.test("a TaskManager fetches a blob over the wire in parts, once", async () => {
  const network = new InProcessNetwork();
  const jm = await inProcessRpc(network, "jm", { role: "jobmanager" });
  const tm = await inProcessRpc(network, "tm");
  const at = server();
  const content = blob(2 * MAX_READ_BYTES + 7);
  const hash = at.put(content);
  // Also for those who do not know the token of the JobManager.
  jm.rpc.register(BLOB_ENDPOINT, at.endpoint(), "token");
  const gateway = tm.rpc.gateway(await tm.rpc.connect(jm.address), BLOB_ENDPOINT, "");
  const { made, get, files } = cache();
  const paths = await Promise.all(["j1", "j2", "j1"].map((job) => get(job, hash, gateway)));
  assert.deepEqual(new Set(paths).size, 1);
  assert.ok(Buffer.from(await files.readAll(paths[0])).equals(content));
  await get("j3", hash, gateway);
  assert.deepEqual(made.statistics, { hits: 1, fetches: 1, evictions: 0 });
  const empty = await get("j1", at.put(new Uint8Array(0)), gateway);
  assert.equal((await files.readAll(empty)).length, 0);
  await assert.rejects(get("j1", "f".repeat(64), gateway), { code: "TSF-5213" });
});

interface DamageCase {
  readonly name: string;
  readonly spoil: (bytes: Uint8Array, call: number) => Uint8Array;
  readonly code?: string;
}
const flipped = (bytes: Uint8Array) => bytes.map((byte, i) => i === 5 ? byte ^ 1 : byte);
const DAMAGES: readonly DamageCase[] = [
  { name: "one bit, once", spoil: (bytes, call) => call === 1 ? flipped(bytes) : bytes },
  { name: "one bit, always", spoil: flipped, code: "TSF-5214" },
  { name: "too short", spoil: (bytes) => bytes.subarray(0, 0), code: "TSF-5214" },
  { name: "longer than announced", spoil: () => blob(500), code: "TSF-5214" },
];
for (const { name, spoil, code } of DAMAGES) {
  Deno.test(`a blob that comes damaged is not used: ${name}`, async () => {
    const at = server();
    const hash = at.put(blob(100));
    const { made, get, files } = cache();
    const { gateway } = direct(at, spoil);
    if (code !== undefined) {
      await assert.rejects(get("j", hash, gateway), { code });
      assert.deepEqual([files.paths(), made.usedBytes], [[], 0]);
    }
    // A later attempt of the job, or of the transfer, gets it.
    const path = await get("j", hash, code === undefined ? gateway : direct(at).gateway);
    assert.equal(sha256(await files.readAll(path)), hash);
  });
}

Deno.test("unused blobs make room, the one used longest ago first; used ones stay", async () => {
  const at = server();
  const { gateway } = direct(at);
  const { made, get, clock } = cache({ maxBytes: 300 });
  const [a, b, c, d, e] = [1, 2, 3, 4, 5].map((seed) => at.put(blob(100, seed)));
  for (const [job, hash] of [["j1", a], ["j2", b], ["j3", c]]) {
    await get(job, hash, gateway);
    clock.advance(1);
  }
  made.release("j1");
  made.release("j2");
  await get("j4", a, gateway);
  made.release("j4");
  // b was used before a.
  await get("j5", d, gateway);
  await get("j6", e, gateway);
  assert.equal(made.statistics.evictions, 2);
  await assert.rejects(get("j7", b, gateway), { code: "TSF-5216" });
  assert.equal(made.statistics.fetches, 5);
  made.release("j3");
  await get("j7", b, gateway);
  assert.equal(made.usedBytes, 300);
});

Deno.test("unused blobs go when they are old", async () => {
  const at = server();
  const { gateway } = direct(at);
  const { made, get, clock, files } = cache({ maxAgeMs: 1000 });
  await get("j1", at.put(blob(1)), gateway);
  await get("j2", at.put(blob(2)), gateway);
  made.release("j1");
  clock.advance(999);
  assert.equal(files.paths().length, 2);
  clock.advance(1);
  assert.equal(files.paths().length, 1);
  clock.advance(5000);
  assert.equal(files.paths().length, 1);
  made.close();
  assert.equal(clock.pending, 0);
});

Deno.test("a blob left by an earlier process is used only when it is intact", async () => {
  const at = server();
  const [good, bad] = [at.put(blob(100, 1)), at.put(blob(100, 2))];
  const files = new MemoryFiles({ [`/c/${good}`]: blob(100, 1), [`/c/${bad}`]: blob(99, 2) });
  const { made, get } = cache({ files });
  const { gateway, calls } = direct(at);
  await get("j", good, gateway);
  assert.equal(calls.blobRead, 0);
  const path = await get("j", bad, gateway);
  assert.equal(sha256(await files.readAll(path)), bad);
  assert.deepEqual(made.statistics, { hits: 1, fetches: 1, evictions: 0 });
});

Deno.test("a transfer that fails can be tried again, and a job that ends meanwhile holds nothing", async () => {
  const at = server();
  const hash = at.put(blob(100));
  const { made, get, clock } = cache({ maxAgeMs: 10 });
  const failing = { call: () => Promise.reject(new Error("gone")) } as unknown as RpcGateway;
  await assert.rejects(Promise.all([get("j", hash, failing), get("k", hash, failing)]), /gone/);
  const under = get("j", hash, direct(at).gateway);
  made.release("j");
  await under;
  clock.advance(20);
  assert.equal(made.usedBytes, 0);
});
