/**
 * Expands a sink into its operators and gives them the sink's name, uid, parallelism and group exactly as Flink does,
 * so that operator ids are equal. The API supplies the operators and the user's custom topologies; a
 * SinkTransformation calls this when the graph is built.
 *
 * @module
 */

import { InvalidProgramError } from "../errors.ts";
import type { StreamOperatorFactory } from "../operators/operator.ts";
import { referenceOf } from "./limits.ts";
import {
  OneInputTransformation,
  PARALLELISM_DEFAULT,
  PhysicalTransformation,
  type Transformation,
} from "./transformation.ts";
import { PartitionTransformation, type SinkTransformation } from "./virtual_transformation.ts";

const WRITER = "Writer";
const COMMITTER = "Committer";
const GLOBAL_COMMITTER = "Global Committer";

/** What a custom topology made. */
export interface SinkStage {
  /** Operators, in the order they were made; not the partitionings between them. */
  readonly created: readonly Transformation[];
  /** Where the next part goes on. */
  readonly output: Transformation;
}

/**
 * The parts of a sink. A custom part makes its operators with parallelism {@link PARALLELISM_DEFAULT} unless the user
 * sets one: the sink's is filled in afterwards.
 */
export interface SinkTopology {
  readonly writer: StreamOperatorFactory<unknown>;
  readonly committer?: StreamOperatorFactory<unknown>;
  preWrite?(input: Transformation): SinkStage;
  /** Only with a committer. */
  preCommit?(committables: Transformation): SinkStage;
  /** Only with a committer. */
  postCommit?(committables: Transformation): SinkStage;
}

/**
 * Makes the operators of a sink, in Flink's order.
 *
 * @throws InvalidProgramError TSF-1110 when a custom part has a uid and the sink has none.
 */
export function expandSink(sink: SinkTransformation, topology: SinkTopology): readonly Transformation[] {
  const parts: Transformation[] = [];
  const add = (stage: SinkStage, custom: boolean): Transformation => {
    for (const part of stage.created) adjust(sink, part, custom);
    parts.push(...stage.created);
    return stage.output;
  };
  const operator = (input: Transformation, name: string, factory: StreamOperatorFactory<unknown>): Transformation => {
    const made = new OneInputTransformation(input, {
      name,
      factory,
      parallelism: PARALLELISM_DEFAULT,
      userLine: sink.userLine,
    });
    return add({ created: [made], output: made }, false);
  };
  let stream = sink.input;
  if (topology.preWrite !== undefined) stream = add(topology.preWrite(stream), true);
  const writer = operator(stream, WRITER, topology.writer);
  if (topology.committer === undefined) return parts;
  stream = newRegion(writer);
  if (topology.preCommit !== undefined) stream = add(topology.preCommit(stream), true);
  stream = operator(stream, COMMITTER, topology.committer);
  if (topology.postCommit !== undefined) add(topology.postCommit(newRegion(stream)), true);
  keepAligned(parts.slice(parts.indexOf(writer) + 1), writer);
  return parts;
}

/** In batch mode what follows waits until the input is complete; in streaming a plain forward. */
function newRegion(input: Transformation): PartitionTransformation {
  return new PartitionTransformation(input, { strategy: "FORWARD" }, "BATCH");
}

/** Committables must have arrived when a checkpoint completes, so no barrier may overtake them. */
function keepAligned(behindWriter: readonly Transformation[], writer: Transformation): void {
  const seen = new Set([writer]);
  const pending = [...behindWriter];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    seen.add(next);
    if (next instanceof PartitionTransformation) next.unalignedDisabled = true;
    pending.push(...next.inputs.filter((input) => !seen.has(input)));
  }
}

function adjust(sink: SinkTransformation, part: Transformation, custom: boolean): void {
  if (custom && isSet(part.uid) && !isSet(sink.uid)) throw uidWithoutSinkUid(sink, part);
  const ownName = part.name;
  const uidHash = uidHashOf(sink, ownName);
  if (uidHash !== undefined) part.uidHash = uidHash;
  part.uid = uidOf(sink, part, ownName);
  part.name = `${sink.name}: ${ownName}`;
  part.description = joined(sink.description, part.description);
  part.coLocationGroup = joined(sink.coLocationGroup, part.coLocationGroup) ?? sink.coLocationGroup;
  part.slotSharingGroup ??= sink.slotSharingGroup;
  part.userLine ??= sink.userLine;
  if (part.parallelism === PARALLELISM_DEFAULT) {
    part.inheritParallelism(sink.parallelism, sink.parallelismConfigured);
  }
  if (part.maxParallelism < 0 && sink.maxParallelism > 0) part.maxParallelism = sink.maxParallelism;
  if (part instanceof PhysicalTransformation && sink.chainingStrategy !== undefined) {
    part.chainingStrategy = sink.chainingStrategy;
  }
}

/** By name, also for a custom part that carries one of the names. */
function uidOf(sink: SinkTransformation, part: Transformation, ownName: string): string | undefined {
  if (sink.uid === undefined) return part.uid;
  if (ownName === COMMITTER) return `Sink Committer: ${sink.uid}`;
  if (ownName === WRITER) return sink.uid;
  if (ownName === GLOBAL_COMMITTER) return `Sink ${sink.uid} Global Committer`;
  return part.uid === undefined ? undefined : `${sink.uid}: ${part.uid}`;
}

function uidHashOf(sink: SinkTransformation, ownName: string): string | undefined {
  if (ownName === WRITER) return sink.uidHashes.writerUidHash;
  if (ownName === COMMITTER) return sink.uidHashes.committerUidHash;
  return ownName === GLOBAL_COMMITTER ? sink.uidHashes.globalCommitterUidHash : undefined;
}

/** "sink: part" when both are set, else the part's own. */
function joined(sinks: string | undefined, parts: string | undefined): string | undefined {
  return sinks !== undefined && parts !== undefined ? `${sinks}: ${parts}` : parts;
}

function isSet(text: string | undefined): boolean {
  return text !== undefined && text !== "";
}

function uidWithoutSinkUid(sink: SinkTransformation, part: Transformation): InvalidProgramError {
  return new InvalidProgramError("TSF-1110", "A part of a sink has a uid but the sink has none", {
    expected: `a uid on the sink "${sink.name}"`,
    found: `uid "${part.uid}" on "${part.name}" only`,
    operator: referenceOf(sink),
    userLine: sink.userLine,
    hint: `Call .uid("...") behind sinkTo(); the parts' uids are made from it.`,
  });
}
