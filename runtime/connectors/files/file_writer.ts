/**
 * Writes the part files of one subtask of a file sink. A part file is first in progress (a hidden name), then pending
 * (complete, still hidden), and finished once the committer has given it its name.
 *
 * Invariants: what a snapshot names is durable before the snapshot is returned; a restored file is cut to what the
 * snapshot knew of it; a file begun after the last snapshot is abandoned under its hidden name, never read.
 * Who calls: the sink operator, through sink.ts.
 *
 * @module
 */

import { JobExecutionError } from "../../errors.ts";
import type { SinkWriter, SinkWriterContext, WriterInitContext } from "../../functions/sink.ts";
import type { AppendableFile, LocalFiles } from "../../seams/local_files.ts";
import type { BucketAssigner } from "./bucket_assigners.ts";
import type { Encoder } from "./encoders.ts";
import type { PartFileInfo, RollingPolicy } from "./rolling_policies.ts";

/** A file that is complete and waits for its name; plain data. */
export interface PendingFile {
  readonly hiddenPath: string;
  readonly path: string;
  readonly sizeBytes: number;
}

/** What a snapshot knows of a bucket; plain data. */
export interface BucketState {
  readonly bucketId: string;
  readonly inProgress: (PendingFile & { readonly creationTime: number }) | undefined;
}

/** How a {@link FileWriter} writes. */
export interface FileWriterOptions<T> {
  readonly basePath: string;
  readonly encoder: Encoder<T>;
  readonly bucketAssigner: BucketAssigner<T>;
  readonly rollingPolicy: RollingPolicy<T>;
  readonly partPrefix: string;
  readonly partSuffix: string;
  readonly bucketCheckIntervalMs: number;
}

/** A part file that is being written. */
class InProgressFile implements PartFileInfo {
  lastUpdateTime: number;
  constructor(
    readonly bucketId: string,
    readonly target: { readonly hiddenPath: string; readonly path: string },
    readonly file: AppendableFile,
    readonly creationTime: number,
  ) {
    this.lastUpdateTime = creationTime;
  }
  get sizeBytes(): number {
    return this.file.sizeBytes();
  }
  /** Makes everything written durable. */
  persist(): PendingFile & { readonly creationTime: number } {
    this.file.fsync();
    return { ...this.target, sizeBytes: this.file.sizeBytes(), creationTime: this.creationTime };
  }
  closeForCommit(): PendingFile {
    this.file.fsync();
    const pending = { ...this.target, sizeBytes: this.file.sizeBytes() };
    this.file.close();
    return pending;
  }
}

/** One directory of the sink. */
class Bucket {
  inProgress: InProgressFile | undefined;
  pending: PendingFile[] = [];
  parts = 0;
  /** Differs for every bucket of every attempt, so that no two files ever get the same name. */
  readonly uniqueId: string = crypto.randomUUID();
  constructor(readonly id: string, readonly path: string) {}

  get isActive(): boolean {
    return this.inProgress !== undefined || this.pending.length > 0;
  }
  closePart(): void {
    if (this.inProgress === undefined) return;
    this.pending.push(this.inProgress.closeForCommit());
    this.inProgress = undefined;
  }
}

/** The writer of one subtask. */
export class FileWriter<T> implements SinkWriter<T, PendingFile, BucketState> {
  readonly isSynchronous = true;
  readonly #options: FileWriterOptions<T>;
  readonly #context: WriterInitContext;
  readonly #files: LocalFiles;
  readonly #buckets = new Map<string, Bucket>();
  readonly #text = new TextEncoder();
  /** Directories with entries that a power failure would take back. */
  readonly #unsynced = new Set<string>();
  #endOfInput = false;
  #closed = false;

  constructor(options: FileWriterOptions<T>, context: WriterInitContext, restored: readonly BucketState[]) {
    this.#options = options;
    this.#context = context;
    this.#files = context.files;
    for (const state of restored) this.#restore(state);
    this.#checkBucketsLater();
  }

  write(value: T, context: SinkWriterContext): void {
    const currentProcessingTime = this.#context.clock.now();
    const bucketId = this.#options.bucketAssigner.getBucketId(value, {
      currentProcessingTime,
      currentWatermark: context.currentWatermark(),
      timestamp: context.timestamp(),
    });
    const bucket = this.#bucket(bucketId);
    if (bucket.inProgress !== undefined && this.#options.rollingPolicy.shouldRollOnEvent(bucket.inProgress, value)) {
      bucket.closePart();
    }
    const encoded = this.#options.encoder.encode(value);
    const part = bucket.inProgress ??= this.#openPart(bucket, currentProcessingTime);
    part.file.append(this.#bytes(encoded));
    part.lastUpdateTime = currentProcessingTime;
  }

  flush(endOfInput: boolean): void {
    this.#endOfInput = endOfInput;
  }

  prepareCommit(): PendingFile[] {
    const committables: PendingFile[] = [];
    for (const [id, bucket] of this.#buckets) {
      if (!bucket.isActive) {
        this.#buckets.delete(id);
        continue;
      }
      const { inProgress } = bucket;
      if (inProgress !== undefined) {
        if (this.#endOfInput || this.#options.rollingPolicy.shouldRollOnCheckpoint(inProgress)) bucket.closePart();
      }
      committables.push(...bucket.pending);
      bucket.pending = [];
    }
    for (const directory of this.#unsynced) this.#files.fsyncDirectory(directory);
    this.#unsynced.clear();
    return committables;
  }

  snapshotState(_checkpointId: number): BucketState[] {
    return [...this.#buckets.values()].map((bucket) => ({
      bucketId: bucket.id,
      inProgress: bucket.inProgress?.persist(),
    }));
  }

  close(): void {
    this.#closed = true;
    // Not removed: a restore may go on with the file.
    for (const { inProgress } of this.#buckets.values()) inProgress?.file.close();
    this.#buckets.clear();
  }

  #bucket(id: string): Bucket {
    let bucket = this.#buckets.get(id);
    if (bucket === undefined) {
      const { basePath } = this.#options;
      checkBucketId(id);
      bucket = new Bucket(id, id === "" ? basePath : `${basePath}/${id}`);
      this.#makeDirectory(bucket.path);
      this.#buckets.set(id, bucket);
    }
    return bucket;
  }

  #makeDirectory(path: string): void {
    for (let at = path; at !== "" && this.#files.statSync(at) === undefined;) {
      at = at.slice(0, Math.max(at.lastIndexOf("/"), 0));
      this.#unsynced.add(at || (path.startsWith("/") ? "/" : "."));
    }
    this.#files.makeDirectory(path);
  }

  #openPart(bucket: Bucket, creationTime: number): InProgressFile {
    const { partPrefix, partSuffix } = this.#options;
    const name = `${partPrefix}-${bucket.uniqueId}-${bucket.parts++}${partSuffix}`;
    const target = { hiddenPath: `${bucket.path}/.${name}.inprogress`, path: `${bucket.path}/${name}` };
    this.#unsynced.add(bucket.path);
    return new InProgressFile(bucket.id, target, this.#files.appendTo(target.hiddenPath), creationTime);
  }

  #restore({ bucketId, inProgress }: BucketState): void {
    if (inProgress === undefined) return;
    const { hiddenPath, path, sizeBytes, creationTime } = inProgress;
    const found = this.#files.statSync(hiddenPath)?.sizeBytes;
    if (found === undefined || found < sizeBytes) {
      throw new JobExecutionError("TSF-3064", `A part file of the checkpoint cannot be continued: ${hiddenPath}`, {
        expected: `at least ${sizeBytes} bytes`,
        found: found === undefined ? "no such file" : `${found} bytes`,
        hint: "Files in progress belong to the job; they must not be removed between a failure and the restart.",
      });
    }
    const file = this.#files.appendTo(hiddenPath);
    // What was written after the snapshot comes again.
    if (found > sizeBytes) file.truncate(sizeBytes);
    const restored = new InProgressFile(bucketId, { hiddenPath, path }, file, creationTime);
    const bucket = this.#bucket(bucketId);
    // With fewer subtasks than before a bucket may come more than once; only one of its files is continued.
    bucket.closePart();
    bucket.inProgress = restored;
  }

  #checkBucketsLater(): void {
    this.#context.registerTimer(this.#options.bucketCheckIntervalMs, () => {
      if (this.#closed) return;
      const nowMs = this.#context.clock.now();
      for (const bucket of this.#buckets.values()) {
        const { inProgress } = bucket;
        if (inProgress !== undefined && this.#options.rollingPolicy.shouldRollOnProcessingTime(inProgress, nowMs)) {
          bucket.closePart();
        }
      }
      this.#checkBucketsLater();
    });
  }

  #bytes(encoded: string | Uint8Array): Uint8Array {
    if (typeof encoded === "string") return this.#text.encode(encoded);
    if (encoded instanceof Uint8Array) return encoded;
    throw new JobExecutionError("TSF-3065", "The encoder of a file sink must give text or bytes", {
      expected: "a string or Uint8Array",
      found: String(encoded),
    });
  }
}

/** A bucket is a place below the base path, never beside it. */
function checkBucketId(id: unknown): void {
  if (typeof id === "string" && !/(^|\/)\.{1,2}(\/|$)|^\/|\0/.test(id)) return;
  throw new JobExecutionError("TSF-3066", "The bucket assigner of a file sink gave no usable bucket", {
    expected: 'a relative path without "." and ".."',
    found: typeof id === "string" ? JSON.stringify(id) : String(id),
  });
}
