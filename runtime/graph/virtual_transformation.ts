/**
 * Transformations that become no node of their own: partitioning, union and side outputs turn into properties of
 * edges; sinks and global committers are replaced by what they expand to.
 *
 * @module
 */

import type { ChainingStrategy, StreamOperatorFactory } from "../operators/operator.ts";
import type { StreamPartitioner } from "./stream_partitioner.ts";
import { Transformation, type TransformationOptions } from "./transformation.ts";
import { sinkUidHashError } from "./limits.ts";

/** Whether an exchange waits for its producer to finish (batch only) or is left to the runtime mode. */
export type StreamExchangeMode = "UNDEFINED" | "BATCH";

/** keyBy, rebalance, broadcast and the like. */
export class PartitionTransformation extends Transformation {
  readonly inputs: readonly Transformation[];
  /** True inside sinks behind the writer: committables must have arrived when a checkpoint completes. */
  unalignedDisabled = false;

  constructor(
    readonly input: Transformation,
    readonly partitioner: StreamPartitioner,
    readonly exchangeMode: StreamExchangeMode = "UNDEFINED",
  ) {
    super(input.ids, { name: "Partition", parallelism: input.parallelism, userLine: input.userLine });
    this.inputs = [input];
  }
}

/** Several streams as one. */
export class UnionTransformation extends Transformation {
  constructor(readonly inputs: readonly Transformation[]) {
    const first = inputs[0];
    super(first.ids, { name: "Union", parallelism: first.parallelism, userLine: first.userLine });
  }
}

/** The records that an operator emitted under one tag. */
export class SideOutputTransformation extends Transformation {
  readonly inputs: readonly Transformation[];

  constructor(readonly input: Transformation, readonly tagId: string) {
    super(input.ids, { name: "SideOutput", parallelism: input.parallelism, userLine: input.userLine });
    this.inputs = [input];
  }
}

/** Ids under which the parts of a sink find the state of an earlier version of the job. */
export interface SinkUidHashes {
  /** Of the writer: 32 hex digits. */
  readonly writerUidHash?: string;
  /** Of the committer: 32 hex digits. */
  readonly committerUidHash?: string;
  /** Of the global committer: 32 hex digits. */
  readonly globalCommitterUidHash?: string;
}

/** A sink of the Sink contract: expanded when the graph is built, so that what is set after `sinkTo` counts. */
export class SinkTransformation extends Transformation {
  readonly inputs: readonly Transformation[];
  /** Given to all parts, when set. */
  chainingStrategy: ChainingStrategy | undefined;
  uidHashes: SinkUidHashes;

  /** @param expand Makes the parts in order, see {@link expandSink}. */
  constructor(
    readonly input: Transformation,
    readonly expand: (self: SinkTransformation) => readonly Transformation[],
    options: Partial<TransformationOptions> & { readonly uidHashes?: SinkUidHashes } = {},
  ) {
    super(input.ids, { name: "Sink", parallelism: -1, ...options });
    this.inputs = [input];
    this.uidHashes = options.uidHashes ?? {};
  }
  override get uidHash(): string | undefined {
    return undefined;
  }
  /** @throws InvalidProgramError TSF-1114 always: a sink has several parts, see {@link SinkUidHashes}. */
  override set uidHash(value: string | undefined) {
    if (value !== undefined) throw sinkUidHashError(value, this);
  }
}

/** One committer for all subtasks; becomes a GLOBAL partitioning and an operator of parallelism 1. */
export class GlobalCommitterTransformation extends Transformation {
  readonly inputs: readonly Transformation[];

  constructor(readonly input: Transformation, readonly factory: StreamOperatorFactory<unknown>, userLine?: string) {
    super(input.ids, { name: "Global Committer", parallelism: 1, userLine });
    this.inputs = [input];
  }
}
