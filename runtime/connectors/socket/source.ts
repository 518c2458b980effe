/**
 * Lines of text from a TCP server, as `env.socketTextStream` reads them. For trials: what was sent while nobody read
 * is lost with a failure.
 *
 * @module
 */

import { RetryableError } from "../../errors.ts";
import type { Boundedness, SourceReader, SourceReaderContext } from "../../functions/source.ts";
import type { Clock } from "../../seams/clock.ts";
import type { SocketConnection, Sockets } from "../../seams/sockets.ts";
import { SystemSockets } from "../../seams/system/sockets.ts";
import { type DurationLike, toMillis } from "../../types/duration.ts";
import { DiscoveringSource, type SplitDiscovery } from "../discovering_source.ts";
import { FetchedSplit } from "../fetched_split.ts";
import { FetchingReader, type OpenContext, type SourceBatch } from "../fetching_reader.ts";
import { checkOption } from "../invalid_option.ts";

/** How a {@link SocketTextSource} reads. */
export interface SocketTextOptions {
  /** Ends a record. Default "\n", which also takes "\r\n". */
  readonly delimiter?: string;
  /** Connections that may be tried in all once one has been lost, as in Flink; -1 = without end. Default 0. */
  readonly maxRetries?: number;
  /** Default 500 ms. */
  readonly delayBetweenRetries?: DurationLike;
  /** A longer record fails the job. Default 16 Mi characters. */
  readonly maxRecordChars?: number;
}

type SocketSplit = FetchedSplit<null, null>;

/**
 * Connects to a server and emits what it sends, cut at the delimiter; ends when the server closes the connection and
 * no retry is left. One subtask reads; the position is not kept over failures.
 *
 * @throws InvalidProgramError TSF-3016 for a wrong option.
 *
 * @example
 * ```ts
 * import { SocketTextSource } from "tsflink";
 *
 * console.assert(new SocketTextSource("localhost", 9999).getBoundedness() === "continuous-unbounded");
 * ```
 */
export class SocketTextSource extends DiscoveringSource<string, SocketSplit> {
  readonly #settings: SocketSettings;

  /** Connects when the job starts. @throws InvalidProgramError TSF-3016 for a wrong option. */
  constructor(readonly hostname: string, readonly port: number, options: SocketTextOptions = {}) {
    super();
    const { delimiter = "\n", maxRetries = 0, delayBetweenRetries = 500, maxRecordChars = 16 * 1024 * 1024 } = options;
    checkOption(typeof hostname === "string" && hostname !== "", "hostname", "a host name", hostname);
    checkOption(Number.isInteger(port) && port >= 0 && port <= 65_535, "port", "a whole number 0 to 65535", port);
    checkOption(typeof delimiter === "string" && delimiter !== "", "delimiter", "a text that is not empty", delimiter);
    checkOption(Number.isInteger(maxRetries) && maxRetries >= -1, "maxRetries", "a whole number >= -1", maxRetries);
    const delayMs = toMillis(delayBetweenRetries);
    checkOption(delayMs >= 0, "delayBetweenRetries", "a time >= 0", delayBetweenRetries);
    checkOption(maxRecordChars > 0, "maxRecordChars", "a number > 0", maxRecordChars);
    this.#settings = { hostname, port, delimiter, maxRetries, delayMs, maxRecordChars };
  }

  /** Always unbounded, though it ends when the server closes the connection. */
  override getBoundedness(): Boundedness {
    return "continuous-unbounded";
  }

  /** Keeps the connection and cuts what comes in into records. */
  override createReader(context: SourceReaderContext): SourceReader<string, SocketSplit> {
    return new FetchingReader<string, null, null>(context, {
      name: `socket ${this.hostname}:${this.port}`,
      pull: true,
      concurrentSplits: 1,
      open: (_data, _position, open) => readSocket(this.#settings, open),
    });
  }

  /** Makes a split from what a checkpoint holds of it; without position. */
  override deserializeSplit(data: unknown): SocketSplit {
    const { id } = data as { id: string };
    // A new connection begins where the server begins: nothing of it was emitted before.
    return new FetchedSplit<null, null>(id, null, undefined);
  }

  /** One split: one subtask reads. */
  protected override discovery(): SplitDiscovery<SocketSplit> {
    return { assignment: "pull", discover: () => [new FetchedSplit<null, null>("socket", null, undefined)] };
  }
}

interface SocketSettings {
  readonly hostname: string;
  readonly port: number;
  readonly delimiter: string;
  readonly maxRetries: number;
  readonly delayMs: number;
  readonly maxRecordChars: number;
}

async function* readSocket(
  settings: SocketSettings,
  { signal, reader }: OpenContext,
): AsyncGenerator<SourceBatch<string, null>, void> {
  const sockets: Sockets = reader.sockets ?? new SystemSockets();
  // What came before the connection was lost goes on with the next one.
  const records = new DelimitedText(settings);
  for (let attempt = 1; !signal.aborted; attempt++) {
    let failure: { readonly cause: unknown } | undefined;
    try {
      const connection = await sockets.connect(settings.hostname, settings.port);
      yield* receive(connection, records, signal);
    } catch (cause) {
      if (!isConnectionError(cause)) throw cause;
      failure = { cause };
    }
    if (signal.aborted) return;
    if (settings.maxRetries !== -1 && attempt >= settings.maxRetries) {
      if (failure !== undefined) throw failure.cause;
      break;
    }
    await pause(reader.clock, settings.delayMs, signal);
  }
  const rest = records.rest();
  if (rest !== "" && !signal.aborted) yield { records: [rest], position: null };
}

async function* receive(
  connection: SocketConnection,
  records: DelimitedText,
  signal: AbortSignal,
): AsyncGenerator<SourceBatch<string, null>, void> {
  // Closing ends a pending read.
  const onAbort = (): void => connection.close();
  signal.addEventListener("abort", onAbort, { once: true });
  const text = new TextDecoder();
  try {
    // Cancelled while it was connecting.
    if (signal.aborted) return;
    for (let bytes = await connection.read(); bytes !== null; bytes = await connection.read()) {
      const complete = records.add(text.decode(bytes, { stream: true }));
      if (complete.length > 0) yield { records: complete, position: null };
    }
    records.add(text.decode());
  } finally {
    signal.removeEventListener("abort", onAbort);
    connection.close();
  }
}

/** Cuts text at a delimiter, whatever pieces it comes in. */
class DelimitedText {
  #rest = "";
  constructor(readonly settings: SocketSettings) {}

  /** The records that are complete now. */
  add(text: string): string[] {
    const { delimiter, maxRecordChars, hostname, port } = this.settings;
    const parts = (this.#rest + text).split(delimiter);
    this.#rest = parts.pop()!;
    if (this.#rest.length > maxRecordChars) {
      throw new RetryableError("TSF-3022", `A record from ${hostname}:${port} is too long`, {
        expected: `${JSON.stringify(delimiter)} within ${maxRecordChars} characters`,
        found: `${this.#rest.length} characters without it`,
      });
    }
    if (delimiter !== "\n") return parts;
    return parts.map((part) => part.endsWith("\r") ? part.slice(0, -1) : part);
  }

  rest(): string {
    return this.#rest;
  }
}

function isConnectionError(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return code === "TSF-3020" || code === "TSF-3021";
}

function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      cancel();
      signal.removeEventListener("abort", end);
      resolve();
    };
    const cancel = clock.after(ms, end);
    signal.addEventListener("abort", end, { once: true });
  });
}
