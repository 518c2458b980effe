/**
 * The failures that a job has survived or died of, the newest first, as many as people can read.
 *
 * @module
 */

import { toTransferable } from "../../runtime/seams/error_transfer.ts";
import type { ExceptionInfo } from "../rpc/cluster_info.ts";

/** As `web.exception-history-size`. */
const DEFAULT_SIZE = 16;

/** See the module. */
export class ExceptionHistory {
  readonly #entries: ExceptionInfo[] = [];
  #isTruncated = false;

  constructor(readonly size: number = DEFAULT_SIZE) {}

  add(error: unknown, where: Omit<ExceptionInfo, "error">): void {
    this.#entries.unshift({ ...where, error: toTransferable(error) });
    if (this.#entries.length <= this.size) return;
    this.#entries.pop();
    this.#isTruncated = true;
  }
  /** Newest first. */
  get entries(): readonly ExceptionInfo[] {
    return this.#entries;
  }
  /** Whether older ones were dropped. */
  get isTruncated(): boolean {
    return this.#isTruncated;
  }
}
