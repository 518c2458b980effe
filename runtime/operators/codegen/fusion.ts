/**
 * What an operator tells about itself so that a chain can be compiled into one function: the user's call and what has to
 * be done around it. An operator that tells nothing is called through its `processElement`, which is always right.
 *
 * Invariant: the compiled form does what `processElement` does, in the same order.
 * Who calls: tasks/codegen, after `open()`.
 *
 * @module
 */

import type { ValueState } from "../../functions/state_descriptor.ts";
import type { SinkWriterContext } from "../../functions/sink.ts";
import type {
  TimestampAssigner,
  WatermarkGenerator,
  WatermarkOutput,
} from "../../functions/watermarks/watermark_strategy.ts";
import type { CallScope } from "../call_scope.ts";
import type { CallCollector } from "../collector.ts";
import type { StreamOperator } from "../operator.ts";
import type { FusedPath } from "../windowing/window_path.ts";

/** One value in, one value out; or the values passed on for which the call is true. */
export interface MapOrFilterFusion {
  readonly kind: "map" | "filter";
  readonly call: (value: unknown) => unknown;
  /** Entered around the call; undefined where the function cannot hold handles. */
  readonly scope: CallScope | undefined;
  /** What it returns for a record that is fit to travel is so too. */
  readonly keepsTravelling?: boolean;
}
/** The same over two connected streams. */
export interface CoMapFusion {
  readonly kind: "coMap";
  readonly fn: object;
  /** Its method for a record, by input. */
  readonly methods: readonly string[];
  readonly scope: CallScope;
}
/** A value per key that every record is reduced into; the result goes on. */
export interface ReduceFusion {
  readonly kind: "reduce";
  readonly values: ValueState<unknown>;
  readonly call: (left: unknown, right: unknown) => unknown;
  readonly scope: CallScope;
  /** Does all of it, for functions of the engine; gives the result. */
  readonly reduceStored: ((value: unknown) => unknown) | undefined;
}
/** What calls that get a collector have in common. */
export interface CollectorFusion {
  readonly collector: CallCollector<unknown>;
  readonly scope: CallScope;
  /** Gives what goes on in place of a value that was collected or drawn (rule 11). */
  readonly copy: (value: unknown) => unknown;
}
/** Any number of values through a collector or as an iterable. */
export interface FlatMapFusion extends CollectorFusion {
  readonly kind: "flatMap";
  /** By input: a function, or an object with the method of that name. */
  readonly calls: readonly { readonly fn: unknown; readonly method?: string }[];
  /** Takes a returned iterable in the running call: emits what it may, the rest is pending work. */
  readonly draw: (result: unknown, timestamp: number, input: number) => void;
  /** Leaves the elements of an array from that position on as pending work. */
  readonly keepRest: (elements: readonly unknown[], from: number, timestamp: number) => void;
}
/** A process function with its contexts. */
export interface ProcessFusion extends CollectorFusion {
  readonly kind: "process";
  /** The function object. */
  readonly fn: unknown;
  /** Its method for a record, by input; undefined where the operator is to be called. */
  readonly methods: readonly (string | undefined)[];
  readonly binding: { contextAt(timestamp: number): unknown };
}
/** The end of a chain that writes records to a sink. */
export interface SinkFusion {
  readonly kind: "sink";
  readonly writer: { write(value: unknown, context: SinkWriterContext): unknown };
  readonly context: SinkWriterContext;
  /** Holds the timestamp that the context tells. */
  readonly clock: { timestamp: number };
  /** Takes what `write` answered when it is not undefined. */
  readonly wait: (answer: unknown) => void;
}
/** Gives timestamps and makes watermarks in the middle of a pipeline. */
export interface TimestampsFusion extends WatermarkParts {
  readonly kind: "timestamps";
}
/** The head of a source task. */
export interface SourceFusion extends WatermarkParts {
  readonly kind: "source";
  /** Whether its records are known to be fit to travel. */
  readonly travels: boolean;
}
/** How records get timestamps and the generator hears of them. */
export interface WatermarkParts {
  readonly assign: TimestampAssigner<unknown>;
  /** Undefined where no watermark comes of a record. */
  readonly generator: WatermarkGenerator<unknown> | undefined;
  /** Whether the generator only keeps the largest timestamp until it is asked: one event of many is enough then. */
  readonly keepsMaximum: boolean;
  readonly onEvent: WatermarkOutput;
}

/** Windows: most records are added to what their key has in the window of the last record. */
export interface WindowFusion {
  readonly kind: "window";
  /** Takes all other records. */
  readonly operator: { processMoved(value: unknown, timestamp: number): void };
  readonly path: FusedPath | undefined;
}

/** See the module. */
export type Fusion =
  | MapOrFilterFusion
  | CoMapFusion
  | ReduceFusion
  | FlatMapFusion
  | ProcessFusion
  | SinkFusion
  | WindowFusion
  | TimestampsFusion
  | SourceFusion;

/** What the operator tells; undefined when it has to be called. */
export function fusionOf(operator: StreamOperator): Fusion | undefined {
  const { fusion } = operator as { fusion?: () => Fusion | undefined };
  return fusion?.call(operator);
}
