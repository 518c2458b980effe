/**
 * Records operators with two inputs: connected streams, keyed or not, and streams beside a broadcast stream.
 *
 * @module
 */

import { userFrame } from "../../errors.ts";
import type { MapStateDescriptor } from "../../functions/state_descriptor.ts";
import { type Transformation, TwoInputTransformation } from "../../graph/transformation.ts";
import { broadcastProcessOperator, keyedBroadcastProcessOperator } from "../../operators/broadcast_process.ts";
import { coFlatMapOperator, coMapOperator } from "../../operators/co_map.ts";
import { coProcessOperator, keyedCoProcessOperator } from "../../operators/co_process.ts";
import type { StreamOperatorFactory } from "../../operators/operator.ts";
import { KeyedBroadcastProcessFunction, KeyedCoProcessFunction } from "../../functions/process_function.ts";
import type { BroadcastConnectedStream, BroadcastStream } from "../broadcast_connected_stream.ts";
import type { ConnectedStreams, KeyedConnectedStreams } from "../connected_streams.ts";
import { describe, notKeyed, programError, requireObject, requirePresent } from "./checks.ts";
import { type RecordedKey, recordedKey } from "./keys.ts";
import { RecordedKeyedStream } from "./recorded_keyed_stream.ts";
import type { RecordedOperator } from "./recorded_operator.ts";
import type { RecordedStream } from "./recorded_stream.ts";
import type { MethodsOf, StreamFactory } from "./stream_factory.ts";

function keyOf(stream: RecordedStream): RecordedKey | undefined {
  return stream instanceof RecordedKeyedStream ? stream.key : undefined;
}

/** Records an operator with two inputs; keyed where its inputs are. */
export function recordTwoInput(
  streams: { readonly factory: StreamFactory; readonly first: RecordedStream; readonly second: SecondInput },
  name: string,
  factory: StreamOperatorFactory<unknown>,
): RecordedOperator {
  const { recorder } = streams.factory;
  const [key1, key2] = [keyOf(streams.first), streams.second.key];
  const rules = [key1?.rule, key2?.rule].filter((rule) => rule !== undefined);
  if (new Set(rules).size > 1) {
    throw programError("TSF-1220", "The key types of connected streams differ", {
      expected: "one declared key type for both",
      found: rules.join(" and "),
    });
  }
  const made = new TwoInputTransformation(streams.first.getTransformation(), streams.second.transformation, {
    name,
    factory,
    parallelism: recorder.parallelism(),
    userLine: userFrame(new Error().stack),
    keySelectors: [key1?.selector, key2?.selector],
    keyHashRule: rules[0],
  });
  recorder.transformations.push(made);
  return streams.factory.operator(made);
}

interface SecondInput {
  readonly transformation: Transformation;
  readonly key?: RecordedKey;
}

/** Implements {@link ConnectedStreams} and {@link KeyedConnectedStreams}. */
export class RecordedConnectedStreams
  implements
    MethodsOf<ConnectedStreams<unknown, unknown>>,
    MethodsOf<KeyedConnectedStreams<unknown, unknown, unknown>> {
  constructor(
    private readonly factory: StreamFactory,
    private readonly first: RecordedStream,
    private readonly second: RecordedStream,
  ) {}

  // deno-lint-ignore no-explicit-any -- the environment's own type is in the interface
  getExecutionEnvironment(): any {
    return this.factory.recorder.environment;
  }
  getFirstInput(): object {
    return this.first;
  }
  getSecondInput(): object {
    return this.second;
  }
  map(fn: unknown): object {
    return this.transform("Co-Map", coMapOperator(requireObject(fn, "map()", "map1", "map2") as never));
  }
  flatMap(fn: unknown): object {
    const checked = requireObject(fn, "flatMap()", "flatMap1", "flatMap2");
    return this.transform("Co-Flat Map", coFlatMapOperator(checked as never));
  }
  process(fn: unknown): object {
    const checked = requireObject(fn, "process()", "processElement1", "processElement2") as never;
    if (keyOf(this.first) !== undefined && keyOf(this.second) !== undefined) {
      return this.transform("Co-Keyed-Process", keyedCoProcessOperator(checked));
    }
    if ((fn as unknown) instanceof KeyedCoProcessFunction) {
      throw notKeyed(fn, "keyBy(first, second) on the two streams");
    }
    return this.transform("Co-Process", coProcessOperator(checked));
  }
  keyBy(first: unknown, second: unknown, keyType?: unknown): object {
    return this.factory.connected(
      this.factory.keyed(this.first.getTransformation(), recordedKey([first, keyType], "keyBy()")),
      this.factory.keyed(this.second.getTransformation(), recordedKey([second, keyType], "keyBy()")),
    );
  }
  transform(name: string, factory: StreamOperatorFactory<unknown>): RecordedOperator {
    const second = { transformation: this.second.getTransformation(), key: keyOf(this.second) };
    const operator = requirePresent(factory, "an operator factory");
    return recordTwoInput({ factory: this.factory, first: this.first, second }, name, operator);
  }
}

/** Implements {@link BroadcastStream}. */
export class RecordedBroadcastStream implements MethodsOf<BroadcastStream<unknown>> {
  constructor(
    private readonly factory: StreamFactory,
    private readonly transformation: Transformation,
    private readonly descriptors: readonly MapStateDescriptor<unknown, unknown>[],
  ) {
    for (const descriptor of descriptors) {
      if (requirePresent(descriptor, "a descriptor of the broadcast state").kind === "map") continue;
      throw programError("TSF-1201", "This is not a descriptor of a broadcast state", {
        expected: 'new MapStateDescriptor("name")',
        found: describe(descriptor),
      });
    }
  }
  getBroadcastStateDescriptors(): readonly MapStateDescriptor<unknown, unknown>[] {
    return this.descriptors;
  }
  getTransformation(): Transformation {
    return this.transformation;
  }
  // deno-lint-ignore no-explicit-any -- the environment's own type is in the interface
  getExecutionEnvironment(): any {
    return this.factory.recorder.environment;
  }
}

/** Implements {@link BroadcastConnectedStream}, keyed or not. */
export class RecordedBroadcastConnectedStream implements MethodsOf<BroadcastConnectedStream<unknown, unknown>> {
  constructor(
    private readonly factory: StreamFactory,
    private readonly first: RecordedStream,
    private readonly second: BroadcastStream<unknown>,
  ) {}

  // deno-lint-ignore no-explicit-any -- the environment's own type is in the interface
  getExecutionEnvironment(): any {
    return this.factory.recorder.environment;
  }
  getFirstInput(): object {
    return this.first;
  }
  getSecondInput(): object {
    return this.second;
  }
  process(fn: unknown): object {
    const checked = requireObject(fn, "process()", "processElement", "processBroadcastElement") as never;
    const descriptors = this.second.getBroadcastStateDescriptors() as readonly MapStateDescriptor<unknown, unknown>[];
    const isKeyed = keyOf(this.first) !== undefined;
    if (!isKeyed && (fn as unknown) instanceof KeyedBroadcastProcessFunction) {
      throw notKeyed(fn, "keyBy() on the stream");
    }
    return recordTwoInput(
      { factory: this.factory, first: this.first, second: { transformation: this.second.getTransformation() } },
      isKeyed ? "Co-Process-Broadcast-Keyed" : "Co-Process-Broadcast",
      isKeyed ? keyedBroadcastProcessOperator(checked, descriptors) : broadcastProcessOperator(checked, descriptors),
    );
  }
}
