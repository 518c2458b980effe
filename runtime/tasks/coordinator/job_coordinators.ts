/**
 * The coordinators of the sources of a job: made when their stage starts, closed when it is left.
 *
 * @module
 */

import type { ChainedOperator, JobGraph, JobVertex } from "../../graph/job_graph.ts";
import { TaskMetricGroup } from "../../metrics/task_metrics.ts";
import { SourceCoordinator } from "../../operators/source/source_coordinator.ts";
import { WatermarkAlignmentGroups } from "../../operators/source/watermark_alignment_groups.ts";
import type { Seams } from "../../seams/seams.ts";
import type { CoordinatorGateway, CoordinatorListener, EnumeratorStates } from "./coordinator_gateway.ts";

/** What coordinators need of their job. */
export interface JobCoordinatorsOptions {
  readonly jobGraph: JobGraph;
  readonly seams: Seams;
  readonly listener: CoordinatorListener;
}

interface Running {
  readonly vertexId: string;
  readonly coordinator: SourceCoordinator;
}

/** See the module. */
export class JobCoordinators implements CoordinatorGateway {
  readonly #options: JobCoordinatorsOptions;
  readonly #byOperator = new Map<string, Running>();
  #groups = new WatermarkAlignmentGroups();

  constructor(options: JobCoordinatorsOptions) {
    this.#options = options;
  }

  start(vertexIds: readonly string[], restored: EnumeratorStates | undefined): void {
    for (const id of vertexIds) {
      const vertex = this.#options.jobGraph.vertex(id);
      for (const operator of vertex.chain) {
        if (operator.factory.source !== undefined) this.#start(operator, vertex, restored?.get(operator.operatorId));
      }
    }
  }

  handleEvent(operatorId: string, subtaskIndex: number, attemptNumber: number, event: unknown): void {
    this.#byOperator.get(operatorId)?.coordinator.handleEvent(subtaskIndex, attemptNumber, event);
  }

  snapshot(checkpointId: number, done: (answer: EnumeratorStates | { readonly error: unknown }) => void): void {
    const states = new Map<string, Uint8Array>();
    try {
      for (const [id, { coordinator }] of this.#byOperator) states.set(id, coordinator.snapshot(checkpointId));
    } catch (error) {
      return done({ error });
    }
    done(states);
  }

  complete(checkpointId: number): void {
    for (const { coordinator } of this.#byOperator.values()) coordinator.notifyCheckpointComplete(checkpointId);
  }

  async stop(vertexIds: readonly string[]): Promise<void> {
    const closing = [...this.#byOperator].filter(([, { vertexId }]) => vertexIds.includes(vertexId));
    for (const [operatorId] of closing) this.#byOperator.delete(operatorId);
    if (this.#byOperator.size === 0) this.#groups = new WatermarkAlignmentGroups();
    try {
      for (const [, { coordinator }] of closing) await coordinator.close();
    } catch (error) {
      this.#options.seams.log.log("warn", `Closing a split enumerator failed: ${String(error)}`);
    }
  }

  close(): Promise<void> {
    return this.stop([...this.#byOperator.values()].map(({ vertexId }) => vertexId));
  }

  #start(operator: ChainedOperator, vertex: JobVertex, state: Uint8Array | undefined): void {
    const { seams, listener } = this.#options;
    const coordinator = new SourceCoordinator({
      source: operator.factory.source!,
      operator: { name: operator.name, uid: operator.uid, userLine: operator.userLine },
      operatorId: operator.operatorId,
      parallelism: vertex.parallelism,
      seams,
      metrics: new TaskMetricGroup(),
      send: (subtaskId, event) => listener.send(vertex.id, subtaskId, operator.operatorId, event),
      // The coordinator may be called from inside a step of the task that would be cancelled.
      fail: (error) =>
        seams.mainThread.post(() => {
          if (this.#byOperator.get(operator.operatorId)?.coordinator === coordinator) listener.fail(vertex.id, error);
        }),
      alignment: operator.factory.watermarkAlignment,
      alignmentGroups: this.#groups,
    });
    this.#byOperator.set(operator.operatorId, { vertexId: vertex.id, coordinator });
    if (state !== undefined) coordinator.restore(state);
    coordinator.start();
  }
}
