/**
 * What may be set for a harness, and what goes from one to another.
 *
 * @module
 */

import type { OperatorConfig, OperatorContext, StreamOperator, StreamOperatorFactory } from "../operators/operator.ts";
import type { OperatorSubtaskState } from "../state/rescale.ts";
import type { KeyHashRule } from "../types/key.ts";
import type { TestSeams } from "./test_seams.ts";

/** State of an operator as a harness gives it out; goes into `initializeState` of another one. */
export type HarnessSnapshot = OperatorSubtaskState & { readonly checkpointId: number };

/** What may be set for a harness; everything has a default. */
export interface HarnessOptions {
  /** State to start from, as `initializeState(snapshot)`; for harnesses that come opened. Default: none. */
  readonly snapshot?: HarnessSnapshot;
  /** Default 1. */
  readonly parallelism?: number;
  /** Default by Flink's rule: 128 for small parallelism. */
  readonly maxParallelism?: number;
  /** Index of the subtask under test, from 0. Default 0. */
  readonly subtaskIndex?: number;
  /** How keys are hashed; default: as where no key type is declared. */
  readonly keyHashRule?: KeyHashRule;
  /** Name and uid that errors show. */
  readonly name?: string;
  /** Uid that errors show. Default: none. */
  readonly uid?: string;
  /** Settings of the job. `checkMutation` is on unless switched off. */
  readonly config?: Partial<OperatorConfig>;
  /** Asked by the operator before one more element in a step. Default: always true. */
  readonly proceed?: () => boolean;
  /** Overwrite every value after the operator emitted it. Default false. */
  readonly mutateOutput?: boolean;
  /** Clock, files and the like. Default: fresh ones. */
  readonly seams?: TestSeams;
  /** Content of cached files, by name. */
  readonly cachedFiles?: Readonly<Record<string, string | Uint8Array>>;
  /** Gets what the operator sends to its coordinator. Default: none. */
  readonly coordinator?: OperatorContext["coordinator"];
  /** Gets what a collect operator hands to the client. Default: none. */
  readonly collect?: OperatorContext["collect"];
}

/** An operator or what makes one. */
export type OperatorUnderTest<OUT> = StreamOperatorFactory<OUT> | StreamOperator<OUT>;

/** What a job without settings has, with the mutation check on. */
export const HARNESS_CONFIG: OperatorConfig = {
  objectReuse: false,
  autoWatermarkIntervalMs: 200,
  checkpointingEnabled: true,
  runtimeMode: "STREAMING",
  checkMutation: true,
  globalJobParameters: {},
};
