/**
 * What the fluent API records: one Transformation per call, linked to its inputs. Nothing runs here; the
 * StreamGraphGenerator translates them. Setters refuse bad values at once, so that the error names the user's line.
 *
 * @module
 */

import type { KeySelector } from "../functions/functions.ts";
import type { ChainingStrategy, StreamOperatorFactory } from "../operators/operator.ts";
import type { Boundedness } from "../functions/source.ts";
import type { Key, KeyHashRule } from "../types/key.ts";
import { checkBufferTimeout, checkMaxParallelism, checkParallelism, checkUidHash, nonParallelError } from "./limits.ts";

/** Take the parallelism of the environment. */
export const PARALLELISM_DEFAULT = -1;

/**
 * Numbers the transformations of one environment, from 1, virtual ones included. Flink counts per process; the order,
 * on which operator ids depend, is the same.
 */
export class TransformationIds {
  #last = 0;
  next(): number {
    return ++this.#last;
  }
  /** The last id given out. */
  get last(): number {
    return this.#last;
  }
  /** Gives out the ids after `last` again: what a translation used up does not shift later transformations. */
  reset(last: number): void {
    this.#last = last;
  }
}

/** What every transformation is made from. */
export interface TransformationOptions {
  readonly name: string;
  /** {@link PARALLELISM_DEFAULT} takes the environment's when the graph is built. */
  readonly parallelism: number;
  /** The line of user code that made it. */
  readonly userLine?: string;
}

/** A node of what the program described. */
export abstract class Transformation {
  /** Unique in the environment, counted up from 1. */
  readonly id: number;
  /** What it reads from; empty for sources. */
  abstract readonly inputs: readonly Transformation[];
  /** Shown in plans and metrics. */
  name: string;
  /** Longer than the name; shown in plans. Default: the name. */
  description: string | undefined;
  /** Fixes the operator id across changes of the program. */
  uid: string | undefined;
  /** Only operators of one group share slots. Default: that of the inputs, else "default". */
  slotSharingGroup: string | undefined;
  /** Operators of one group run subtask by subtask in the same slot. */
  coLocationGroup: string | undefined;
  /** Line of the program that made it, as `file:line:column`. */
  userLine: string | undefined;
  /** False while the parallelism is only the environment's. */
  parallelismConfigured = false;
  #parallelism: number;
  #maxParallelism = -1;
  #bufferTimeoutMs = -1;
  #uidHash: string | undefined;
  #nonParallel = false;

  /** Takes the next id. */
  constructor(readonly ids: TransformationIds, options: TransformationOptions) {
    this.id = ids.next();
    this.name = options.name;
    this.userLine = options.userLine;
    this.#parallelism = options.parallelism;
  }

  /** At least 1, or {@link PARALLELISM_DEFAULT}. */
  get parallelism(): number {
    return this.#parallelism;
  }
  /** @throws InvalidProgramError TSF-1104 below 1 or above 32768, TSF-1112 other than 1 where only 1 is possible. */
  set parallelism(value: number) {
    checkParallelism(value, this);
    if (this.#nonParallel && value !== 1) throw nonParallelError("parallelism", value, this);
    this.#parallelism = value;
    this.parallelismConfigured = true;
  }
  /** Takes a parallelism over without a check and without counting it as set by the user. */
  inheritParallelism(parallelism: number, configured = false): void {
    this.#parallelism = parallelism;
    this.parallelismConfigured = configured && parallelism !== PARALLELISM_DEFAULT;
  }
  /** -1 = the job's, and if that is not set, derived from the parallelism. */
  get maxParallelism(): number {
    return this.#maxParallelism;
  }
  /** @throws InvalidProgramError TSF-1105 outside 1..32768, TSF-1112 other than 1 where only 1 is possible. */
  set maxParallelism(value: number) {
    checkMaxParallelism(value, this);
    if (this.#nonParallel && value !== 1) throw nonParallelError("max parallelism", value, this);
    this.#maxParallelism = value;
  }
  /** -1 = the job's; 0 flushes after each record. */
  get bufferTimeoutMs(): number {
    return this.#bufferTimeoutMs;
  }
  /** @throws InvalidProgramError TSF-1113 below -1. */
  set bufferTimeoutMs(value: number) {
    checkBufferTimeout(value, this);
    this.#bufferTimeoutMs = value;
  }
  /** An operator id of an earlier version of the job, to take its state over. */
  get uidHash(): string | undefined {
    return this.#uidHash;
  }
  /** @throws InvalidProgramError TSF-1108 unless it has 32 hex digits. */
  set uidHash(value: string | undefined) {
    if (value !== undefined) checkUidHash(value, this);
    this.#uidHash = value;
  }
  /** Fixes parallelism and max parallelism at 1 for good. */
  forceNonParallel(): void {
    this.parallelism = 1;
    this.maxParallelism = 1;
    this.#nonParallel = true;
  }
  /** Whether the parallelism is fixed at 1. */
  get isNonParallel(): boolean {
    return this.#nonParallel;
  }
}

/** Options of a transformation that becomes an operator. */
export interface OperatorTransformationOptions extends TransformationOptions {
  readonly factory: StreamOperatorFactory<unknown>;
}

/** A transformation that becomes a node. */
export abstract class PhysicalTransformation extends Transformation {
  readonly factory: StreamOperatorFactory<unknown>;
  /** Set by disableChaining and startNewChain; the factory's otherwise. */
  chainingStrategy: ChainingStrategy | undefined;

  constructor(ids: TransformationIds, options: OperatorTransformationOptions) {
    super(ids, options);
    this.factory = options.factory;
    if (options.factory.isNonParallel === true) this.forceNonParallel();
  }
  /** One per input; undefined where the input is not keyed. */
  get keySelectors(): readonly (KeySelector<unknown, Key> | undefined)[] {
    return [];
  }
  /** Hash rule of the key, when declared. */
  get keyHashRule(): KeyHashRule | undefined {
    return undefined;
  }
}

/** Options of a {@link SourceTransformation}. */
export interface SourceTransformationOptions extends OperatorTransformationOptions {
  readonly ids: TransformationIds;
  readonly boundedness: Boundedness;
  /** A source of Flink's old kind (sockets): yielding operators do not chain to it. */
  readonly legacy?: boolean;
}

/** A source; its node is named "Source: name". */
export class SourceTransformation extends PhysicalTransformation {
  readonly inputs: readonly Transformation[] = [];
  readonly boundedness: Boundedness;
  readonly legacy: boolean;

  constructor(options: SourceTransformationOptions) {
    super(options.ids, options);
    this.boundedness = options.boundedness;
    this.legacy = options.legacy === true;
    if (this.legacy) this.chainingStrategy = "HEAD";
  }
}

/** Options of an operator with one input. */
export interface OneInputTransformationOptions extends OperatorTransformationOptions {
  readonly keySelector?: KeySelector<unknown, Key>;
  readonly keyHashRule?: KeyHashRule;
}

/** An operator with one input. */
export class OneInputTransformation extends PhysicalTransformation {
  readonly inputs: readonly Transformation[];
  readonly #options: OneInputTransformationOptions;

  constructor(readonly input: Transformation, options: OneInputTransformationOptions) {
    super(input.ids, options);
    this.inputs = [input];
    this.#options = options;
  }
  override get keySelectors(): readonly (KeySelector<unknown, Key> | undefined)[] {
    return [this.#options.keySelector];
  }
  override get keyHashRule(): KeyHashRule | undefined {
    return this.#options.keyHashRule;
  }
}

/** A sink of one node that is named "Sink: name" (print, collect); shown as "Data Sink" in plans. */
export class LegacySinkTransformation extends OneInputTransformation {}

/** Options of an operator with two inputs. */
export interface TwoInputTransformationOptions extends OperatorTransformationOptions {
  readonly keySelectors?: readonly [KeySelector<unknown, Key> | undefined, KeySelector<unknown, Key> | undefined];
  readonly keyHashRule?: KeyHashRule;
}

/** An operator with two inputs. */
export class TwoInputTransformation extends PhysicalTransformation {
  readonly inputs: readonly Transformation[];
  readonly #options: TwoInputTransformationOptions;

  constructor(
    readonly input1: Transformation,
    readonly input2: Transformation,
    options: TwoInputTransformationOptions,
  ) {
    super(input1.ids, options);
    this.inputs = [input1, input2];
    this.#options = options;
  }
  override get keySelectors(): readonly (KeySelector<unknown, Key> | undefined)[] {
    return this.#options.keySelectors ?? [undefined, undefined];
  }
  override get keyHashRule(): KeyHashRule | undefined {
    return this.#options.keyHashRule;
  }
}
