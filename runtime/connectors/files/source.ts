/**
 * Reads records from files: one file, a directory or a glob; once, or again and again for new files.
 *
 * @module
 */

import { OutputTag } from "../../functions/output_tag.ts";
import type { Boundedness, SourceReader, SourceReaderContext, SplitEnumeratorContext } from "../../functions/source.ts";
import type { FileInfo } from "../../seams/local_files.ts";
import { type DurationLike, toMillis } from "../../types/duration.ts";
import { DiscoveringSource, type SplitDiscovery } from "../discovering_source.ts";
import { FetchedSplit } from "../fetched_split.ts";
import { FetchingReader } from "../fetching_reader.ts";
import { checkOption } from "../invalid_option.ts";
import { findFiles, isVisibleFile } from "./file_paths.ts";
import { emitRecord, type InvalidLinePolicy, type InvalidRecord } from "./invalid_lines.ts";
import type { RecordFormat } from "./record_format.ts";
import { type FileRange, isSplittable, readSplit } from "./split_reading.ts";

/** The split of a file source. */
export type FileSourceSplit = FetchedSplit<FileRange, number>;

/** How a {@link FileSource} reads. */
export interface FileSourceOptions {
  /** Look for new files that often and never end; files must appear complete (by a rename). Default: read once. */
  readonly monitorContinuously?: DurationLike;
  /** Larger files are read in parts of about this size, by several subtasks. Default 32 MiB. */
  readonly splitSizeBytes?: number;
  /** Default "fail". */
  readonly onInvalidLine?: InvalidLinePolicy;
  /** A longer line fails the job. Default 64 MiB. */
  readonly maxLineBytes?: number;
  /** Read the directories in a directory, too. Default true. */
  readonly recursive?: boolean;
  /** Takes files and directories by path. Default: names that do not begin with "." or "_". */
  readonly fileFilter?: (path: string) => boolean;
}

const DEFAULT_SPLIT_BYTES = 32 * 1024 * 1024;
const DEFAULT_MAX_LINE_BYTES = 64 * 1024 * 1024;

/**
 * A source of the records in files. Files with the extension .gz, .gzip, .zst or .zstd are decompressed. With one
 * subtask, files come in the order of their paths and records in the order of the file.
 *
 * Fails with TSF-3001 (no such file), TSF-3002 (not readable), TSF-3010 (invalid line), TSF-3011 (line too long),
 * TSF-3012 (damaged compressed file), TSF-3013 (CSV header) or TSF-3014 (glob without a match).
 *
 * @example
 * ```ts
 * import { FileSource, TextLineInputFormat } from "tsflink";
 *
 * const source = FileSource.forRecordStreamFormat(new TextLineInputFormat(), "books/*.txt.gz")
 *   .monitorContinuously("10 s")
 *   .build();
 * console.assert(source.getBoundedness() === "continuous-unbounded");
 * ```
 */
export class FileSource<T> extends DiscoveringSource<T, FileSourceSplit> {
  /** How bytes become records. */
  readonly format: RecordFormat<T>;
  /** Files and directories to read, as given; URLs as paths. */
  readonly paths: readonly string[];
  readonly #options: FileSourceOptions;
  readonly #periodMs: number | undefined;

  /**
   * The same source as the builder of `forRecordStreamFormat` makes.
   *
   * @throws InvalidProgramError TSF-3016 for a wrong option.
   */
  constructor(
    format: RecordFormat<T>,
    paths: string | URL | readonly (string | URL)[],
    options: FileSourceOptions = {},
  ) {
    super();
    const list = typeof paths === "string" || paths instanceof URL ? [paths] : paths;
    this.format = format;
    this.paths = list.map(pathOf);
    this.#options = options;
    checkOption(this.paths.length > 0 && this.paths.every((path) => path !== ""), "paths", "at least one path", paths);
    const { monitorContinuously, splitSizeBytes, maxLineBytes, onInvalidLine = "fail" } = options;
    this.#periodMs = monitorContinuously === undefined ? undefined : toMillis(monitorContinuously);
    checkOption(
      this.#periodMs === undefined || this.#periodMs > 0,
      "monitorContinuously",
      "a time > 0",
      monitorContinuously,
    );
    for (const [name, bytes] of Object.entries({ splitSizeBytes, maxLineBytes })) {
      checkOption(bytes === undefined || (Number.isInteger(bytes) && bytes > 0), name, "a whole number > 0", bytes);
    }
    const policy = onInvalidLine === "fail" || onInvalidLine === "skip" || onInvalidLine instanceof OutputTag;
    checkOption(policy, "onInvalidLine", '"fail", "skip" or an OutputTag', onInvalidLine);
  }

  /** Flink's way to begin. */
  static forRecordStreamFormat<T>(format: RecordFormat<T>, ...paths: (string | URL)[]): FileSourceBuilder<T> {
    return new FileSourceBuilder<T>(format, paths, {});
  }

  /** Unbounded with `monitorContinuously`, else bounded. */
  override getBoundedness(): Boundedness {
    return this.#periodMs === undefined ? "bounded" : "continuous-unbounded";
  }

  /** Reads its splits one after the other. */
  override createReader(context: SourceReaderContext): SourceReader<T, FileSourceSplit> {
    const { onInvalidLine = "fail", maxLineBytes = DEFAULT_MAX_LINE_BYTES } = this.#options;
    const tagId = onInvalidLine instanceof OutputTag ? onInvalidLine.id : "";
    const reader = new FetchingReader<T | InvalidRecord, FileRange, number>(context, {
      name: "files",
      pull: true,
      concurrentSplits: 1,
      open: (range, position, open) =>
        readSplit<T>(range, position, { format: this.format, onInvalidLine, maxLineBytes, context: open }),
      emit: emitRecord<T>(tagId),
    });
    // Invalid lines leave through a side output, so only records of T reach the main one.
    return reader as SourceReader<T, FileSourceSplit>;
  }

  /** Makes a split from what a checkpoint holds of it. */
  override deserializeSplit(data: unknown): FileSourceSplit {
    return FetchedSplit.fromData(data);
  }

  /** Lists the files and cuts them into splits, once or every discovery interval. */
  protected override discovery(context: SplitEnumeratorContext<FileSourceSplit>): SplitDiscovery<FileSourceSplit> {
    const search = {
      paths: this.paths,
      recursive: this.#options.recursive ?? true,
      filter: this.#options.fileFilter ?? isVisibleFile,
      mustExist: this.#periodMs === undefined,
    };
    return {
      assignment: "pull",
      periodMs: this.#periodMs,
      discover: async () => (await findFiles(context.files, search)).flatMap((info) => this.#splitsOf(info)),
      // A file that grew is not a new file.
      groupOf: (split) => split.data.path,
    };
  }

  #splitsOf({ path, sizeBytes }: FileInfo): FileSourceSplit[] {
    if (!isSplittable(path, this.format)) return [fileSplit({ path, start: 0, end: null })];
    const splitBytes = this.#options.splitSizeBytes ?? DEFAULT_SPLIT_BYTES;
    const parts = Math.max(Math.ceil(sizeBytes / splitBytes), 1);
    return Array.from({ length: parts }, (_, i) => {
      const end = i === parts - 1 ? sizeBytes : (i + 1) * splitBytes;
      return fileSplit({ path, start: i * splitBytes, end });
    });
  }
}

function fileSplit(range: FileRange): FileSourceSplit {
  return new FetchedSplit<FileRange, number>(`${range.path}@${range.start}`, range, undefined);
}

function pathOf(path: string | URL): string {
  const text = String(path);
  return text.startsWith("file:") ? decodeURIComponent(new URL(text).pathname) : text;
}

/** Collects the options of a {@link FileSource}; every method gives a new builder. */
export class FileSourceBuilder<T> {
  /** See {@link FileSource.forRecordStreamFormat}. */
  constructor(
    readonly format: RecordFormat<T>,
    readonly paths: readonly (string | URL)[],
    readonly options: FileSourceOptions,
  ) {}

  /** See {@link FileSourceOptions.monitorContinuously}. */
  monitorContinuously(discoveryInterval: DurationLike): FileSourceBuilder<T> {
    return this.with({ monitorContinuously: discoveryInterval });
  }
  /** See {@link FileSourceOptions.onInvalidLine}. */
  onInvalidLine(policy: InvalidLinePolicy): FileSourceBuilder<T> {
    return this.with({ onInvalidLine: policy });
  }
  /** Sets any options. */
  with(options: FileSourceOptions): FileSourceBuilder<T> {
    return new FileSourceBuilder<T>(this.format, this.paths, { ...this.options, ...options });
  }
  /** Makes the source. @throws InvalidProgramError TSF-3016 for a wrong option. */
  build(): FileSource<T> {
    return new FileSource<T>(this.format, this.paths, this.options);
  }
}
