/**
 * Layout of a work directory: one per process, below process.working-dir, with a lock file. Whoever keeps something on
 * disk keeps it in its part.
 *
 * | part       | what                                                            | who removes it                    |
 * | ---------- | --------------------------------------------------------------- | --------------------------------- |
 * | lock       | pid and start of the process that owns the directory            | its end; a later process          |
 * | blobs      | bundles and files by content hash                               | the blob store, by use and age    |
 * | jobs       | <jobId>/<hash>.mjs, what the slots of a job import               | the end of the job                |
 * | jobstore   | submitted jobs and their results (JobManager)                   | the dispatcher                    |
 * | spill      | sorted runs and blocking results                                | the task; the next start          |
 * | localState | copies of state for local recovery                              | the job; the next start           |
 * | logs       | log and output files of the process                             | rotation                          |
 * | tmp        | anything else                                                   | the next start                    |
 *
 * @module
 */

/** Parts of a work directory. */
export const WORK_PARTS = ["blobs", "jobs", "jobstore", "spill", "localState", "logs", "tmp"] as const;
/** A part of a work directory. */
export type WorkPart = (typeof WORK_PARTS)[number];

/** Paths of a work directory. */
export type WorkLayout = { readonly root: string; readonly lock: string } & Readonly<Record<WorkPart, string>>;

/** The paths below a root. */
export function workLayout(root: string): WorkLayout {
  const parts = Object.fromEntries(WORK_PARTS.map((part) => [part, `${root}/${part}`])) as Record<WorkPart, string>;
  return { root, lock: `${root}/lock`, ...parts };
}
