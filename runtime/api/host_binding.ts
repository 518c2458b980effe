/**
 * The one global: what the host (mod.ts, the CLI, a slot) gives to the API, which may import neither connectors nor
 * executors. It lies under `Symbol.for("tsflink.host.v1")`, so that a bundled job finds the host's copy; it is written
 * once, the first binding stays.
 *
 * @module
 */

import { InvalidProgramError } from "../errors.ts";
import type { Sink } from "../functions/sink.ts";
import type { Source } from "../functions/source.ts";
import type { StreamExecutionEnvironment } from "./environment.ts";
import type { PipelineExecutor } from "./executor.ts";

/** Options of {@link HostConnectors.textFile}. */
export interface TextFileOptions {
  /** Character encoding. Default "utf-8". */
  readonly encoding?: string;
}
/** Options of {@link HostConnectors.socketText}. */
export interface SocketTextOptions {
  readonly hostname: string;
  readonly port: number;
  readonly delimiter: string;
  /** Attempts to connect again; -1 = for ever. */
  readonly maxRetries: number;
}
/** Options of {@link HostConnectors.print}. */
export interface PrintOptions {
  readonly identifier: string | undefined;
  readonly stderr: boolean;
}

/** The connectors behind methods of the API. Splits, committables and states are the connectors' own business. */
export interface HostConnectors {
  // deno-lint-ignore no-explicit-any -- see above
  collection(values: readonly unknown[]): Source<any, any, any>;
  // deno-lint-ignore no-explicit-any -- see above
  sequence(from: number, to: number): Source<any, any, any>;
  // deno-lint-ignore no-explicit-any -- see above
  textFile(path: string, options: TextFileOptions): Source<any, any, any>;
  // deno-lint-ignore no-explicit-any -- see above
  socketText(options: SocketTextOptions): Source<any, any, any>;
  // deno-lint-ignore no-explicit-any -- see above
  print(options: PrintOptions): Sink<any, any, any>;
  // deno-lint-ignore no-explicit-any -- see above
  collect(): Sink<any, any, any>;
}

/** How a main program is recorded in its first run, and run again in slots from what was recorded. */
export interface ProgramHost {
  /** tsflink has been imported: from now on calls are recorded, or replayed. Twice does no harm. */
  begin(): void;
  /** Gives a value that was read once, in the first run. @throws InvalidProgramError TSF-1215 for a name used twice. */
  once<V>(name: string, read: () => V | Promise<V>): Promise<V>;
  /** An execution begins. Gives its ordinal: from 0, over all environments of the program. */
  beginExecution(): number;
}

/** What the host gives. */
export interface HostBinding {
  /** Loads the executor on first use. */
  executor(): Promise<PipelineExecutor>;
  readonly connectors: HostConnectors;
  /** Arguments of the program, for `env.args`. */
  args(): readonly string[];
  /** Configuration from outside the program (`-D key=value`), by key; the program may change it. */
  configuration?(): Readonly<Record<string, unknown>>;
  /** Told of every environment that is made, to find programs that never execute. */
  environmentCreated?(environment: StreamExecutionEnvironment): void;
  /** Where the program is recorded or replayed; nothing is without it. */
  readonly program?: ProgramHost;
}

const HOST = Symbol.for("tsflink.host.v1");
type Global = { [HOST]?: HostBinding };

/** Binds the host; does nothing when one is bound. */
export function bindHost(binding: HostBinding): void {
  (globalThis as Global)[HOST] ??= binding;
}

/** Binds another host until the function it gives is called; for programs that are run again. */
export function bindHostInstead(binding: HostBinding): () => void {
  const holder = globalThis as Global;
  const before = holder[HOST];
  holder[HOST] = binding;
  return () => {
    if (holder[HOST] === binding) holder[HOST] = before;
  };
}

/**
 * The host that is bound.
 *
 * @throws InvalidProgramError TSF-1217 when there is none.
 */
export function hostBinding(): HostBinding {
  const binding = (globalThis as Global)[HOST];
  if (binding !== undefined) return binding;
  throw new InvalidProgramError("TSF-1217", "No host is bound", {
    expected: "an import of tsflink (mod.ts) before the first environment is used",
    found: "only parts of runtime/api",
  });
}
