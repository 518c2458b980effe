/**
 * A job on its way from client to JobManager: a multipart form. Part `request` says what comes (JSON, readable); `program`
 * holds plan, fingerprint and recording (generic_serializer); `bundle` the job's module; `asset-<n>` its files.
 *
 * @module
 */

import type { JobPlan } from "../../runtime/graph/job_plan.ts";
import type { ProgramDescriptor } from "../../runtime/program/recording.ts";
import { deserializeValue, serializeValue } from "../../runtime/types/generic_serializer.ts";
import { RestError } from "./rest_error.ts";

/** Counts changes of this form that older JobManagers do not understand. */
export const SUBMISSION_VERSION = 1;

/** A job with everything it needs. */
export interface SubmissionForm {
  readonly jobId: string;
  readonly jobName: string;
  /** Version of the client's tsflink: plans are compared line by line. */
  readonly clientVersion: string;
  /** Uids of sinks whose rows go to the client. */
  readonly collect: readonly string[];
  readonly program: {
    readonly descriptor: ProgramDescriptor;
    readonly plan: JobPlan;
    readonly planFingerprint: readonly string[];
  };
  readonly bundle: Uint8Array<ArrayBuffer>;
  readonly assets: readonly {
    readonly name: string;
    readonly executable: boolean;
    readonly bytes: Uint8Array<ArrayBuffer>;
  }[];
}

interface RequestPart {
  readonly version: number;
  readonly clientVersion: string;
  readonly jobId: string;
  readonly jobName: string;
  readonly collect: readonly string[];
  readonly assets: readonly { readonly name: string; readonly executable: boolean }[];
}

/** The form of a job. */
export function encodeSubmission(job: SubmissionForm): FormData {
  const { clientVersion, jobId, jobName, collect, assets } = job;
  const request: RequestPart = {
    version: SUBMISSION_VERSION,
    clientVersion,
    jobId,
    jobName,
    collect,
    assets: assets.map(({ name, executable }) => ({ name, executable })),
  };
  const form = new FormData();
  form.set("request", new Blob([JSON.stringify(request)], { type: "application/json" }), "request.json");
  form.set("program", bytesPart(serializeValue(job.program)), "program.bin");
  form.set("bundle", new Blob([job.bundle], { type: "text/javascript" }), "job.mjs");
  assets.forEach(({ bytes }, i) => form.set(`asset-${i}`, bytesPart(bytes), `asset-${i}`));
  return form;
}

function bytesPart(bytes: Uint8Array<ArrayBuffer>): Blob {
  return new Blob([bytes], { type: "application/octet-stream" });
}

/** @throws RestError 400 TSF-4146 when the form is none, or of another version. */
export async function decodeSubmission(form: FormData): Promise<SubmissionForm> {
  const request = readRequest(new TextDecoder().decode(await part(form, "request")));
  const bundle = await part(form, "bundle");
  if (bundle.length === 0) throw malformed("part bundle is empty");
  const program = readProgram(await part(form, "program"));
  const assets = await Promise.all(
    request.assets.map(async ({ name, executable }, i) => ({
      name,
      executable,
      bytes: await part(form, `asset-${i}`),
    })),
  );
  const { jobId, jobName, clientVersion, collect } = request;
  return { jobId: jobId.toLowerCase(), jobName, clientVersion, collect, program, bundle, assets };
}

async function part(form: FormData, name: string): Promise<Uint8Array<ArrayBuffer>> {
  const value = form.get(name);
  if (value === null) throw malformed(`no part ${name}`);
  return typeof value === "string" ? new TextEncoder().encode(value) : new Uint8Array(await value.arrayBuffer());
}

function readRequest(text: string): RequestPart {
  let request: Partial<RequestPart> | null;
  try {
    request = JSON.parse(text);
  } catch (cause) {
    throw malformed("part request is no JSON", cause);
  }
  if (typeof request !== "object" || request === null) throw malformed("part request is no object");
  if (request.version !== SUBMISSION_VERSION) {
    throw new RestError(400, "TSF-4146", "The job was submitted by another version of tsflink", {
      expected: `submissions of version ${SUBMISSION_VERSION}`,
      found: `version ${request.version}, from tsflink ${request.clientVersion ?? "of unknown version"}`,
      hint: "Use the same version of tsflink for the client and the JobManager.",
    });
  }
  const { jobId, jobName, collect, assets, clientVersion } = request;
  const texts = (list: unknown): list is string[] =>
    Array.isArray(list) && list.every((each) => typeof each === "string");
  if (typeof jobId !== "string" || !/^[0-9a-f]{32}$/i.test(jobId)) throw malformed("jobId is no id of 32 hex digits");
  if (typeof jobName !== "string" || typeof clientVersion !== "string") {
    throw malformed("jobName or version is missing");
  }
  if (!texts(collect)) throw malformed("collect is no list of texts");
  const isAsset = (asset: unknown) =>
    typeof asset === "object" && asset !== null && typeof (asset as { name: unknown }).name === "string";
  if (!Array.isArray(assets) || !assets.every(isAsset)) throw malformed("assets is no list of files");
  return {
    ...request,
    assets: assets.map(({ name, executable }) => ({ name, executable: executable === true })),
  } as RequestPart;
}

function readProgram(bytes: Uint8Array): SubmissionForm["program"] {
  let program: Partial<SubmissionForm["program"]> | undefined;
  try {
    program = deserializeValue(bytes) as typeof program;
  } catch (cause) {
    throw malformed("part program is damaged", cause);
  }
  const isWhole = typeof program === "object" && program !== null && "descriptor" in program && "plan" in program &&
    Array.isArray(program.planFingerprint);
  if (!isWhole) throw malformed("part program lacks the plan or the recording");
  return program as SubmissionForm["program"];
}

function malformed(found: string, cause?: unknown): RestError {
  return new RestError(400, "TSF-4146", "The submitted job cannot be read", {
    expected: "a multipart form with the parts request, program and bundle, and one asset-<n> for each file",
    found,
    hint: "Jobs are submitted by tsflink run.",
    cause,
  });
}
