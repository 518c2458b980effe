/**
 * TaskManagers as child processes of the JobManager, started when a job needs slots and stopped when they are idle. They
 * end with the JobManager, however it ends, so that there are none of an earlier one.
 *
 * @module
 */

import { type FlinkError, RetryableError } from "../../../runtime/errors.ts";
import type { Clock } from "../../../runtime/seams/clock.ts";
import type { ProviderListener, ResourceProvider, StopWorker, WorkerInfo, WorkerSpec } from "../platform.ts";

/** A process that was started. */
export interface WorkerProcess {
  readonly pid: number;
  /** How it has ended, as "exit code 1" or "SIGKILL", with its last words where there are some. Never rejects. */
  readonly ended: Promise<string>;
  /** One that has ended takes it in silence. */
  signal(name: "SIGTERM" | "SIGKILL"): void;
}

/** Starts processes of `tsflink taskmanager`. */
export interface WorkerProcesses {
  /** @throws Error when it cannot be started. */
  spawn(resourceId: string): WorkerProcess;
}

/** How a {@link ProcessProvider} is made. */
export interface ProcessProviderOptions {
  readonly processes: WorkerProcesses;
  readonly clock: Clock;
  readonly workerSpec: WorkerSpec;
  /** Resource ids are this, a dash and a number. Differs from JobManager to JobManager. */
  readonly prefix: string;
  /** How long a process that is to stop has for it. */
  readonly stopTimeoutMs: number;
  /** Processes at once. */
  readonly maxWorkers: number;
}

interface Worker {
  readonly process: WorkerProcess;
  isStopping: boolean;
}

/** See the module. */
export class ProcessProvider implements ResourceProvider {
  readonly name = "process";
  readonly workerSpec: WorkerSpec;
  readonly #options: ProcessProviderOptions;
  readonly #workers = new Map<string, Worker>();
  #listener: ProviderListener | undefined;
  #started = 0;
  #isClosed = false;

  constructor(options: ProcessProviderOptions) {
    this.#options = options;
    this.workerSpec = options.workerSpec;
  }

  /** Processes that have not ended. */
  get size(): number {
    return this.#workers.size;
  }

  start(listener: ProviderListener): Promise<readonly WorkerInfo[]> {
    this.#listener = listener;
    return Promise.resolve([]);
  }

  // deno-lint-ignore require-await -- what is thrown is to reject
  async startWorker(): Promise<WorkerInfo> {
    const { processes, prefix, maxWorkers } = this.#options;
    if (this.#isClosed) throw new RetryableError("TSF-5241", "The JobManager is stopping and starts no TaskManagers");
    if (this.#workers.size >= maxWorkers) {
      throw new RetryableError("TSF-5280", "There are as many TaskManager processes as there may be", {
        expected: `fewer than ${maxWorkers}`,
        found: String(this.#workers.size),
      });
    }
    const resourceId = `${prefix}-${++this.#started}`;
    const worker: Worker = { process: processes.spawn(resourceId), isStopping: false };
    this.#workers.set(resourceId, worker);
    worker.process.ended.then((how) => {
      this.#workers.delete(resourceId);
      if (!worker.isStopping) {
        this.#listener?.onWorkerTerminated(resourceId, ended(resourceId, worker.process.pid, how));
      }
    });
    return { resourceId };
  }

  async stopWorker(resourceId: string, how: StopWorker): Promise<void> {
    const worker = this.#workers.get(resourceId);
    if (worker === undefined) return;
    if (how === "at once") {
      worker.isStopping = true;
      worker.process.signal("SIGKILL");
    } else if (!worker.isStopping) {
      worker.isStopping = true;
      worker.process.signal("SIGTERM");
      const kill = this.#options.clock.after(this.#options.stopTimeoutMs, () => worker.process.signal("SIGKILL"));
      worker.process.ended.then(kill);
    }
    await worker.process.ended;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#workers.keys()].map((resourceId) => this.stopWorker(resourceId, "orderly")));
  }
}

function ended(resourceId: string, pid: number, how: string): FlinkError {
  return new RetryableError("TSF-5281", `The process of TaskManager ${resourceId} (pid ${pid}) has ended`, {
    expected: "a process that runs until it is stopped",
    found: how,
    hint: "Its log says why.",
  });
}
