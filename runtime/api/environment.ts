/**
 * Where a program starts: makes sources, holds the configuration, executes what was recorded.
 *
 * @module
 */

import { userFrame } from "../errors.ts";
import type { Source } from "../functions/source.ts";
import type { WatermarkStrategyOptions } from "../functions/watermarks/watermark_strategy.ts";
import { WatermarkStrategy } from "../functions/watermarks/watermark_strategies.ts";
import { streamGraphPlanText } from "../graph/plan_json.ts";
import type { StreamGraph } from "../graph/stream_graph.ts";
import { SourceTransformation, type Transformation } from "../graph/transformation.ts";
import { sourceOperator } from "../operators/source/source_operator.ts";
import { assertTravels } from "../types/copy.ts";
import type { DurationLike } from "../types/duration.ts";
import type { TypeInformation } from "../types/type_information.ts";
import { ProgramArgs } from "./args.ts";
import { ExecutionOptions, PipelineOptions } from "./config_options.ts";
import { Configuration, type ConfigurationValues } from "./configuration.ts";
import { CheckpointConfig, type CheckpointingMode, ExecutionConfig } from "./execution_config.ts";
import type { CachedFile } from "./executor.ts";
import { type HostBinding, hostBinding } from "./host_binding.ts";
import { DetachedJobExecutionResult, type JobClient, type JobExecutionResult, type JobListener } from "./job_client.ts";
import { programError, requirePresent, requireText } from "./recorded/checks.ts";
import { streamFactory } from "./recorded/factory.ts";
import { JobRecorder } from "./recorded/job_recorder.ts";
import { refuseRenamed } from "./recorded/refused_calls.ts";
import type { StreamFactory } from "./recorded/stream_factory.ts";
import { strategyOf } from "./recorded/watermarks.ts";
import type { DataStreamSource, SlotSharingGroup } from "./single_output_stream_operator.ts";

/** How bounded and unbounded input is run. */
export type RuntimeExecutionMode = "STREAMING" | "BATCH" | "AUTOMATIC";

interface SourceRecord {
  readonly name: string;
  // deno-lint-ignore no-explicit-any -- any splits
  readonly source: Source<any, any, any>;
  // deno-lint-ignore no-explicit-any -- of the source's own records
  readonly strategy: WatermarkStrategy<any>;
  readonly legacy?: boolean;
}

/**
 * The environment of a program.
 *
 * @example
 * ```ts
 * import { StreamExecutionEnvironment } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * const counts = env
 *   .fromData("to be or", "not to be")
 *   .flatMap((line) => line.split(" "))
 *   .map((word) => ({ word, count: 1 }))
 *   .keyBy("word")
 *   .sum("count");
 * const last = new Map((await counts.executeAndCollect()).map((total) => [total.word, total.count]));
 * console.assert(last.get("to") === 2 && last.get("not") === 1);
 * ```
 */
export class StreamExecutionEnvironment {
  readonly #recorder: JobRecorder;
  readonly #factory: StreamFactory;
  readonly #config: ExecutionConfig;
  readonly #checkpointConfig: CheckpointConfig;
  readonly #slotSharingGroups = new Map<string, SlotSharingGroup>();
  readonly #onceNames = new Set<string>();
  #args: ProgramArgs | undefined;

  private constructor(configuration: Configuration, host: HostBinding) {
    this.#recorder = new JobRecorder(this, configuration, host);
    this.#factory = streamFactory(this.#recorder);
    this.#config = new ExecutionConfig(configuration);
    this.#checkpointConfig = new CheckpointConfig(configuration);
    this.#readCachedFiles();
  }

  /**
   * The environment of this program: local when it was started by itself, that of the command line otherwise.
   *
   * @param configuration Options by key; they win over those of the command line.
   * @throws InvalidProgramError TSF-4001, TSF-4002 for options that are unknown or malformed.
   */
  static getExecutionEnvironment(
    configuration: ConfigurationValues | Configuration = {},
  ): StreamExecutionEnvironment {
    return StreamExecutionEnvironment.ofHost(hostBinding(), configuration);
  }
  /**
   * An environment of another host than the one that is bound; the test kit makes its environments with it.
   *
   * @internal
   */
  static ofHost(
    host: HostBinding,
    configuration: ConfigurationValues | Configuration = {},
  ): StreamExecutionEnvironment {
    const merged = Configuration.from(host.configuration?.() ?? {}).setAll(configuration);
    const environment = new StreamExecutionEnvironment(merged, host);
    host.environmentCreated?.(environment);
    return environment;
  }
  /**
   * An environment that runs in this process.
   *
   * @param parallelism Default 1.
   * @throws InvalidProgramError TSF-1104 when the parallelism is out of range.
   */
  static createLocalEnvironment(
    parallelism?: number,
    configuration: ConfigurationValues | Configuration = {},
  ): StreamExecutionEnvironment {
    const environment = StreamExecutionEnvironment.getExecutionEnvironment(configuration);
    return parallelism === undefined ? environment : environment.setParallelism(parallelism);
  }

  /**
   * A bounded stream of the elements given, in order, with parallelism 1: `fromData(1, 2)` or `fromData([1, 2])`.
   *
   * @throws InvalidProgramError TSF-1211 without any argument, TSF-2101 for an element that cannot be copied.
   */
  fromData<T>(elements: readonly T[], type?: TypeInformation<T>): DataStreamSource<T>;
  /** The elements given one by one. */
  fromData<T>(...elements: readonly T[]): DataStreamSource<T>;
  /** Elements of several types, given one by one. */
  fromData<E extends readonly unknown[]>(...elements: E): DataStreamSource<E[number]>;
  fromData(...given: readonly unknown[]): DataStreamSource<unknown> {
    if (given.length === 0) {
      throw programError("TSF-1211", "fromData() needs elements", {
        expected: "elements or an array",
        found: "nothing",
      });
    }
    const isArray = Array.isArray(given[0]) && (given.length === 1 || (given.length === 2 && isType(given[1])));
    const elements = isArray ? given[0] as readonly unknown[] : given;
    const source = this.#recorder.host().connectors.collection(elements);
    const strategy = WatermarkStrategy.forMonotonousTimestamps<unknown>();
    return this.#source<unknown>({ name: "Collection Source", source, strategy }).setParallelism(1);
  }
  /**
   * The whole numbers from `from` to `to`, both included; in order within each subtask.
   *
   * @throws InvalidProgramError TSF-3016 when `from` is above `to` or one is not a safe integer.
   */
  fromSequence(from: number, to: number): DataStreamSource<number> {
    const source = this.#recorder.host().connectors.sequence(from, to);
    return this.#source({ name: "Sequence Source", source, strategy: WatermarkStrategy.noWatermarks() });
  }
  /**
   * The records of a source.
   *
   * @param strategy Timestamps and watermarks, made per split; `WatermarkStrategy.noWatermarks()` for none.
   * @param name Name for plans, logs and metrics.
   * @throws InvalidProgramError TSF-1218 when one is missing.
   */
  fromSource<T>(
    // deno-lint-ignore no-explicit-any -- splits and checkpoints are the source's own business
    source: Source<T, any, any>,
    strategy: WatermarkStrategy<NoInfer<T>> | WatermarkStrategyOptions<NoInfer<T>>,
    name: string,
  ): DataStreamSource<T> {
    requirePresent(source, "a source");
    const watermarks = strategyOf(strategy);
    return this.#source({ name: requireText(name, "The name of the source"), source, strategy: watermarks });
  }
  /**
   * The lines of a text file, of all files of a directory, or of those that match a glob.
   *
   * @param encoding Default "utf-8".
   * @throws FlinkError 3xxx when it is missing or cannot be read.
   */
  readTextFile(path: string, encoding: string = "utf-8"): DataStreamSource<string> {
    const source = this.#recorder.host().connectors.textFile(requireText(path, "The path of the file"), { encoding });
    return this.#source({ name: "Text File Source", source, strategy: WatermarkStrategy.noWatermarks() });
  }
  /**
   * Text from a TCP socket, cut at the delimiter. For trying things out: nothing is read again after a failure.
   *
   * @param delimiter Default a line feed; a carriage return before it is cut off.
   * @param maxRetries How often to connect again, -1 for ever. Default 0.
   */
  socketTextStream(
    hostname: string,
    port: number,
    delimiter: string = "\n",
    maxRetries: number = 0,
  ): DataStreamSource<string> {
    const source = this.#recorder.host().connectors.socketText({ hostname, port, delimiter, maxRetries });
    const strategy = WatermarkStrategy.noWatermarks<string>();
    return this.#source<string>({ name: "Socket Stream", source, strategy, legacy: true });
  }

  /** Parallelism of operators recorded from now on. @throws InvalidProgramError TSF-1104 outside 1 to 32768. */
  setParallelism(parallelism: number): this {
    this.#config.setParallelism(parallelism);
    return this;
  }
  /** Parallelism of operators that do not set their own. */
  getParallelism(): number {
    return this.#config.getParallelism();
  }
  /** Number of key groups and upper bound of all parallelisms. @throws InvalidProgramError TSF-1105 outside 1 to 32768. */
  setMaxParallelism(maxParallelism: number): this {
    this.#config.setMaxParallelism(maxParallelism);
    return this;
  }
  /** -1 when it is derived from the parallelism. */
  getMaxParallelism(): number {
    return this.#config.getMaxParallelism();
  }
  /** STREAMING (default), BATCH for bounded input, or AUTOMATIC. */
  setRuntimeMode(mode: RuntimeExecutionMode): this {
    this.getConfiguration().set(ExecutionOptions.RUNTIME_MODE, mode);
    return this;
  }
  /**
   * How long a buffer may wait before it is sent though not full, in ms; 0 sends every record, -1 only full buffers.
   * Default 100.
   *
   * @throws InvalidProgramError TSF-4002 below -1.
   */
  setBufferTimeout(timeoutMs: number): this {
    const configuration = this.getConfiguration();
    if (timeoutMs === -1) configuration.set(ExecutionOptions.BUFFER_TIMEOUT_ENABLED, false);
    else configuration.set(ExecutionOptions.BUFFER_TIMEOUT, timeoutMs);
    return this;
  }
  /** In ms; -1 when only full buffers are sent. */
  getBufferTimeout(): number {
    const configuration = this.getConfiguration();
    return configuration.get(ExecutionOptions.BUFFER_TIMEOUT_ENABLED)
      ? configuration.get(ExecutionOptions.BUFFER_TIMEOUT)
      : -1;
  }
  /**
   * Takes checkpoints at an interval.
   *
   * @param mode Default EXACTLY_ONCE.
   * @throws InvalidProgramError TSF-4002 below 10 ms.
   */
  enableCheckpointing(interval: DurationLike, mode?: CheckpointingMode): this {
    this.#checkpointConfig.setCheckpointInterval(interval);
    if (mode !== undefined) this.#checkpointConfig.setCheckpointingConsistencyMode(mode);
    return this;
  }
  /** Time between checkpoints, in ms; -1 = off. */
  getCheckpointInterval(): number {
    return this.#checkpointConfig.getCheckpointInterval();
  }
  /** Settings of checkpoints. */
  getCheckpointConfig(): CheckpointConfig {
    return this.#checkpointConfig;
  }
  /** Runs every operator as a task of its own. */
  disableOperatorChaining(): this {
    this.getConfiguration().set(PipelineOptions.OPERATOR_CHAINING, false);
    return this;
  }
  /** Whether operators are fused. */
  isChainingEnabled(): boolean {
    return this.getConfiguration().get(PipelineOptions.OPERATOR_CHAINING);
  }
  /** Settings of the execution. */
  getConfig(): ExecutionConfig {
    return this.#config;
  }
  /** The configuration behind all settings. */
  getConfiguration(): Configuration {
    return this.#recorder.configuration;
  }
  /**
   * Sets options by key.
   *
   * @throws InvalidProgramError TSF-4001 for an unknown key, TSF-4002 for a malformed value.
   */
  configure(values: ConfigurationValues | Configuration): this {
    this.getConfiguration().setAll(values);
    this.#readCachedFiles();
    return this;
  }
  /** States the resources of a slot sharing group. */
  registerSlotSharingGroup(group: SlotSharingGroup): this {
    this.#slotSharingGroups.set(requireText(group?.name, "The name of the slot sharing group"), group);
    return this;
  }
  /** The groups whose resources are stated. */
  getSlotSharingGroups(): readonly SlotSharingGroup[] {
    return [...this.#slotSharingGroups.values()];
  }
  /** Makes a file readable in every subtask: `getRuntimeContext().getDistributedCache().getFile(name)`. */
  registerCachedFile(path: string, name: string, executable: boolean = false): this {
    const file = { path: requireText(path, "The path of the file"), name: requireText(name, "Its name"), executable };
    this.#recorder.cachedFiles.push(file);
    return this;
  }
  /** The files registered. */
  getCachedFiles(): readonly CachedFile[] {
    return this.#recorder.cachedFiles;
  }
  /** Is told of submissions and results of this environment's jobs. */
  registerJobListener(listener: JobListener): this {
    this.#recorder.listeners.push(requirePresent(listener, "a job listener"));
    return this;
  }
  /** The listeners registered. */
  getJobListeners(): readonly JobListener[] {
    return this.#recorder.listeners;
  }
  /** Forgets all listeners. */
  clearJobListeners(): this {
    this.#recorder.listeners.length = 0;
    return this;
  }

  /** The arguments of the program. */
  get args(): ProgramArgs {
    return this.#args ??= new ProgramArgs(this.#recorder.host().args());
  }
  /**
   * Reads something from outside while the program is built: a file, a URL, a database. The value is part of the job, so
   * that every place that rebuilds the program sees the same.
   *
   * @param name Unique in the program.
   * @throws InvalidProgramError TSF-1215 for a name used twice, TSF-2101 for a value that cannot be copied.
   */
  async once<V>(name: string, fn: () => V | Promise<V>): Promise<V> {
    requireText(name, "The name of once()");
    if (this.#onceNames.has(name)) {
      throw programError("TSF-1215", `once() was called twice with the name "${name}"`, {
        expected: "a name of its own for each value",
        found: `"${name}" again`,
      });
    }
    this.#onceNames.add(name);
    const read = async () => {
      const value = await fn();
      assertTravels(value);
      return value;
    };
    return await (this.#recorder.host().program?.once(name, read) ?? read());
  }

  /**
   * Runs what was recorded and waits for its end. The environment is empty again afterwards. `tsflink run -d` does not
   * wait: see {@link DetachedJobExecutionResult}.
   *
   * @param jobName Default: the option pipeline.name, else "Flink Streaming Job".
   * @throws InvalidProgramError 1xxx when the program is refused (TSF-1101 when empty, TSF-1207 without sink); else the
   * error the job failed with.
   */
  async execute(jobName?: string): Promise<JobExecutionResult> {
    const client = await this.executeAsync(jobName);
    const { listeners } = this.#recorder;
    try {
      const result = isDetached(this.#recorder.configuration)
        ? new DetachedJobExecutionResult(client.getJobID())
        : await client.getJobExecutionResult();
      for (const listener of listeners) listener.onJobExecuted?.(result, undefined);
      return result;
    } catch (error) {
      for (const listener of listeners) listener.onJobExecuted?.(undefined, error);
      // What failed in a slot has no line of this isolate: the one that waits for it says most.
      if (error instanceof Error && "slotStack" in error) {
        Error.captureStackTrace(error, StreamExecutionEnvironment.prototype.execute);
      }
      throw error;
    }
  }
  /** Starts what was recorded; the client waits for it, cancels it, or asks how it does. Errors as {@link execute}. */
  executeAsync(jobName?: string): Promise<JobClient> {
    return this.#recorder.submit(jobName);
  }
  /** The plan of what was recorded, as Flink's JSON; nothing is executed. */
  getExecutionPlan(): string {
    return streamGraphPlanText(this.getStreamGraph(false));
  }
  /** The logical graph of what was recorded; the environment is empty afterwards unless `clear` is false. */
  getStreamGraph(clear: boolean = true): StreamGraph {
    return this.#recorder.streamGraph(undefined, clear);
  }
  /** Whether something was recorded that was neither executed nor asked for. */
  hasUnexecutedOperators(): boolean {
    return this.#recorder.hasUnexecuted;
  }
  /** Adds a transformation made by hand. @experimental */
  addOperator(transformation: Transformation): void {
    this.#recorder.transformations.push(transformation);
  }

  #source<T>(record: SourceRecord): DataStreamSource<T> {
    const { name, source, strategy, legacy } = record;
    const transformation = new SourceTransformation({
      ids: this.#recorder.ids,
      name,
      factory: sourceOperator(source, strategy),
      boundedness: source.getBoundedness(),
      legacy,
      parallelism: this.#recorder.parallelism(),
      userLine: userFrame(new Error().stack),
    });
    const made = this.#factory.operator(transformation);
    return (legacy === true ? made.fixParallelism() : made) as unknown as DataStreamSource<T>;
  }
  /** Files named by the configuration replace those registered. */
  #readCachedFiles(): void {
    const given = this.getConfiguration().get(PipelineOptions.CACHED_FILES);
    if (given === undefined) return;
    const files = given.map((text) => {
      const parts = Object.fromEntries(
        text.split(",").map((part) => part.split(/:(.*)/s, 2).map((word) => word.trim())),
      );
      return { name: parts.name, path: parts.path, executable: parts.executable === "true" };
    });
    this.#recorder.cachedFiles.splice(0, Infinity, ...files);
  }
}

refuseRenamed(StreamExecutionEnvironment.prototype);

/** `tsflink run` says whether the client waits; jobs in this process are always waited for. */
function isDetached(configuration: Configuration): boolean {
  const isRemote = configuration.get(ExecutionOptions.TARGET) === "remote";
  return isRemote && configuration.getOptional(ExecutionOptions.ATTACHED) === false;
}

function isType(value: unknown): boolean {
  return typeof value === "object" && value !== null && "kind" in value;
}
