/**
 * Writes records to part files below a directory, exactly once.
 *
 * @module
 */

import type { Committer, Sink, SinkWriter, WriterInitContext } from "../../functions/sink.ts";
import type { LocalFiles } from "../../seams/local_files.ts";
import { type DurationLike, toMillis } from "../../types/duration.ts";
import { checkOption } from "../invalid_option.ts";
import { type BucketAssigner, DateTimeBucketAssigner } from "./bucket_assigners.ts";
import type { Encoder } from "./encoders.ts";
import { FileCommitter } from "./file_committer.ts";
import { type BucketState, FileWriter, type FileWriterOptions, type PendingFile } from "./file_writer.ts";
import { DefaultRollingPolicy, type RollingPolicy } from "./rolling_policies.ts";

/** How a {@link FileSink} writes. */
export interface FileSinkOptions<T> {
  /** Default: one bucket per hour of processing time, {@link DateTimeBucketAssigner}. */
  readonly bucketAssigner?: BucketAssigner<T>;
  /** Default: {@link DefaultRollingPolicy}. */
  readonly rollingPolicy?: RollingPolicy<T>;
  /** How often the policy is asked about processing time. Default 60 s. */
  readonly bucketCheckInterval?: DurationLike;
  /** Default "part". */
  readonly partPrefix?: string;
  /** Default "". */
  readonly partSuffix?: string;
}

/**
 * A sink of part files `bucket/prefix-uniqueId-number suffix`. Files in progress and pending files have names that
 * begin with "."; a file gets its own name, by an atomic rename, when the checkpoint that covers it is complete, or at
 * the end of a bounded job. Results are exactly-once with checkpoints.
 *
 * @example
 * ```ts
 * import { FileSink, OnCheckpointRollingPolicy, SimpleStringEncoder } from "tsflink";
 *
 * const sink = FileSink.forRowFormat("out/words", new SimpleStringEncoder<string>())
 *   .withRollingPolicy(new OnCheckpointRollingPolicy())
 *   .build();
 * console.assert(sink.basePath === "out/words");
 * ```
 */
export class FileSink<T> implements Sink<T, PendingFile, BucketState> {
  /** The directory of all buckets, without a slash at the end. */
  readonly basePath: string;
  readonly #options: FileWriterOptions<T>;

  /** The same sink as the builder of `forRowFormat` makes. @throws InvalidProgramError TSF-3016 for a wrong option. */
  constructor(basePath: string | URL, encoder: Encoder<T> | Encoder<T>["encode"], options: FileSinkOptions<T> = {}) {
    const text = String(basePath);
    const path = text.startsWith("file:") ? decodeURIComponent(new URL(text).pathname) : text;
    this.basePath = path.length > 1 ? path.replace(/\/+$/, "") : path;
    checkOption(path !== "", "basePath", "a directory", basePath);
    const { partPrefix = "part", partSuffix = "", bucketCheckInterval = 60_000 } = options;
    const bucketCheckIntervalMs = toMillis(bucketCheckInterval);
    checkOption(bucketCheckIntervalMs > 0, "bucketCheckInterval", "a time > 0", bucketCheckInterval);
    checkOption(!/[/]/.test(partPrefix + partSuffix), "partPrefix, partSuffix", "no slash", partPrefix + partSuffix);
    checkOption(!/^[._]/.test(partPrefix), "partPrefix", "a name that readers see (no . or _ first)", partPrefix);
    const made = typeof encoder === "function" ? { encode: encoder } : encoder;
    checkOption(typeof made?.encode === "function", "encoder", "a function or an Encoder", encoder);
    this.#options = {
      basePath: this.basePath,
      encoder: made,
      bucketAssigner: options.bucketAssigner ?? new DateTimeBucketAssigner<T>(),
      rollingPolicy: options.rollingPolicy ?? new DefaultRollingPolicy<T>(),
      partPrefix,
      partSuffix,
      bucketCheckIntervalMs,
    };
  }

  /** Flink's way to begin; a function as encoder gives exactly what is written, with its line end. */
  static forRowFormat<T>(basePath: string | URL, encoder: Encoder<T> | Encoder<T>["encode"]): FileSinkBuilder<T> {
    return new FileSinkBuilder<T>(basePath, encoder, {});
  }

  createWriter(
    context: WriterInitContext,
    restored: readonly BucketState[] = [],
  ): SinkWriter<T, PendingFile, BucketState> {
    return new FileWriter<T>(this.#options, context, restored);
  }

  createCommitter(context: { readonly files: LocalFiles }): Committer<PendingFile> {
    return new FileCommitter(context.files);
  }
}

/** Collects the options of a {@link FileSink}; every method gives a new builder. */
export class FileSinkBuilder<T> {
  /** See {@link FileSink.forRowFormat}. */
  constructor(
    readonly basePath: string | URL,
    readonly encoder: Encoder<T> | Encoder<T>["encode"],
    readonly options: FileSinkOptions<T>,
  ) {}

  /** Default {@link DateTimeBucketAssigner}: a bucket per hour. */
  withBucketAssigner(bucketAssigner: BucketAssigner<T>): FileSinkBuilder<T> {
    return this.#with({ bucketAssigner });
  }
  /** Default {@link DefaultRollingPolicy}. */
  withRollingPolicy(rollingPolicy: RollingPolicy<T>): FileSinkBuilder<T> {
    return this.#with({ rollingPolicy });
  }
  /** How often open part files are checked for their age. Default 1 min. */
  withBucketCheckInterval(bucketCheckInterval: DurationLike): FileSinkBuilder<T> {
    return this.#with({ bucketCheckInterval });
  }
  /** What the names of part files begin and end with. Default "part" and "". */
  withOutputFileConfig(names: { readonly partPrefix?: string; readonly partSuffix?: string }): FileSinkBuilder<T> {
    return this.#with(names);
  }
  /** Makes the sink. @throws InvalidProgramError TSF-3016 for a wrong option. */
  build(): FileSink<T> {
    return new FileSink<T>(this.basePath, this.encoder, this.options);
  }

  #with(options: FileSinkOptions<T>): FileSinkBuilder<T> {
    return new FileSinkBuilder<T>(this.basePath, this.encoder, { ...this.options, ...options });
  }
}
