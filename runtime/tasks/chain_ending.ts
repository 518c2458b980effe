/**
 * The end of a task, step by step: endInput and finish of each operator from the head to the tail, each given the time
 * it needs to emit what it holds, then the end of data on every output.
 *
 * @module
 */

import type { RecordWriter } from "../network/record_writer.ts";
import type { OperatorChain } from "./operator_chain.ts";

/** Ends the operators of a chain in order. */
export class ChainEnding {
  readonly #chain: OperatorChain;
  readonly #writers: readonly RecordWriter[];
  readonly #steps: (() => "more" | "input-ended" | "done")[] = [];
  #openInputs: number;
  #drained = true;

  constructor(chain: OperatorChain, writers: readonly RecordWriter[]) {
    this.#chain = chain;
    this.#writers = writers;
    this.#openInputs = chain.head.inputs.length;
  }

  /** Whether some step is left; input is not taken meanwhile. */
  get isEnding(): boolean {
    return this.#steps.length > 0;
  }

  /** Whether the input ended by itself or was drained: nothing more comes, ever. */
  get isDrained(): boolean {
    return this.#drained;
  }

  /** One input of the head has ended. */
  endInput(input: number, drain: boolean): void {
    const { head } = this.#chain;
    this.#drained &&= drain;
    const last = --this.#openInputs === 0;
    this.#steps.push(() => {
      if (drain) head.call("endInput", () => head.operator.endInput(input));
      return last ? "more" : "input-ended";
    });
    if (last) this.#finish();
  }

  /** A source has ended. */
  endSource(drain: boolean): void {
    this.#drained = drain;
    this.#finish();
  }

  /** Does the next step; only while the chain is not held. */
  next(): "more" | "input-ended" | "done" {
    return this.#steps.shift()!();
  }

  #finish(): void {
    this.#chain.nodes.forEach((node, i) => {
      // Without drain (stop) nothing more is emitted: operators keep what they hold in their state.
      if (this.#drained) {
        if (i > 0) this.#steps.push(() => (node.call("endInput", () => node.operator.endInput(0)), "more"));
        this.#steps.push(() => (node.call("finish", () => node.operator.finish()), "more"));
      }
    });
    this.#steps.push(() => {
      for (const writer of this.#writers) writer.broadcast({ kind: "end", drain: this.#drained });
      return "done";
    });
  }
}
