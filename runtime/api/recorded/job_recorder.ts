/**
 * What one environment has recorded and how it becomes a job: transformations in order, receivers of collect sinks, the
 * graph, the submission. environment.ts is its face.
 *
 * @module
 */

import { LegacySinkTransformation, PARALLELISM_DEFAULT, TransformationIds } from "../../graph/transformation.ts";
import type { Transformation } from "../../graph/transformation.ts";
import { SinkTransformation } from "../../graph/virtual_transformation.ts";
import type { StreamGraph } from "../../graph/stream_graph.ts";
import { generateStreamGraph } from "../../graph/stream_graph_generator.ts";
import type { StreamGraphSettings } from "../../graph/stream_graph_settings.ts";
import { CoreOptions, ExecutionOptions, PipelineOptions } from "../config_options.ts";
import type { Configuration } from "../configuration.ts";
import type { StreamExecutionEnvironment } from "../environment.ts";
import { CollectChannel } from "../execute_and_collect.ts";
import type { CachedFile, CollectReceiver } from "../executor.ts";
import type { HostBinding } from "../host_binding.ts";
import type { JobClient, JobListener } from "../job_client.ts";
import { programError } from "./checks.ts";
import type { GraphRecorder } from "./stream_factory.ts";

/** See the head of the file. */
export class JobRecorder implements GraphRecorder {
  readonly ids: TransformationIds = new TransformationIds();
  transformations: Transformation[] = [];
  readonly cachedFiles: CachedFile[] = [];
  readonly listeners: JobListener[] = [];
  /** Collect sinks of the next job. */
  readonly #channels = new Map<string, CollectChannel<unknown>>();
  #isExpandingSink = false;
  #executions = 0;
  /** How many of the transformations were there when a plan was last asked for. */
  #asked = 0;

  readonly #host: HostBinding;

  constructor(
    readonly environment: StreamExecutionEnvironment,
    readonly configuration: Configuration,
    host: HostBinding,
  ) {
    this.#host = host;
  }

  host(): HostBinding {
    return this.#host;
  }
  parallelism(): number {
    return this.#isExpandingSink ? PARALLELISM_DEFAULT : this.configuration.get(CoreOptions.DEFAULT_PARALLELISM);
  }
  recordApart(record: () => void): readonly Transformation[] {
    const [outer, wasExpanding] = [this.transformations, this.#isExpandingSink];
    this.transformations = [];
    this.#isExpandingSink = true;
    try {
      record();
      return this.transformations;
    } finally {
      this.transformations = outer;
      this.#isExpandingSink = wasExpanding;
    }
  }
  collect(collectId: string, maxBufferedRows: number): CollectChannel<unknown> {
    const channel = new CollectChannel<unknown>(maxBufferedRows);
    this.#channels.set(collectId, channel);
    return channel;
  }
  startCollecting(jobName: string): void {
    // A failure reaches whoever reads the results.
    this.submit(jobName).catch(() => {});
  }
  /** Whether something was recorded that no execution has taken and whose plan nobody asked for. */
  get hasUnexecuted(): boolean {
    return this.transformations.length > this.#asked;
  }

  /** @param take Starts the next job from nothing. */
  streamGraph(jobName: string | undefined, take: boolean): StreamGraph {
    const graph = generateStreamGraph(this.transformations, this.#settings(jobName));
    if (take) this.transformations = [];
    this.#asked = this.transformations.length;
    return graph;
  }

  /** Hands the job to the executor; listeners and readers of results learn how that went. */
  async submit(jobName: string | undefined): Promise<JobClient> {
    const channels = new Map(this.#channels);
    this.#channels.clear();
    // Here, before anything is awaited: the order of the calls counts.
    const ordinal = this.host().program?.beginExecution();
    try {
      requireSink(this.transformations);
      const graph = this.streamGraph(jobName, true);
      const executor = await this.host().executor();
      const client = await executor.execute(graph, {
        configuration: this.configuration.clone(),
        collect: new Map([...channels].map(([id, channel]): [string, CollectReceiver] => [
          id,
          (batch) => channel.receive(batch),
        ])),
        cachedFiles: [...this.cachedFiles],
        executionOrdinal: ordinal ?? this.#executions++,
      });
      for (const channel of channels.values()) channel.started(client);
      for (const listener of this.listeners) listener.onJobSubmitted?.(client, undefined);
      return client;
    } catch (error) {
      for (const channel of channels.values()) channel.failed(error);
      for (const listener of this.listeners) listener.onJobSubmitted?.(undefined, error);
      throw error;
    }
  }

  #settings(jobName: string | undefined): StreamGraphSettings {
    const { configuration } = this;
    const timed = configuration.get(ExecutionOptions.BUFFER_TIMEOUT_ENABLED);
    return {
      jobName: jobName ?? configuration.get(PipelineOptions.NAME),
      parallelism: configuration.get(CoreOptions.DEFAULT_PARALLELISM),
      maxParallelism: configuration.get(PipelineOptions.MAX_PARALLELISM),
      chainingEnabled: configuration.get(PipelineOptions.OPERATOR_CHAINING),
      chainOperatorsWithDifferentMaxParallelism: configuration.get(
        PipelineOptions.OPERATOR_CHAINING_CHAIN_OPERATORS_WITH_DIFFERENT_MAX_PARALLELISM,
      ),
      autoGenerateUids: configuration.get(PipelineOptions.AUTO_GENERATE_UIDS),
      bufferTimeoutMs: timed ? configuration.get(ExecutionOptions.BUFFER_TIMEOUT) : -1,
      runtimeMode: configuration.get(ExecutionOptions.RUNTIME_MODE),
      batchShuffleMode: configuration.get(ExecutionOptions.BATCH_SHUFFLE_MODE),
      vertexDescriptionMode: configuration.get(PipelineOptions.VERTEX_DESCRIPTION_MODE),
      vertexNameIncludeIndexPrefix: configuration.get(PipelineOptions.VERTEX_NAME_INCLUDE_INDEX_PREFIX),
    };
  }
}

/** Operators without any sink would run for nothing. */
function requireSink(transformations: readonly Transformation[]): void {
  // Without any operator the graph's own error says more.
  if (transformations.length === 0) return;
  const isSink = (made: Transformation) =>
    made instanceof SinkTransformation || made instanceof LegacySinkTransformation;
  if (transformations.some(isSink)) return;
  const last = transformations[transformations.length - 1];
  throw programError("TSF-1207", "The job has no sink", {
    expected: "sinkTo(...), print() or executeAndCollect() behind at least one stream",
    found: `operators only, the last one "${last.name}"`,
    userLine: last.userLine,
    hint: "Use DiscardingSink when only side effects or accumulators are wanted.",
  });
}
