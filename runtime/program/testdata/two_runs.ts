/**
 * The first run of a main module and its runs in slots, in one process: modules are evaluated again under another query.
 * Jobs do not run: a fake executor answers.
 */
import assert from "node:assert/strict";
import type { ExecuteOptions, PipelineExecutor } from "../../api/executor.ts";
import { bindHostInstead } from "../../api/host_binding.ts";
import { type JobClient, JobExecutionResult, type JobStatus } from "../../api/job_client.ts";
import { hostConnectors } from "../../connectors/host_connectors.ts";
import { generateJobGraph } from "../../graph/job_graph_generator.ts";
import { planFingerprint } from "../../graph/plan_hash.ts";
import type { StreamGraph } from "../../graph/stream_graph.ts";
import type { LogLevel } from "../../seams/log.ts";
import { ManualClock } from "../../testing/manual_clock.ts";
import { type CapturedJob, type CaptureOptions, captureProgram } from "../capture.ts";
import { runMain } from "../main_module.ts";
import { ProgramRecorder } from "../recorder.ts";
import type { ProgramDescriptor, RecordingLimits } from "../recording.ts";

let modules = 0;
/** The URL of a module under which it was not evaluated before. */
export function fresh(job: string): string {
  return `${new URL(job, import.meta.url).href}?n=${modules++}`;
}

const directory = Deno.makeTempDirSync({ prefix: "tsflink-program-" });
globalThis.addEventListener("unload", () => Deno.removeSync(directory, { recursive: true }));

/** A job module with that main(); `env` is there, and `tell(env, seen)` puts what it has seen into the plan. */
export function program(main: string, top = ""): string {
  return moduleOf(`${top}
export async function main() {
begin();
const env = environment();
${main}
}`);
}
/** A module with that text behind the imports a job needs. */
export function moduleOf(text: string): string {
  const path = `${directory}/job${modules++}.ts`;
  const imports = "begin, DiscardingSink, environment, StreamExecutionEnvironment, tell";
  Deno.writeTextFileSync(path, `import { ${imports} } from "${new URL("begin.ts", import.meta.url)}";\n${text}`);
  return `file://${path}`;
}

/** What a fake job gives, by its ordinal. */
export interface FakeJob {
  readonly rows?: readonly unknown[][];
  readonly accumulators?: Record<string, unknown>;
  readonly refused?: unknown;
  readonly failed?: unknown;
  /** Waited for before the job ends. */
  readonly until?: Promise<void>;
  readonly statuses?: readonly JobStatus[];
}

export function fakeExecutor(job: (ordinal: number) => FakeJob, graphs: StreamGraph[]): PipelineExecutor {
  return {
    execute(graph: StreamGraph, options: ExecuteOptions): Promise<JobClient> {
      const fake = job(options.executionOrdinal);
      graphs[options.executionOrdinal] = graph;
      if (fake.refused !== undefined) return Promise.reject(fake.refused);
      const jobId = `job-${options.executionOrdinal}`;
      const ended = run(fake, options);
      ended.catch(() => {});
      const statuses = [...fake.statuses ?? []];
      return Promise.resolve({
        getJobID: () => jobId,
        getJobStatus: () => Promise.resolve(statuses.shift() ?? "FINISHED"),
        cancel: () => Promise.resolve(),
        getJobExecutionResult: () => ended.then(() => new JobExecutionResult(jobId, 7, fake.accumulators)),
        getAccumulators: () => Promise.resolve(fake.accumulators ?? {}),
      });
    },
  };
}

async function run(fake: FakeJob, { collect }: ExecuteOptions): Promise<void> {
  for (const batch of fake.rows ?? []) {
    for (const receive of collect?.values() ?? []) await receive(structuredClone(batch));
  }
  await fake.until;
  if (fake.failed !== undefined) throw fake.failed;
}

/** What a first run has given. */
export interface FirstRun {
  readonly url: string;
  readonly recorder: ProgramRecorder;
  /** Graphs by ordinal; one that never got to the executor is left out. */
  readonly graphs: readonly StreamGraph[];
  readonly log: readonly string[];
  readonly error: unknown;
}

export interface FirstRunOptions {
  readonly job?: (ordinal: number) => FakeJob;
  readonly args?: readonly string[];
  readonly configuration?: Record<string, string>;
  readonly limits?: Partial<RecordingLimits>;
}

/** Runs a module as its main program. */
export async function firstRun(job: string, options: FirstRunOptions = {}): Promise<FirstRun> {
  const [graphs, log]: [StreamGraph[], string[]] = [[], []];
  const recorder = new ProgramRecorder({
    url: new URL(job, import.meta.url).href,
    args: options.args ?? [],
    configuration: options.configuration ?? {},
    log: { log: (level: LogLevel, message: string) => log.push(`${level} ${message}`), print: () => {} },
    limits: options.limits,
  });
  const executor = fakeExecutor(options.job ?? (() => ({})), graphs);
  const unbind = bindHostInstead({
    executor: () => recorder.executor(() => Promise.resolve(executor)),
    connectors: hostConnectors,
    args: () => options.args ?? [],
    configuration: () => options.configuration ?? {},
    program: recorder,
  });
  let error: unknown;
  let executions = 0;
  const begin = recorder.beginExecution.bind(recorder);
  recorder.beginExecution = () => (executions++, begin());
  try {
    await runMain(fresh(job), () => executions);
  } catch (thrown) {
    error = thrown;
  } finally {
    recorder.stop("the main program has ended");
    unbind();
  }
  return { url: job, recorder, graphs, log, error };
}

/** Runs it again as a slot does. The descriptor crosses threads. */
export function slotRun(
  descriptor: ProgramDescriptor,
  options: Partial<CaptureOptions> = {},
): Promise<CapturedJob> {
  const crossed = structuredClone(descriptor);
  return captureProgram({ ...crossed, url: fresh(crossed.url) }, {
    connectors: hostConnectors,
    timeoutMs: 1000,
    clock: new ManualClock(),
    ...options,
  });
}

/** A captured job, released. */
export async function captured(descriptor: ProgramDescriptor): Promise<CapturedJob> {
  const job = await slotRun(descriptor);
  job.release();
  return job;
}

export function fingerprint(graph: StreamGraph): readonly string[] {
  return planFingerprint(generateJobGraph(graph));
}

/** Every execution of a program gives in a slot the plan it had in the first run. */
export async function assertSamePlans(job: string, options: FirstRunOptions = {}): Promise<FirstRun> {
  const first = await firstRun(job, options);
  assert.equal(first.error, undefined);
  for (const [ordinal, graph] of first.graphs.entries()) {
    if (graph === undefined) continue;
    const again = await captured(first.recorder.descriptor(ordinal));
    assert.deepEqual(fingerprint(again.graph), fingerprint(graph), `execution ${ordinal}`);
  }
  return first;
}
