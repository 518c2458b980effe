/**
 * State of a function object that belongs to no key: what it keeps in its fields, written to operator state at each
 * checkpoint and read back when it starts; and how it hears of checkpoints.
 *
 * Every function object may have these methods: map, process, window functions and so on.
 *
 * @module
 */

import type { NoResult } from "./functions.ts";
import type {
  AggregatingState,
  AggregatingStateDescriptor,
  BroadcastState,
  ListState,
  ListStateDescriptor,
  MapState,
  MapStateDescriptor,
  ReducingState,
  ReducingStateDescriptor,
  ValueState,
  ValueStateDescriptor,
} from "./state_descriptor.ts";

/** Operator state of one subtask, by name. Handles may be kept and used at any time. */
export interface OperatorStateStore {
  /**
   * A list whose elements are given out evenly, in order, when the parallelism changes.
   *
   * @throws InvalidProgramError TSF-2110 when the name belongs to a union list, also of the snapshot it starts from.
   */
  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T>;
  /**
   * A list of which every subtask gets all elements of all subtasks when it is restored, at any parallelism.
   *
   * @throws InvalidProgramError TSF-2110 when the name belongs to a list that is split.
   */
  getUnionListState<T>(descriptor: ListStateDescriptor<T>): ListState<T>;
  /** A map that is the same in every subtask; keeping it so is the caller's business. */
  getBroadcastState<K, V>(descriptor: MapStateDescriptor<K, V>): BroadcastState<K, V>;
}

/** Keyed state, to be registered before the first record; reading and writing needs a record with its key. */
export interface KeyedStateStore {
  /** A value per key. */
  getState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T>;
  /** A list per key. */
  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T>;
  /** A map per key. */
  getMapState<UK, UV>(descriptor: MapStateDescriptor<UK, UV>): MapState<UK, UV>;
  /** A value per key, combined by a reduce function. */
  getReducingState<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T>;
  /** An accumulator per key. */
  getAggregatingState<IN, ACC, OUT>(descriptor: AggregatingStateDescriptor<IN, ACC, OUT>): AggregatingState<IN, OUT>;
}

/** What {@link CheckpointedFunction.initializeState} gets. */
export interface FunctionInitializationContext {
  /** Whether the job starts from a checkpoint or savepoint; true also when that holds nothing of this function. */
  isRestored(): boolean;
  /** Id of that checkpoint; undefined when the job starts afresh. */
  getRestoredCheckpointId(): number | undefined;
  /** State of the subtask. */
  getOperatorStateStore(): OperatorStateStore;
  /** Its methods throw TSF-2004 on a stream that is not keyed. */
  getKeyedStateStore(): KeyedStateStore;
}

/** What {@link CheckpointedFunction.snapshotState} gets. */
export interface FunctionSnapshotContext {
  /** Id of the checkpoint being taken. */
  getCheckpointId(): number;
}

/**
 * A function object that keeps operator state.

 *
 * @example
 * ```ts
 * import { ListStateDescriptor, perSubtask, StreamExecutionEnvironment } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * const numbered = perSubtask(() => {
 *   let count = 0;
 *   let kept: { update(values: Iterable<number>): void };
 *   return {
 *     initializeState(context: FunctionInitializationContext) {
 *       const state = context.getOperatorStateStore().getListState(new ListStateDescriptor<number>("count"));
 *       for (const restored of state.get()) count += restored;
 *       kept = state;
 *     },
 *     snapshotState: () => kept.update([count]),
 *     map: (word: string) => `${++count} ${word}`,
 *   };
 * });
 * console.assert((await env.fromData("a", "b").map(numbered).executeAndCollect()).join() === "1 a,2 b");
 * ```
 */
export interface CheckpointedFunction {
  /** Called once, before `open`, also when there is nothing to restore: ask for the state here. */
  initializeState(context: FunctionInitializationContext): NoResult;
  /** Called at each checkpoint: write to the state what has to be restored. */
  snapshotState(context: FunctionSnapshotContext): NoResult;
}

/** A function object that hears what became of checkpoints. */
export interface CheckpointListener {
  /** The checkpoint, and with it all before, is complete. May be left out for some: later ones imply it. */
  notifyCheckpointComplete(checkpointId: number): NoResult;
  /** The checkpoint will not complete. */
  notifyCheckpointAborted?(checkpointId: number): NoResult;
}
