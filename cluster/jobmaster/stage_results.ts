/**
 * Files between the stages of a BATCH job, as the JobMaster sees them: a directory of their own, made when there is more
 * than one stage; which attempts have left them; what of them is lost, or not needed any more.
 *
 * @module
 */

import { connections } from "../../runtime/graph/edge_connection.ts";
import type { JobTopology, PlanEdge } from "../../runtime/graph/job_plan.ts";
import type { Seams } from "../../runtime/seams/seams.ts";
import { type BlockingResults, resultPath, subtaskName } from "../../runtime/tasks/slot/blocking_results.ts";
import type { Execution } from "./execution_graph.ts";
import type { PipelinedRegion } from "./regions.ts";

/** See the module. */
export class StageResults {
  readonly #jobGraph: JobTopology;
  readonly #seams: Pick<Seams, "files" | "log">;
  readonly #directory: string;
  readonly #attempts = new Map<string, number>();

  /** @throws FlinkError when there is no place for temporary files. */
  constructor(jobGraph: JobTopology, seams: Pick<Seams, "files" | "log">) {
    this.#jobGraph = jobGraph;
    this.#seams = seams;
    this.#directory = seams.files.makeTempDirectory("tsflink-stages-");
  }

  /** What slots of the next stage are told. */
  get forSlots(): BlockingResults {
    return { directory: this.#directory, attempts: new Map(this.#attempts) };
  }

  /** Subtasks have finished: what they have written counts, and what they have read is not needed any more. */
  finished(region: PipelinedRegion, executions: readonly Execution[]): void {
    for (const { vertex: { jobVertex, subtaskIndex }, attemptNumber } of executions) {
      this.#attempts.set(subtaskName(jobVertex.vertex.id, subtaskIndex), attemptNumber);
    }
    for (const edge of readEdges(region)) for (const path of this.#paths(edge)) this.#remove(path);
  }

  /** Producers of results that a region needs and that are not there. */
  lostProducers(region: PipelinedRegion): ReadonlySet<string> {
    const lost = readEdges(region).filter((edge) =>
      this.#paths(edge).some((path) => this.#seams.files.statSync(path) === undefined)
    );
    return new Set(lost.map(({ sourceVertexId }) => sourceVertexId));
  }

  /** Removes everything. */
  close(): void {
    this.#remove(this.#directory);
  }

  #paths(edge: PlanEdge): string[] {
    const { sourceVertexId, targetVertexId, distributionPattern } = edge;
    const producers = this.#jobGraph.vertex(sourceVertexId).parallelism;
    const consumers = this.#jobGraph.vertex(targetVertexId).parallelism;
    const read = new Set(connections(distributionPattern, producers, consumers).map(({ producer }) => producer));
    return [...read].map((producer) =>
      resultPath(this.#directory, edge, producer, this.#attempts.get(subtaskName(sourceVertexId, producer))!)
    );
  }

  /** Somebody else may have tidied up; a job does not fail for that. */
  #remove(path: string): void {
    const { files, log } = this.#seams;
    try {
      if (files.statSync(path) !== undefined) files.remove(path);
    } catch (error) {
      log.log("warn", `A file between stages is left behind: ${path} (${String(error)})`);
    }
  }
}

/** Edges over which a region reads what others have left. */
function readEdges({ vertices }: PipelinedRegion): PlanEdge[] {
  const own = new Set(vertices.map(({ id }) => id));
  return vertices.flatMap(({ inputs }) => inputs.filter(({ sourceVertexId }) => !own.has(sourceVertexId)));
}
