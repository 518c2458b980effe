/**
 * Makes the recording classes of one environment; the only file that knows them all.
 *
 * @module
 */

import type { PhysicalTransformation, Transformation } from "../../graph/transformation.ts";
import { PartitionTransformation } from "../../graph/virtual_transformation.ts";
import type { RecordedKey } from "./keys.ts";
import {
  RecordedBroadcastConnectedStream,
  RecordedBroadcastStream,
  RecordedConnectedStreams,
} from "./recorded_connected_streams.ts";
import { RecordedIntervalJoin, RecordedJoin } from "./recorded_joins.ts";
import { RecordedKeyedStream } from "./recorded_keyed_stream.ts";
import { RecordedOperator } from "./recorded_operator.ts";
import { RecordedPartitionWindow } from "./recorded_partition_window.ts";
import { RecordedSink } from "./recorded_sink.ts";
import { oneInputTransformation, RecordedStream } from "./recorded_stream.ts";
import { RecordedWindowedStream } from "./recorded_windowed_stream.ts";
import type { GraphRecorder, StreamFactory } from "./stream_factory.ts";

/** The factory of an environment. */
export function streamFactory(recorder: GraphRecorder): StreamFactory {
  const factory: StreamFactory = {
    recorder,
    operator: (transformation: PhysicalTransformation) => new RecordedOperator(factory, transformation),
    stream: (transformation: Transformation) => new RecordedStream(factory, transformation),
    keyed: (input: Transformation, key: RecordedKey) => {
      const partitioner = { strategy: "HASH", keySelector: key.selector, keyHashRule: key.rule } as const;
      return new RecordedKeyedStream(factory, new PartitionTransformation(input, partitioner), key);
    },
    windowed: (windows) => new RecordedWindowedStream(factory, windows),
    connected: (first, second) => new RecordedConnectedStreams(factory, first, second),
    broadcast: (transformation, descriptors) => new RecordedBroadcastStream(factory, transformation, descriptors),
    broadcastConnected: (first, second) => new RecordedBroadcastConnectedStream(factory, first, second),
    joined: (left, right, kind) => new RecordedJoin({ factory, left, right, kind }),
    intervalJoin: (left, right) => new RecordedIntervalJoin(factory, left, right),
    partitionWindow: (input) => new RecordedPartitionWindow(factory, input),
    sink: (transformation) => new RecordedSink(transformation as never),
    oneInput: (input, record) => factory.operator(oneInputTransformation(factory, input, record)),
  };
  return factory;
}
