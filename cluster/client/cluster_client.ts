/**
 * A cluster as its clients see it: the REST of a JobManager, one method per request.
 *
 * @module
 */

import { FlinkError } from "../../runtime/errors.ts";
import { JobExecutionResult, type JobStatus } from "../../runtime/api/job_client.ts";
import type { JobPlan } from "../../runtime/graph/plan_json.ts";
import { deserializeValue } from "../../runtime/types/generic_serializer.ts";
import { decodeError } from "../rest/rest_error.ts";
import { COLLECT_HEADER } from "../rest/routes/submission_routes.ts";
import { encodeSubmission, type SubmissionForm } from "../rest/submission.ts";
import { type Answer, type Call, call, type HttpCallOptions, originOf } from "./http_call.ts";

/** An entry of /jobs/overview. */
export interface ListedJob {
  readonly jid: string;
  readonly name: string;
  readonly state: JobStatus;
  readonly "start-time": number;
  readonly "end-time": number;
  readonly duration: number;
  readonly jobType: "STREAMING" | "BATCH";
  readonly tasks: Readonly<Record<string, number>>;
}

/** /jobs/:id, as far as clients read it. */
export interface ShownDetails {
  readonly jid: string;
  readonly name: string;
  readonly state: JobStatus;
  readonly "start-time": number;
  readonly "end-time": number;
  readonly duration: number;
  readonly plan: JobPlan;
  readonly vertices: readonly ShownVertex[];
  readonly "num-restarts"?: number;
}
/** A vertex of {@link ShownDetails}. */
export interface ShownVertex {
  readonly id: string;
  readonly name: string;
  readonly parallelism: number;
  readonly status: string;
  readonly tasks: Readonly<Record<string, number>>;
  readonly metrics: { readonly "read-records": number; readonly "write-records": number } & Record<string, unknown>;
  readonly watermark?: number;
  readonly "is-backpressured"?: boolean;
  readonly operators?: readonly {
    readonly name: string;
    readonly "read-records": number;
    readonly "write-records": number;
  }[];
}

/** /taskmanagers, as far as clients read it. */
export interface ListedTaskManager {
  readonly id: string;
  readonly path: string;
  readonly slotsNumber: number;
  readonly freeSlots: number;
}

/** How a job has ended. */
export interface JobEnd {
  readonly state: JobStatus;
  readonly result: JobExecutionResult;
  /** Of a job that FAILED. */
  readonly error?: unknown;
}

/** The longest the JobManager is asked to wait before it answers, in ms. */
const LONG_WAIT_MS = 20_000;

/** See the module. */
export class ClusterClient {
  readonly #options: HttpCallOptions;

  constructor(options: HttpCallOptions) {
    this.#options = options;
  }
  /** One that asks once only: for those who ask again anyway. */
  withoutRetries(): ClusterClient {
    return new ClusterClient({ ...this.#options, maxRetries: 0 });
  }
  /** http://host:port of the JobManager. */
  get origin(): string {
    return originOf(this.#options.address, this.#options.isTls);
  }

  /** The body of a GET as JSON. */
  async get<T = Record<string, unknown>>(path: string): Promise<T> {
    return await this.json({ path }) as T;
  }
  /** The body of an answer as JSON. */
  async json(request: Call): Promise<unknown> {
    const { body } = await this.call(request);
    return body.length === 0 ? {} : JSON.parse(new TextDecoder().decode(body));
  }
  /** Any request. @throws FlinkError see http_call.ts. */
  call(request: Call): Promise<Answer> {
    return call(this.#options, request);
  }

  /** Running jobs and those that have ended lately. */
  async jobs(): Promise<readonly ListedJob[]> {
    return (await this.get<{ jobs: ListedJob[] }>("/jobs/overview")).jobs;
  }
  /** @throws FlinkError TSF-4142 when the id is unknown. */
  job(jobId: string): Promise<ShownDetails> {
    return this.get(`/jobs/${jobId}`);
  }
  /** Where a job stands. */
  async status(jobId: string): Promise<JobStatus> {
    return (await this.get<{ status: JobStatus }>(`/jobs/${jobId}/status`)).status;
  }
  /** Registered TaskManagers. */
  async taskManagers(): Promise<readonly ListedTaskManager[]> {
    return (await this.get<{ taskmanagers: ListedTaskManager[] }>("/taskmanagers")).taskmanagers;
  }
  /** Numbers of the cluster. */
  overview(): Promise<Readonly<Record<string, number | string>>> {
    return this.get("/overview");
  }

  /** Resolves when the job is stored. @throws FlinkError when it is refused. */
  async submit(job: SubmissionForm): Promise<void> {
    let isRepeated = false;
    const request: Call = {
      method: "POST",
      path: "/jobs",
      body: () => encodeSubmission(job),
    };
    const { onRetry } = this.#options;
    const options: HttpCallOptions = {
      ...this.#options,
      onRetry: (...args) => {
        isRepeated = true;
        onRetry?.(...args);
      },
    };
    try {
      await call(options, request);
    } catch (error) {
      // The attempt before was taken though its answer got lost.
      const isTaken = isRepeated && await this.status(job.jobId).then(() => true, () => false);
      if (!isTaken) throw error;
    }
  }
  /** Resolves when the request is taken. @throws FlinkError TSF-4155 when the job has ended otherwise. */
  async cancel(jobId: string): Promise<void> {
    await this.call({ method: "PATCH", path: `/jobs/${jobId}?mode=cancel` });
  }
  /** Resolves when the job has ended. @throws FlinkError TSF-4153 when the JobManager does not know it any more. */
  async end(jobId: string): Promise<JobEnd> {
    for (;;) {
      const path = `/jobs/${jobId}/execution-result?wait=${LONG_WAIT_MS}`;
      const answer = await this.json({ path, waitMs: LONG_WAIT_MS }).catch((error) => {
        throw isLost(error) ? lostJob(jobId, error) : error;
      }) as { status: { id: string }; "job-execution-result"?: ResultJson };
      const result = answer["job-execution-result"];
      if (answer.status.id === "COMPLETED" && result !== undefined) return endOf(jobId, result);
    }
  }
  /** Accumulators so far. */
  async accumulators(jobId: string): Promise<Readonly<Record<string, unknown>>> {
    const path = `/jobs/${jobId}/accumulators?includeSerializedValue=true`;
    const { tsflink } = await this.get<{ tsflink?: string }>(path);
    return tsflink === undefined ? {} : deserializeValue(Uint8Array.fromBase64(tsflink)) as Record<string, unknown>;
  }
  /** Batch number `ack` of a collect sink; see DispatcherGateway.collect. */
  async collect(jobId: string, uid: string, ack: number): Promise<readonly unknown[] | "end"> {
    const path = `/jobs/${jobId}/collect/${encodeURIComponent(uid)}?ack=${ack}`;
    const { headers, body } = await this.call({ path, waitMs: LONG_WAIT_MS });
    if (headers.get(COLLECT_HEADER) === "end") return "end";
    return body.length === 0 ? [] : deserializeValue(body) as unknown[];
  }
  /** Ends the cluster. */
  async shutDown(): Promise<void> {
    await this.call({ method: "DELETE", path: "/cluster" });
  }
}

/** The parts of an execution result that are read. */
interface ResultJson {
  readonly "application-status": string;
  readonly "net-runtime": number;
  readonly tsflink?: { readonly state: JobStatus; readonly accumulators: string; readonly error?: string };
  readonly "failure-cause"?: { readonly class: string; readonly "stack-trace": string };
}

function endOf(jobId: string, json: ResultJson): JobEnd {
  const { tsflink } = json;
  const accumulators = tsflink === undefined ? {} : deserializeValue(Uint8Array.fromBase64(tsflink.accumulators));
  const result = new JobExecutionResult(jobId, json["net-runtime"], accumulators as Record<string, unknown>);
  const state = tsflink?.state ?? (json["application-status"] === "SUCCEEDED" ? "FINISHED" : "FAILED");
  const cause = json["failure-cause"];
  const error = decodeError(tsflink?.error) ?? (cause === undefined ? undefined : new Error(cause["stack-trace"]));
  return { state, result, ...(error !== undefined && { error }) };
}

/** The JobManager does not know the job, or is not there. */
function isLost(error: unknown): error is FlinkError {
  return error instanceof FlinkError && (error.code === "TSF-4142" || error.code === "TSF-4148");
}

function lostJob(jobId: string, cause: FlinkError): FlinkError {
  const isGone = cause.code === "TSF-4148";
  const why = isGone ? "its JobManager cannot be reached" : "the JobManager does not know it any more";
  return new FlinkError("TSF-4153", `Job ${jobId} is lost: ${why}`, {
    expected: "the JobManager that took it",
    found: isGone ? cause.found : "one that has been started anew, or has forgotten the job",
    hint: "Submit the job again. Jobs of a JobManager that ends are not recovered yet.",
    cause,
  });
}
