/**
 * Makes the record writers of a task from its edges and settings.
 *
 * Who calls: task_builder.ts.
 *
 * @module
 */

import type { OperatorReference } from "../errors.ts";
import { channelSelector } from "../network/channel_selector.ts";
import { RecordWriter } from "../network/record_writer.ts";
import { ResultPartition } from "../network/result_partition.ts";
import { SpillBufferCodec } from "../network/spill_codec.ts";
import { wrapUserError } from "../operators/user_error.ts";
import { RecordShapes } from "../types/shapes/record_shapes.ts";
import type { OutgoingEdge, TaskDescriptor } from "./task_builder.ts";

/** Segments that the open batches of an edge may amount to where they are handed over by reference. */
const REFERENCE_SEGMENTS = 128;
/** Segments that may wait in the queues of an edge. */
const WAITING_SEGMENTS = 512;

/** What the writers of a task have in common. */
export interface TaskWriting {
  /** By position in the chain. */
  readonly references: readonly OperatorReference[];
  readonly onFull: () => void;
  /** Begins the text of functions generated for them; undefined where none are. */
  readonly generatedId: string | undefined;
}

/** The writer of one edge. */
export function makeWriter(
  descriptor: TaskDescriptor,
  { edge, numSubpartitions, targetMaxParallelism, isRemote = [] }: OutgoingEdge,
  { references, onFull, generatedId }: TaskWriting,
): RecordWriter {
  const { settings, seams, vertex, wake } = descriptor;
  const { partitioner } = edge;
  const reference = references[vertex.chain.findIndex((operator) => operator.nodeId === edge.sourceNodeId)];
  const id = generatedId === undefined ? undefined : `${generatedId} ${edge.targetVertexId} ${edge.targetInput}`;
  const partition = new ResultPartition({
    numSubpartitions,
    maxBuffers: Math.max(2, numSubpartitions * settings.maxBuffersPerSubpartition),
    maxBytes: settings.segmentBytes * WAITING_SEGMENTS,
    maxOverflowBuffers: settings.maxOverflowBuffers,
    spill: seams.spill,
    codec: new SpillBufferCodec(),
    onRoom: wake,
  });
  return new RecordWriter({
    partition,
    selector: channelSelector({
      strategy: partitioner.strategy,
      numChannels: numSubpartitions,
      maxParallelism: targetMaxParallelism,
      random: seams.random.fork(`${edge.sourceNodeId}-${edge.targetVertexId}-${descriptor.subtaskIndex}`),
      keySelector: partitioner.keySelector,
      keySelectorFailed: (error) => wrapUserError(error, reference, "the key selector after this operator"),
      generatedId: id,
      keyHashRule: partitioner.keyHashRule,
      custom: partitioner.custom,
    }),
    isEncoded: settings.forceCodec ? ALL_ENCODED : (channel) => isRemote[channel] === true,
    maxRows: settings.maxRowsPerBatch,
    segmentBytes: settings.segmentBytes,
    // What is referred to is there anyway; an upper limit for all channels together keeps it from piling up.
    referenceBytes: settings.segmentBytes * Math.max(1, REFERENCE_SEGMENTS / numSubpartitions),
    maxRecordBytes: settings.maxRecordBytes,
    bufferTimeoutMs: edge.bufferTimeoutMs,
    operator: reference,
    shapes: id === undefined ? undefined : new RecordShapes(id),
    onFull,
  });
}

const ALL_ENCODED = (): boolean => true;
