/**
 * The provider of a cluster whose TaskManagers are started by somebody else: it starts and stops nothing.
 *
 * @module
 */

import { BugError } from "../../runtime/errors.ts";
import type { ResourceProvider, WorkerInfo } from "./platform.ts";

/** See the module. */
export class StandaloneProvider implements ResourceProvider {
  readonly name = "standalone";
  readonly workerSpec = undefined;

  start(): Promise<readonly WorkerInfo[]> {
    return Promise.resolve([]);
  }
  startWorker(): Promise<WorkerInfo> {
    return Promise.reject(new BugError("TSF-0001", "A standalone cluster starts no TaskManagers"));
  }
  stopWorker(): Promise<void> {
    return Promise.resolve();
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}
