/**
 * A job of a cluster as the live view shows it: asks the JobManager now and then and keeps the latest answer.
 *
 * @module
 */

import type { Clock } from "../../../runtime/seams/clock.ts";
import type { ClusterClient, ShownDetails, ShownVertex } from "../../client/cluster_client.ts";
import type { RemoteJobClient } from "../../client/remote_job_client.ts";
import type { JobState } from "../../jobmaster/job_states.ts";
import type { VertexProgress } from "../../jobmaster/progress.ts";
import type { ShownJob } from "../job_console.ts";

/** How often the JobManager is asked, in ms. */
const ASK_MS = 500;
const TERMINAL = new Set<JobState>(["FINISHED", "FAILED", "CANCELED", "SUSPENDED"]);

/** See the module. */
export class RemoteProgress implements ShownJob {
  readonly graph: ShownJob["graph"];
  readonly #cluster: ClusterClient;
  readonly #clock: Clock;
  readonly #client: RemoteJobClient;
  #stop = (): void => {};
  /** The result is known, or why there is none. */
  #isOver = false;
  #details: ShownDetails | undefined;
  #state: JobState = "INITIALIZING";
  /** The result, once the last numbers are here: the summary shows them. */
  readonly #end: ReturnType<RemoteJobClient["result"]>;

  constructor(cluster: ClusterClient, client: RemoteJobClient, clock: Clock) {
    this.#cluster = cluster.withoutRetries();
    this.#client = client;
    this.#clock = clock;
    const state = (): JobState => this.#state;
    this.graph = {
      get state() {
        return state();
      },
      get isTerminal() {
        return TERMINAL.has(state());
      },
      jobGraph: { name: client.jobName },
    };
    this.#end = client.result().finally(async () => {
      this.#isOver = true;
      this.#stop();
      await this.#ask();
    });
    this.#end.catch(() => {});
    void this.#follow();
  }

  progress(): VertexProgress[] {
    return this.#details?.vertices.map(vertexProgress) ?? [];
  }
  getJobExecutionResult(): ReturnType<RemoteJobClient["result"]> {
    return this.#end;
  }

  async #follow(): Promise<void> {
    let isOver = false;
    const over = new Promise<void>((resolve) => {
      this.#stop = () => {
        isOver = true;
        resolve();
      };
    });
    while (!isOver) {
      await this.#ask();
      let cancel = (): void => {};
      await Promise.race([over, new Promise<void>((resolve) => cancel = this.#clock.after(ASK_MS, resolve))]);
      cancel();
    }
  }
  async #ask(): Promise<void> {
    try {
      this.#details = await this.#cluster.job(this.#client.getJobID());
      this.#state = this.#details.state;
    } catch {
      // Whoever waits for the result is told why.
      if (this.#isOver && !TERMINAL.has(this.#state)) this.#state = "FAILED";
    }
  }
}

function vertexProgress(vertex: ShownVertex): VertexProgress {
  const operators = (vertex.operators ?? [{ name: vertex.name, "read-records": 0, "write-records": 0 }]).map((
    each,
  ) => ({
    name: each.name,
    numRecordsIn: each["read-records"],
    numRecordsOut: each["write-records"],
  }));
  return {
    id: vertex.id,
    name: vertex.name,
    parallelism: vertex.parallelism,
    numRecordsIn: vertex.metrics["read-records"],
    numRecordsOut: vertex.metrics["write-records"],
    watermark: vertex.watermark,
    isBackPressured: vertex["is-backpressured"] ?? false,
    busyTimeMs: Number(vertex.metrics["accumulated-busy-time"] ?? 0),
    states: Object.fromEntries(Object.entries(vertex.tasks).filter(([, count]) => count > 0)),
    operators,
  };
}
