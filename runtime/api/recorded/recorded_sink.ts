/**
 * Records what is set on a sink.
 *
 * @module
 */

import type { OneInputTransformation, Transformation } from "../../graph/transformation.ts";
import type { SinkTransformation } from "../../graph/virtual_transformation.ts";
import type { SlotSharingGroup } from "../single_output_stream_operator.ts";
import type { DataStreamSink } from "../stream_sink.ts";
import { requirePresent, requireText } from "./checks.ts";
import { groupName, requireUid } from "./recorded_operator.ts";
import type { MethodsOf } from "./stream_factory.ts";

/** Implements {@link DataStreamSink}. */
export class RecordedSink implements MethodsOf<DataStreamSink<unknown>> {
  constructor(private readonly transformation: SinkTransformation | OneInputTransformation) {}

  getTransformation(): Transformation {
    return this.transformation;
  }
  name(name: string): this {
    this.transformation.name = requireText(name, "The name of the sink");
    return this;
  }
  uid(uid: string): this {
    this.transformation.uid = requireUid(uid);
    return this;
  }
  setUidHash(uidHash: string): this {
    this.transformation.uidHash = requirePresent(uidHash, "The uid hash of the sink");
    return this;
  }
  uidHash(uidHash: string): this {
    return this.setUidHash(uidHash);
  }
  setDescription(description: string): this {
    this.transformation.description = requireText(description, "The description of the sink");
    return this;
  }
  setParallelism(parallelism: number): this {
    this.transformation.parallelism = parallelism;
    return this;
  }
  setMaxParallelism(maxParallelism: number): this {
    this.transformation.maxParallelism = maxParallelism;
    return this;
  }
  disableChaining(): this {
    this.transformation.chainingStrategy = "NEVER";
    return this;
  }
  slotSharingGroup(group: string | SlotSharingGroup): this {
    this.transformation.slotSharingGroup = groupName(group);
    return this;
  }
}
