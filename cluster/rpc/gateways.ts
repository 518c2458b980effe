/**
 * What the parts of a JobManager ask of one another inside its process: the Dispatcher of a JobMaster, a JobMaster of the
 * ResourceManager. Types only, so that neither imports the other; what REST asks is in cluster/rest/gateways.ts.
 *
 * @module
 */

import type { JobPlan } from "../../runtime/graph/job_plan.ts";
import type { ProgramDescriptor } from "../../runtime/program/recording.ts";
import type { JobDetails, JobResult, JobStateName, TaskManagerInfo } from "./cluster_info.ts";
import type { SlotProfile } from "./messages.ts";

/** A file that goes with a job, by content hash. */
export interface JobAsset {
  readonly name: string;
  readonly hash: string;
  readonly executable: boolean;
}

/** A job as a client hands it over. Plain data: it is stored before the submission is answered. */
export interface JobSubmission {
  /** 32 hex digits. */
  readonly jobId: string;
  readonly jobName: string;
  /** Its url is replaced where the bundle is laid down. */
  readonly descriptor: ProgramDescriptor;
  readonly planFingerprint: readonly string[];
  readonly plan: JobPlan;
  readonly bundleHash: string;
  readonly assets: readonly JobAsset[];
  /** The uids of sinks whose rows the client fetches. */
  readonly collect: readonly string[];
  /** ms since the epoch, by the clock of the JobManager that took it. */
  readonly submittedAt: number;
}

/** What the Dispatcher does with a JobMaster. */
export interface JobMasterHandle {
  readonly jobId: string;
  readonly state: JobStateName;
  /** The job now; after the end as it was last. Cheap enough to be asked for every second. */
  details(): JobDetails;
  /** As far as they are known now, by name. */
  accumulators(): Promise<Readonly<Record<string, unknown>>>;
  /** Asks the job to end; does nothing once it has ended. */
  cancel(): void;
  /** Ends it here without its being cancelled: state SUSPENDED. Resolves when nothing of it is left in this process. */
  suspend(cause: unknown): Promise<void>;
  /** Resolves once, when the job has ended and nothing of it runs here; never rejects. */
  readonly result: Promise<JobResult>;
  /**
   * Rows of a collect sink, batch by batch: `ack` = how many batches the client has. Gives batch number `ack`, an empty
   * one when none has come for a while, "end" when no more will come.
   */
  collect(uid: string, ack: number): Promise<readonly unknown[] | "end">;
}

/** Starts the JobMaster of a job that is stored. Returns at once; whatever goes wrong later ends in `result`. */
export type StartJobMaster = (job: JobSubmission) => JobMasterHandle;

/** What a JobMaster asks of the ResourceManager. */
export interface ResourceManagerGateway {
  /**
   * The job wants `count` slots of this profile in all, those it has included; 0: none any more. Every profile counts by
   * itself. Slots come by `requestSlot` to TaskManagers, which offer them to the JobMaster.
   */
  declareRequirements(jobId: string, jobMasterToken: string, count: number, profile: SlotProfile): void;
  /** The job has ended: what it has declared is forgotten. */
  jobEnded(jobId: string): void;
  /** What the job wants and what there is, for messages. */
  resources(jobId: string): JobResources;
}

/** What a job wants and what there is. */
export interface JobResources {
  readonly required: number;
  /** Allocated to the job, or on the way to it. */
  readonly acquired: number;
  readonly missing: number;
  readonly taskManagers: number;
  readonly slotsTotal: number;
  /** Free, and not of a TaskManager that is being drained. */
  readonly slotsFree: number;
  /** Free slots that are large enough for some slot that is missing. */
  readonly slotsFitting: number;
  /** TaskManagers that are being started. */
  readonly workersPending: number;
  /** Why the latest start of a TaskManager has failed, when none has succeeded since. */
  readonly startFailure?: string;
}

/** What the Dispatcher asks of the ResourceManager, for REST and at the end of a job. */
export interface ClusterResources {
  overview(): { readonly taskManagers: number; readonly slotsTotal: number; readonly slotsAvailable: number };
  taskManagers(): TaskManagerInfo[];
  drainTaskManager(resourceId: string): Promise<void>;
  jobEnded(jobId: string): void;
}
