/**
 * A job whose JobMaster is this isolate, and whose functions are here, too: the coordinators of its sources run inline.
 * The handle of the program (JobClient) and what the command line shows come from here.
 *
 * @module
 */

import type { ExecuteOptions } from "../../runtime/api/executor.ts";
import type { JobGraph } from "../../runtime/graph/job_graph.ts";
import { sharesClosures } from "../../runtime/operators/function_operator.ts";
import { JobCoordinators } from "../../runtime/tasks/coordinator/job_coordinators.ts";
import { JobMaster, type JobMasterOptions } from "../jobmaster/job_master.ts";
import type { SlotProvider } from "../jobmaster/slots.ts";
import { cachedFilePaths } from "./cached_files.ts";
import { inlineSlots } from "./inline_slots.ts";

/** What a local job is made from. */
export interface LocalJobOptions
  extends Pick<JobMasterOptions, "jobId" | "seams" | "restored" | "checkpointing" | "settings" | "onIdle" | "onState"> {
  readonly jobGraph: JobGraph;
  readonly execute: ExecuteOptions;
  /** Where its subtasks run. Default: all in this isolate. */
  readonly slots?: SlotProvider;
}

/** See the module. */
export class LocalJob extends JobMaster {
  readonly #options: LocalJobOptions;
  readonly #isInline: boolean;

  /** @throws InvalidProgramError TSF-5031 for a BATCH job that is to start from a snapshot, TSF-4002 for a wrong option. */
  constructor(options: LocalJobOptions) {
    const { jobGraph, execute, seams, slots = inlineSlots(seams), ...others } = options;
    super({
      ...others,
      jobGraph,
      seams,
      slots,
      configuration: execute.configuration,
      collect: execute.collect,
      cachedFiles: () => cachedFilePaths(execute.cachedFiles, seams.files),
      coordinators: (listener) => new JobCoordinators({ jobGraph, seams, listener }),
    });
    this.#options = options;
    this.#isInline = slots.isInline;
  }

  /** See docs/decisions/0003: quietly, because nearly every job has arrow functions. */
  protected override mentionStart(): void {
    const { jobGraph, seams } = this.#options;
    if (!this.#isInline) return;
    const shares = jobGraph.vertices.some((vertex) =>
      vertex.parallelism > 1 && vertex.chain.some((operator) => sharesClosures(operator.factory))
    );
    if (shares) {
      seams.log.log("debug", "plain functions are shared by all subtasks of this process: keep state in state");
    }
  }
}
