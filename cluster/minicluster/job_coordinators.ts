/**
 * The coordinators of the sources of a job: made when their stage starts, closed when it is left.
 *
 * @module
 */

import type { ChainedOperator, JobVertex } from "../../runtime/graph/job_graph.ts";
import { TaskMetricGroup } from "../../runtime/metrics/task_metrics.ts";
import { SourceCoordinator } from "../../runtime/operators/source/source_coordinator.ts";
import { WatermarkAlignmentGroups } from "../../runtime/operators/source/watermark_alignment_groups.ts";
import type { Seams } from "../../runtime/seams/seams.ts";

/** What coordinators need of their job. */
export interface JobCoordinatorsOptions {
  readonly seams: Seams;
  /** State of enumerators to start from, by operator id. */
  readonly restored: ReadonlyMap<string, Uint8Array> | undefined;
  readonly send: (vertexId: string, subtaskIndex: number, operatorId: string, event: unknown) => void;
  /** Not called inline. */
  readonly fail: (error: unknown) => void;
}

/** See the module. */
export class JobCoordinators {
  readonly #options: JobCoordinatorsOptions;
  readonly #byOperator = new Map<string, SourceCoordinator>();
  #groups = new WatermarkAlignmentGroups();

  constructor(options: JobCoordinatorsOptions) {
    this.#options = options;
  }

  get all(): IterableIterator<[string, SourceCoordinator]> {
    return this.#byOperator.entries();
  }
  get(operatorId: string): SourceCoordinator | undefined {
    return this.#byOperator.get(operatorId);
  }

  /** Starts those of some vertices, from the beginning or from what was restored. */
  start(vertices: readonly JobVertex[]): void {
    for (const vertex of vertices) {
      for (const operator of vertex.chain) if (operator.factory.source !== undefined) this.#start(operator, vertex);
    }
  }

  async close(): Promise<void> {
    const closing = [...this.#byOperator.values()];
    this.#byOperator.clear();
    this.#groups = new WatermarkAlignmentGroups();
    try {
      for (const coordinator of closing) await coordinator.close();
    } catch (error) {
      this.#options.seams.log.log("warn", `Closing a split enumerator failed: ${String(error)}`);
    }
  }

  #start(operator: ChainedOperator, vertex: JobVertex): void {
    const { seams, restored, send, fail } = this.#options;
    const coordinator = new SourceCoordinator({
      source: operator.factory.source!,
      operator: { name: operator.name, uid: operator.uid, userLine: operator.userLine },
      operatorId: operator.operatorId,
      parallelism: vertex.parallelism,
      seams,
      metrics: new TaskMetricGroup(),
      send: (subtaskId, event) => send(vertex.id, subtaskId, operator.operatorId, event),
      // The coordinator may be called from inside a step of the task that would be cancelled.
      fail: (error) =>
        seams.mainThread.post(() => {
          if (this.#byOperator.get(operator.operatorId) === coordinator) fail(error);
        }),
      alignment: operator.factory.watermarkAlignment,
      alignmentGroups: this.#groups,
    });
    this.#byOperator.set(operator.operatorId, coordinator);
    const state = restored?.get(operator.operatorId);
    if (state !== undefined) coordinator.restore(state);
    coordinator.start();
  }
}
