/**
 * The blobs of all jobs of a JobManager: bundles and assets, uploaded by clients, fetched by TaskManagers in parts over
 * the control connection. A blob lives as long as a job refers to it.
 *
 * Callers: REST (uploads), Dispatcher (references), the RPC service (endpoint "blobserver").
 *
 * @module
 */

import { invariant } from "../../runtime/errors.ts";
import type { EndpointHandler } from "../rpc/rpc_service.ts";
import type { Cancel, Clock } from "../../runtime/seams/clock.ts";
import { BlobStore, type BlobStoreOptions, type BlobWriter } from "./blob_store.ts";

/** The name it is served under. */
export const BLOB_ENDPOINT = "blobserver";
/** blob.service.cleanup.interval of Flink. */
const MAX_AGE_MS = 3_600_000;
/** Read at once at most: heartbeats share the connection. */
export const MAX_READ_BYTES = 524_288;

/** What a server is made from. */
export interface BlobServerOptions extends BlobStoreOptions {
  readonly clock: Clock;
  /** How long a blob is kept that no job refers to: of an upload that became no job. Default 1 h. */
  readonly maxAgeMs?: number;
}

/** See the module. */
export class BlobServer {
  readonly #store: BlobStore;
  readonly #clock: Clock;
  readonly #maxAgeMs: number;
  /** Jobs by blob. */
  readonly #references = new Map<string, Set<string>>();
  /** When a blob without references came, or was first seen without. */
  readonly #unusedSinceMs = new Map<string, number>();
  #cancelSweep: Cancel = () => {};

  constructor(options: BlobServerOptions) {
    this.#store = new BlobStore(options);
    this.#clock = options.clock;
    this.#maxAgeMs = options.maxAgeMs ?? MAX_AGE_MS;
    this.#sweep();
  }

  /** Ends the removal of old blobs. */
  close(): void {
    this.#cancelSweep();
  }

  get usedBytes(): number {
    return this.#store.usedBytes;
  }

  /** Begins an upload in parts; nothing of one that is aborted stays. */
  write(): BlobWriter {
    return this.#store.write();
  }

  /** One that is in memory. @returns Its hash. */
  put(bytes: Uint8Array): string {
    const hash = this.#store.put(bytes);
    // A second upload of the same waits as long as the first one did.
    this.#unusedSinceMs.delete(hash);
    return hash;
  }

  has(hash: string): boolean {
    return this.#store.has(hash);
  }

  /** Its file. @throws FlinkError TSF-5213 when it is not there. */
  pathOf(hash: string): string {
    return this.#store.pathOf(hash);
  }

  /** The job needs these. @throws FlinkError TSF-5213 when one is not there; nothing is kept then. */
  retain(jobId: string, hashes: readonly string[]): void {
    for (const hash of hashes) this.#store.sizeOf(hash);
    for (const hash of hashes) {
      const jobs = this.#references.get(hash) ?? new Set();
      this.#references.set(hash, jobs.add(jobId));
    }
  }

  /** The job has ended: blobs that only it needed are removed. */
  release(jobId: string): void {
    for (const [hash, jobs] of this.#references) {
      if (!jobs.delete(jobId) || jobs.size > 0) continue;
      this.#references.delete(hash);
      this.#store.remove(hash);
    }
  }

  /** Removes what no job refers to: at a start, when those that go on have said what they need. */
  releaseUnused(): void {
    for (const hash of this.#store.hashes) if (!this.#references.has(hash)) this.#store.remove(hash);
  }

  /** What no job has referred to for the whole interval goes. */
  #sweep(): void {
    const nowMs = this.#clock.now();
    for (const hash of this.#store.hashes) {
      if (this.#references.has(hash)) this.#unusedSinceMs.delete(hash);
      else if (nowMs - (this.#unusedSinceMs.get(hash) ?? nowMs) >= this.#maxAgeMs) {
        this.#unusedSinceMs.delete(hash);
        this.#store.remove(hash);
      } else if (!this.#unusedSinceMs.has(hash)) this.#unusedSinceMs.set(hash, nowMs);
    }
    this.#cancelSweep = this.#clock.after(this.#maxAgeMs, () => this.#sweep());
  }

  /** What TaskManagers call. */
  endpoint(): EndpointHandler {
    return {
      blobInfo: ({ hash }) => ({ sizeBytes: this.#store.sizeOf(hash) }),
      blobRead: ({ hash, offset, length }) => {
        invariant(Number.isSafeInteger(offset) && offset >= 0, `A blob is read at ${offset}`);
        return { bytes: this.#store.read(hash, offset, Math.min(length, MAX_READ_BYTES)) };
      },
    };
  }
}
