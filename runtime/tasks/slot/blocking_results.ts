/**
 * The results that one stage of a BATCH job leaves for later ones, as seen from a slot: where their files are, who writes
 * and who reads them.
 *
 * A file is named after the attempt that writes it, so an attempt that failed, or one that nobody listens to any more,
 * leaves the results of others alone. Files are removed with their directory, by the JobMaster.
 *
 * Caller: slot_deployment.ts; the JobMaster, which looks for results that are lost.
 *
 * @module
 */

import { invariant } from "../../errors.ts";
import type { JobEdge } from "../../graph/job_graph.ts";
import type { PlanEdge } from "../../graph/job_plan.ts";
import { BlockingPartitionReader, BlockingPartitionWriter } from "../../network/blocking_partition.ts";
import type { InputChannel } from "../../network/input_gate.ts";
import { EventDecoder } from "../../network/item_codec.ts";
import type { ResultPartition } from "../../network/result_partition.ts";
import type { LocalFiles } from "../../seams/local_files.ts";

/** Where the results of a job lie. */
export interface BlockingResults {
  readonly directory: string;
  /** Attempt of each subtask that has finished, whose result counts, by {@link subtaskName}. */
  readonly attempts: ReadonlyMap<string, number>;
}

/** Name of a subtask among all of its job. */
export function subtaskName(vertexId: string, subtaskIndex: number): string {
  return `${vertexId} ${subtaskIndex}`;
}

/** The file of what an attempt of a subtask writes to an edge. */
export function resultPath(
  directory: string,
  edge: Pick<PlanEdge, "sourceVertexId" | "sourceOutputIndex">,
  subtaskIndex: number,
  attemptNumber: number,
): string {
  return `${directory}/${edge.sourceVertexId}-${edge.sourceOutputIndex}-${subtaskIndex}-${attemptNumber}`;
}

/** All files that the subtasks of one slot write and read. */
export class BlockingChannels {
  readonly #files: LocalFiles;
  readonly #results: BlockingResults;
  readonly #open: { close(): void }[] = [];
  readonly #decoder = new EventDecoder();

  constructor(files: LocalFiles, results: BlockingResults) {
    this.#files = files;
    this.#results = results;
  }

  /** What a subtask writes to an edge goes to a file. */
  write(partition: ResultPartition, edge: JobEdge, subtaskIndex: number, attemptNumber: number): void {
    const path = resultPath(this.#results.directory, edge, subtaskIndex, attemptNumber);
    const { subpartitions } = partition;
    const writer = new BlockingPartitionWriter(this.#files, path, subpartitions.length);
    this.#open.push(writer);
    subpartitions.forEach((subpartition, i) => writer.connect(i, subpartition));
  }

  /** An input channel reads a subpartition of a finished subtask. @returns What begins to read. */
  read(channel: InputChannel, edge: JobEdge, producer: number, subpartition: number): () => void {
    const { directory, attempts } = this.#results;
    const attempt = attempts.get(subtaskName(edge.sourceVertexId, producer));
    invariant(attempt !== undefined, `Subtask ${producer} of vertex ${edge.sourceVertexId} has finished`);
    const reader = new BlockingPartitionReader({
      files: this.#files,
      path: resultPath(directory, edge, producer, attempt),
      subpartition,
      decoder: this.#decoder,
      receiver: channel,
    });
    this.#open.push(reader);
    channel.connect(reader);
    return () => reader.start();
  }

  /** Lets go of all files, complete or not. */
  close(): void {
    for (const each of this.#open) each.close();
  }
}
