/**
 * The blobs that a TaskManager has fetched. Each is fetched once however many ask, checked against its hash, and kept
 * while a job uses it; others go when there is no room (least recently used first) or when they are old.
 *
 * Caller: the TaskExecutor.
 *
 * @module
 */

import { FlinkError } from "../../runtime/errors.ts";
import type { Cancel, Clock } from "../../runtime/seams/clock.ts";
import type { RpcGateway } from "../rpc/rpc_service.ts";
import { MAX_READ_BYTES } from "./blob_server.ts";
import { BlobStore, type BlobStoreOptions, type BlobWriter, isHash } from "./blob_store.ts";

/** blob.service.cleanup.interval of Flink. */
const MAX_AGE_MS = 3_600_000;
const ATTEMPTS = 3;

/** What a cache is made from. */
export interface BlobCacheOptions extends BlobStoreOptions {
  readonly clock: Clock;
  /** The "blobserver" of the JobManager; asked whenever something is to be fetched. */
  readonly server: () => RpcGateway | Promise<RpcGateway>;
  /** How long a blob that no job uses is kept. Default 1 h. */
  readonly maxAgeMs?: number;
}

interface Entry {
  lastUsedMs: number;
  readonly jobs: Set<string>;
  /** Found at the start: its content is checked before it is used. */
  isTrusted: boolean;
}

/** A blob that is being fetched, and for whom. */
interface Transfer {
  readonly done: Promise<void>;
  readonly jobs: Set<string>;
}

/** Counts since the start. */
export interface BlobCacheStatistics {
  hits: number;
  fetches: number;
  evictions: number;
}

/** See the module. */
export class BlobCache {
  readonly statistics: BlobCacheStatistics = { hits: 0, fetches: 0, evictions: 0 };
  readonly #options: Required<Pick<BlobCacheOptions, "maxAgeMs">> & BlobCacheOptions;
  readonly #store: BlobStore;
  readonly #entries = new Map<string, Entry>();
  readonly #underWay = new Map<string, Transfer>();
  #cancelSweep: Cancel = () => {};

  constructor(options: BlobCacheOptions) {
    this.#options = { maxAgeMs: MAX_AGE_MS, ...options };
    this.#store = new BlobStore(options);
    const now = options.clock.now();
    for (const hash of this.#store.hashes) {
      this.#entries.set(hash, { lastUsedMs: now, jobs: new Set(), isTrusted: false });
    }
    this.#sweepLater();
  }

  get usedBytes(): number {
    return this.#store.usedBytes;
  }

  /**
   * The file of a blob, which stays until the job is released.
   *
   * @throws FlinkError TSF-5213 when there is none, TSF-5214 when it cannot be had unchanged, TSF-5216 when there is no
   * room, and what the connection throws.
   */
  async fetch(jobId: string, hash: string): Promise<string> {
    if (this.#isUsable(hash)) {
      this.statistics.hits++;
      this.#entries.get(hash)!.jobs.add(jobId);
    } else await this.#fetchOnce(jobId, hash);
    const entry = this.#entries.get(hash);
    if (entry !== undefined) entry.lastUsedMs = this.#options.clock.now();
    // Not there any more when the job was released meanwhile.
    return this.#store.pathOf(hash);
  }

  /** The job has ended here; what it used may go. */
  release(jobId: string): void {
    for (const { jobs } of this.#entries.values()) jobs.delete(jobId);
    for (const { jobs } of this.#underWay.values()) jobs.delete(jobId);
  }

  close(): void {
    this.#cancelSweep();
  }

  #isUsable(hash: string): boolean {
    const entry = this.#entries.get(hash);
    if (entry === undefined) return false;
    entry.isTrusted ||= this.#store.isIntact(hash);
    if (!entry.isTrusted) this.#drop(hash);
    return entry.isTrusted;
  }

  /** Single flight: who comes meanwhile waits for the same transfer. */
  async #fetchOnce(jobId: string, hash: string): Promise<void> {
    let transfer = this.#underWay.get(hash);
    if (transfer === undefined) {
      const jobs = new Set<string>();
      const done = this.#transfer(hash, jobs).finally(() => this.#underWay.delete(hash));
      transfer = { done, jobs };
      this.#underWay.set(hash, transfer);
    }
    transfer.jobs.add(jobId);
    await transfer.done;
  }

  async #transfer(hash: string, jobs: Set<string>): Promise<void> {
    if (!isHash(hash)) throw new FlinkError("TSF-5213", "There is no such blob", { found: hash.slice(0, 80) });
    const server = await this.#options.server();
    for (let attempt = 1;; attempt++) {
      const { sizeBytes } = await server.call("blobInfo", { hash });
      this.#makeRoom(sizeBytes);
      const writer = this.#store.write();
      try {
        await copyBlob(hash, sizeBytes, server, writer);
        writer.finish(hash);
        break;
      } catch (error) {
        writer.abort();
        if ((error as FlinkError).code !== "TSF-5214" || attempt === ATTEMPTS) throw error;
      }
    }
    this.statistics.fetches++;
    this.#entries.set(hash, { lastUsedMs: this.#options.clock.now(), jobs, isTrusted: true });
  }

  /** Lets go of unused blobs, the one that was used longest ago first. */
  #makeRoom(bytes: number): void {
    for (const [hash] of this.#unused()) {
      if (this.#store.usedBytes + bytes <= this.#options.maxBytes) return;
      this.#evict(hash);
    }
  }

  #unused(): [string, Entry][] {
    return [...this.#entries].filter(([, { jobs }]) => jobs.size === 0)
      .sort(([, a], [, b]) => a.lastUsedMs - b.lastUsedMs);
  }

  #evict(hash: string): void {
    this.statistics.evictions++;
    this.#drop(hash);
  }

  #drop(hash: string): void {
    this.#entries.delete(hash);
    this.#store.remove(hash);
  }

  #sweepLater(): void {
    const { clock, maxAgeMs } = this.#options;
    this.#cancelSweep = clock.after(maxAgeMs, () => {
      for (const [hash, { lastUsedMs }] of this.#unused()) {
        if (clock.now() - lastUsedMs >= maxAgeMs) this.#evict(hash);
      }
      this.#sweepLater();
    });
  }
}

async function copyBlob(hash: string, sizeBytes: number, server: RpcGateway, writer: BlobWriter): Promise<void> {
  while (writer.sizeBytes < sizeBytes) {
    const { bytes } = await server.call("blobRead", { hash, offset: writer.sizeBytes, length: MAX_READ_BYTES });
    // Shorter than announced: its hash will say so.
    if (bytes.length === 0) return;
    writer.append(bytes);
  }
}
