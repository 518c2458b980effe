/**
 * Records what is set on a stream made by one operator: name, uid, parallelism, chaining, placement.
 *
 * @module
 */

import { nonParallelError } from "../../graph/limits.ts";
import type { OutputTag } from "../../functions/output_tag.ts";
import type { PhysicalTransformation } from "../../graph/transformation.ts";
import { SideOutputTransformation } from "../../graph/virtual_transformation.ts";
import type { ChainingStrategy } from "../../operators/operator.ts";
import type { SingleOutputStreamOperator, SlotSharingGroup } from "../single_output_stream_operator.ts";
import { requirePresent, requireTag, requireText } from "./checks.ts";
import { RecordedStream } from "./recorded_stream.ts";
import type { MethodsOf, StreamFactory } from "./stream_factory.ts";

/** Name of a slot sharing group, checked. */
export function groupName(group: string | SlotSharingGroup): string {
  return requireText(typeof group === "string" ? group : group?.name, "The name of the slot sharing group");
}

/** Implements {@link SingleOutputStreamOperator}. */
export class RecordedOperator extends RecordedStream implements MethodsOf<SingleOutputStreamOperator<unknown>> {
  readonly #physical: PhysicalTransformation;
  #isFixed = false;

  constructor(factory: StreamFactory, transformation: PhysicalTransformation) {
    super(factory, transformation);
    this.#physical = transformation;
  }

  getName(): string {
    return this.#physical.name;
  }
  name(name: string): this {
    this.#physical.name = requireText(name, "The name of the operator");
    return this;
  }
  uid(uid: string): this {
    this.#physical.uid = requireUid(uid);
    return this;
  }
  setUidHash(uidHash: string): this {
    this.#physical.uidHash = requirePresent(uidHash, "The uid hash of the operator");
    return this;
  }
  uidHash(uidHash: string): this {
    return this.setUidHash(uidHash);
  }
  setDescription(description: string): this {
    this.#physical.description = requireText(description, "The description of the operator");
    return this;
  }
  setParallelism(parallelism: number): this {
    if (this.#isFixed && parallelism !== 1) throw nonParallelError("parallelism", parallelism, this.#physical);
    this.#physical.parallelism = parallelism;
    return this;
  }
  /** Parallelism 1 for good, as forceNonParallel, but without a word about the maximum (sources of Flink's old kind). */
  fixParallelism(): this {
    this.#physical.parallelism = 1;
    this.#isFixed = true;
    return this;
  }
  setMaxParallelism(maxParallelism: number): this {
    this.#physical.maxParallelism = maxParallelism;
    return this;
  }
  forceNonParallel(): this {
    this.#physical.forceNonParallel();
    return this;
  }
  setBufferTimeout(timeoutMs: number): this {
    this.#physical.bufferTimeoutMs = timeoutMs;
    return this;
  }
  disableChaining(): this {
    return this.#chain("NEVER");
  }
  startNewChain(): this {
    return this.#chain("HEAD");
  }
  slotSharingGroup(group: string | SlotSharingGroup): this {
    this.#physical.slotSharingGroup = groupName(group);
    return this;
  }
  getSideOutput(tag: OutputTag<unknown>): object {
    const { id } = requireTag(tag, "a tag of a side output");
    return this.factory.stream(new SideOutputTransformation(this.#physical, id));
  }

  #chain(strategy: ChainingStrategy): this {
    this.#physical.chainingStrategy = strategy;
    return this;
  }
}

/** @throws InvalidProgramError TSF-1218 when it is empty. */
export function requireUid(uid: string): string {
  return requireText(uid, "The uid of the operator");
}
