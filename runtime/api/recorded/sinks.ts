/**
 * Makes the transformations of sinks: print and collect as single nodes, sinks of the Sink contract as writer, committer
 * and the topologies around them when the graph is built (graph/sink_expansion.ts gives the parts the sink's properties).
 *
 * @module
 */

import { userFrame } from "../../errors.ts";
import type { Sink } from "../../functions/sink.ts";
import { expandSink, type SinkStage, type SinkTopology } from "../../graph/sink_expansion.ts";
import { LegacySinkTransformation, type Transformation } from "../../graph/transformation.ts";
import { SinkTransformation, type SinkUidHashes } from "../../graph/virtual_transformation.ts";
import { committerOperator } from "../../operators/sink/committer_operator.ts";
import { sinkWriterOperator } from "../../operators/sink/sink_operator.ts";
import { ExecutionOptions } from "../config_options.ts";
import type { CollectResult } from "../execute_and_collect.ts";
import type { PrintOptions } from "../host_binding.ts";
import { programError, requireObject } from "./checks.ts";
import type { RecordedStream } from "./recorded_stream.ts";
import type { StreamFactory } from "./stream_factory.ts";

// deno-lint-ignore no-explicit-any -- committables and states are the sink's own business
type AnySink = Sink<any, any, any>;

interface LegacySink {
  readonly name: string;
  readonly sink: AnySink;
  readonly parallelism: number;
}

function legacySink(factory: StreamFactory, input: Transformation, made: LegacySink): LegacySinkTransformation {
  const transformation = new LegacySinkTransformation(input, {
    name: made.name,
    factory: sinkWriterOperator(made.sink),
    parallelism: made.parallelism,
    userLine: userFrame(new Error().stack),
  });
  factory.recorder.transformations.push(transformation);
  return transformation;
}

/** A sink that prints. */
export function printSink(factory: StreamFactory, input: Transformation, options: PrintOptions): object {
  return factory.sink(legacySink(factory, input, {
    name: options.stderr ? "Print to Std. Err" : "Print to Std. Out",
    sink: factory.recorder.host().connectors.print(options),
    parallelism: factory.recorder.parallelism(),
  }));
}

/** A sink whose records come to the client; its uid names the receiver. */
export function collectSink(factory: StreamFactory, input: Transformation): CollectResult<unknown> {
  const { recorder } = factory;
  const sink = recorder.host().connectors.collect();
  const transformation = legacySink(factory, input, { name: "Data stream collect sink", sink, parallelism: 1 });
  transformation.uid = `dataStreamCollect_${transformation.id}`;
  transformation.parallelismConfigured = true;
  return recorder.collect(transformation.uid, recorder.configuration.get(ExecutionOptions.COLLECT_BUFFER));
}

/** A sink of the Sink contract. */
export function sinkOf(
  factory: StreamFactory,
  stream: RecordedStream,
  given: { readonly sink: AnySink; readonly uidHashes?: SinkUidHashes },
): object {
  const sink = requireObject(given.sink, "sinkTo()", "createWriter") as AnySink;
  if (sink.createCommitter === undefined && (sink.addPreCommitTopology ?? sink.addPostCommitTopology) !== undefined) {
    throw programError("TSF-1221", "A sink with a pre-commit or post-commit topology needs a committer", {
      expected: "createCommitter()",
      found: "none",
    });
  }
  const input = stream.getTransformation();
  const transformation = new SinkTransformation(
    input,
    (self) => expandSink(self, topologyOf(factory, sink)),
    { parallelism: factory.recorder.parallelism(), userLine: userFrame(new Error().stack), uidHashes: given.uidHashes },
  );
  factory.recorder.transformations.push(transformation);
  return factory.sink(transformation);
}

function topologyOf(factory: StreamFactory, sink: AnySink): SinkTopology {
  // What a topology returns is where the next part goes on; the operators it made are given the sink's properties.
  const stage = (input: Transformation, build: (stream: object) => unknown): SinkStage => {
    let output: unknown;
    const created = factory.recorder.recordApart(() => output = build(factory.stream(input)));
    const stream = output as RecordedStream | undefined;
    return { created, output: stream === undefined ? input : stream.getTransformation() };
  };
  const { addPreWriteTopology, addPreCommitTopology, addPostCommitTopology } = sink;
  return {
    writer: sinkWriterOperator(sink),
    committer: sink.createCommitter === undefined ? undefined : committerOperator(sink as never),
    preWrite: addPreWriteTopology === undefined
      ? undefined
      : (input) => stage(input, (stream) => addPreWriteTopology.call(sink, stream)),
    preCommit: addPreCommitTopology === undefined
      ? undefined
      : (input) => stage(input, (stream) => addPreCommitTopology.call(sink, stream)),
    postCommit: addPostCommitTopology === undefined
      ? undefined
      : (input) => stage(input, (stream) => addPostCommitTopology.call(sink, stream)),
  };
}
