/**
 * A chain compiled to functions of its own: one loop per input of the head, one way on for every operator that is called.
 *
 * Invariant: what it does equals the interpreter (operator_chain.ts) in results, order, counters and errors; both may take
 * turns between any two records.
 * Who calls: stream_task.ts once all operators are open; the loops are run by input_processor.ts and the source operator.
 *
 * @module
 */

import type { OperatorReference } from "../../errors.ts";
import type { KeySelector } from "../../functions/functions.ts";
import type { CallScope } from "../../operators/call_scope.ts";
import { recordCopier } from "../../operators/collector.ts";
import { type Fusion, fusionOf } from "../../operators/codegen/fusion.ts";
import { refusePromise } from "../../operators/function_binding.ts";
import { StreamOperator } from "../../operators/operator.ts";
import type { OperatorRuntime } from "../../operators/operator_runtime.ts";
import { checkedTimestamp } from "../../operators/source/watermark_emitter.ts";
import { wrapUserError } from "../../operators/user_error.ts";
import type { KeyedStateBackend } from "../../state/keyed_state_backend.ts";
import type { Key } from "../../types/key.ts";
import type { ChainNode, Emit, EmitSide, OperatorChain } from "../operator_chain.ts";
import type { StepBudget } from "../step_budget.ts";
import { ChainText } from "./chain_text.ts";

/** Takes the records of a batch from `from` on as far as the step allows; gives the first it did not take. */
export type BatchFunction = (
  values: readonly unknown[],
  timestamps: Float64Array,
  from: number,
  to: number,
) => number;
/** The same for records that are made when they are taken. */
export type SourceFunction = (
  from: number,
  to: number,
  make: (index: number) => unknown,
  stamp?: (value: unknown, index: number) => number,
) => number;

/** The functions of a chain that are called from outside. */
export interface FusedChain {
  readonly budget: StepBudget;
  /** By input of the head. */
  readonly inputs: readonly BatchFunction[];
  readonly source: SourceFunction | undefined;
}

/** One operator of the chain as the text needs it. */
export interface NodePlan {
  readonly index: number;
  readonly node: ChainNode;
  readonly fusion: Fusion | undefined;
  /** By input: undefined without key, "own" where the operator sets its key its own way. */
  readonly keys: readonly (KeySelector<unknown, Key> | "own" | undefined)[];
  readonly keyedState: KeyedStateBackend | undefined;
  readonly copy: (value: unknown) => unknown;
}

/** What a chain is compiled from. */
export interface FuseOptions {
  readonly chain: OperatorChain;
  readonly runtimes: readonly OperatorRuntime[];
  readonly references: readonly OperatorReference[];
  readonly budget: StepBudget;
  /** Different for every chain of a process: V8 keeps one set of type feedback per text. */
  readonly id: string;
}

/** Compiles the chain and puts its outputs in place. */
export function fuseChain({ chain, runtimes, references, budget, id }: FuseOptions): FusedChain {
  const plans = chain.nodes.map((node, index) => planOf(node, index, runtimes[index]));
  const scopes = plans.map(({ fusion }) => scopeOf(fusion));
  const text = new ChainText(plans, {
    budget,
    control: chain.control,
    refusePromise,
    noTimestamp: checkedTimestamp,
    arrayValues: Array.prototype.values,
    fail: (error: unknown, at: number): unknown => {
      if (at < 0) return error;
      scopes[at >> 1]?.exit();
      return wrapUserError(error, references[at >> 1], (at & 1) === 1 ? "the key selector" : "processing a record");
    },
  });
  const numInputs = plans[0].fusion?.kind === "source" ? 0 : chain.head.inputs.length;
  const body = text.write(id, numInputs);
  const functions = new Function("constants", body)(text.constants) as Record<string, unknown>;
  for (const { index, node } of plans) {
    const emit = functions[`emit${index}`];
    if (emit === undefined) continue;
    node.output.emit = emit as Emit;
    node.output.emitSide = functions[`side${index}`] as EmitSide;
  }
  return {
    budget,
    inputs: Array.from({ length: numInputs }, (_, input) => functions[`input${input}`] as BatchFunction),
    source: functions.source as SourceFunction | undefined,
  };
}

function planOf(node: ChainNode, index: number, { context, keyedState }: OperatorRuntime): NodePlan {
  const { operator } = node;
  const setsOwnKey = operator.setKeyContext !== StreamOperator.prototype.setKeyContext;
  return {
    index,
    node,
    fusion: fusionOf(operator),
    keys: node.keyed.map((isKeyed, input) => !isKeyed ? undefined : setsOwnKey ? "own" : context.keySelectors[input]),
    keyedState,
    copy: recordCopier(context, "consumers"),
  };
}

/** The scope that an error has to leave. */
function scopeOf(fusion: Fusion | undefined): CallScope | undefined {
  return fusion !== undefined && "scope" in fusion ? fusion.scope : undefined;
}
