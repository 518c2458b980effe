/**
 * The mini cluster of the test kit for whole programs: main() runs in the test's isolate and is recorded, its jobs run in
 * slots that are threads, or inline. See testing/mini_cluster.ts.
 *
 * Invariants: one main program at a time per isolate, because it is recorded through the isolate's globals; what the test
 * does meanwhile is not the program's.
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";
import { InvalidProgramError, invariant } from "../../runtime/errors.ts";
import { ExecutionOptions } from "../../runtime/api/config_options.ts";
import { Configuration } from "../../runtime/api/configuration.ts";
import type { ExecuteOptions, PipelineExecutor } from "../../runtime/api/executor.ts";
import { bindHostInstead, type HostBinding, hostBinding } from "../../runtime/api/host_binding.ts";
import type { JobClient } from "../../runtime/api/job_client.ts";
import { generateJobGraph } from "../../runtime/graph/job_graph_generator.ts";
import type { StreamGraph } from "../../runtime/graph/stream_graph.ts";
import { asMain, isEngine } from "../../runtime/program/context.ts";
import { runMain } from "../../runtime/program/main_module.ts";
import { ProgramRecorder } from "../../runtime/program/recorder.ts";
import type { Log } from "../../runtime/seams/log.ts";
import { divertConsole } from "../../runtime/seams/system/slot_console.ts";
import { systemSeams } from "../../runtime/seams/system/system_seams.ts";
import type {
  JobVertexProgress,
  ProgramCluster,
  ProgramClusterOptions,
  ProgramStart,
  TestSnapshot,
} from "../../runtime/testing/test_host.ts";
import { moduleUrl } from "../entrypoint/job_module.ts";
import { SlotThreads } from "../entrypoint/slot_threads.ts";
import { inlineSlots } from "./inline_slots.ts";
import { JobSnapshot } from "../jobmaster/job_snapshot.ts";
import { LocalJob } from "./local_job.ts";
import type { SlotProvider } from "../jobmaster/slots.ts";

/** Makes the cluster; see testing/mini_cluster.ts. */
export function programCluster(options: ProgramClusterOptions): ProgramCluster {
  return new Programs(options);
}

/** The host of a program that runs on a mini cluster, told from others by its class. */
class ProgramBinding implements HostBinding {
  readonly connectors = hostBinding().connectors;
  executions = 0;

  constructor(
    readonly start: ProgramStart,
    readonly values: ProgramStart["configuration"],
    readonly program: ProgramRecorder,
    readonly jobs: PipelineExecutor,
  ) {}

  executor(): Promise<PipelineExecutor> {
    this.executions++;
    return this.program.executor(() => Promise.resolve(this.jobs));
  }
  args(): readonly string[] {
    return this.start.args;
  }
  configuration(): ProgramStart["configuration"] {
    return this.values;
  }
}

class Programs implements ProgramCluster {
  readonly #options: ProgramClusterOptions;
  readonly #seams;
  readonly #ids;
  readonly #threads: SlotThreads;
  /** Which run the caller belongs to. A test runner may call tests with the mark of what ran last: ended ones are none. */
  readonly #caller = new AsyncLocalStorage<Log>();
  /** Runs whose main program, or some job, has not ended. */
  readonly #active = new Map<Log, number>();
  readonly #jobs = new Map<string, { readonly job: LocalJob; readonly ordinal: number }>();
  /** Of which execution of the program a snapshot is. */
  readonly #ordinals = new WeakMap<TestSnapshot, number>();
  readonly #compiled = new Set<string>();
  /** Names runs apart, from those of other clusters, too. */
  readonly #runIds = systemSeams().random;
  #latest: Log | undefined;
  #restoreConsole: (() => void) | undefined;
  /** Ends the recording of the program that is running. */
  #release: (() => void) | undefined;

  constructor(options: ProgramClusterOptions) {
    this.#options = options;
    this.#seams = systemSeams({ seed: options.seed });
    this.#ids = this.#seams.random.fork("job-ids");
    const log: Log = {
      log: (...line) => this.#latest?.log(...line),
      print: (...line) => this.#latest?.print(...line),
    };
    this.#threads = new SlotThreads({ ...this.#seams, log }, PROGRESS_MS);
  }

  async run(start: ProgramStart): Promise<unknown> {
    if (hostBinding() instanceof ProgramBinding) throw anotherRuns((hostBinding() as ProgramBinding).start.program);
    const url = moduleUrl(start.program);
    const { args, log } = start;
    const values = { ...this.#options.configuration, ...start.configuration };
    const configuration = Configuration.from(values);
    const program = new ProgramRecorder({
      url,
      args,
      configuration: values,
      log,
      isOther: () => isEngine() || this.#caller.getStore() !== log,
    });
    const binding = new ProgramBinding(start, values, program, {
      execute: (graph, execute) => this.#execute(graph, execute, start, program),
    });
    const unbind = bindHostInstead(binding);
    this.#latest = log;
    this.#restoreConsole ??= divertConsole(
      () => this.#active.has(this.#caller.getStore()!),
      (line, stream) => this.#caller.getStore()!.print(line, stream),
    );
    const release = this.#release = () => {
      program.stop("main() has ended");
      unbind();
    };
    if (configuration.get(ExecutionOptions.ISOLATION) !== "inline") {
      this.#threads.prewarm(configuration, this.#options.spareSlots);
    }
    program.begin();
    this.#count(log, 1);
    try {
      if (!this.#compiled.has(url)) await compile(url);
      this.#compiled.add(url);
      // A module is evaluated once per URL: what follows the number sign makes it another one, and is not asked for.
      const fresh = `${url}#run-${this.#runIds.u32()}`;
      return await this.#caller.run(log, () => asMain(() => runMain(fresh, () => binding.executions)));
    } finally {
      release();
      this.#count(log, -1);
    }
  }

  #count(log: Log, by: 1 | -1): void {
    const count = (this.#active.get(log) ?? 0) + by;
    if (count === 0) this.#active.delete(log);
    else this.#active.set(log, count);
  }

  async #execute(
    graph: StreamGraph,
    execute: ExecuteOptions,
    start: ProgramStart,
    program: ProgramRecorder,
  ): Promise<JobClient> {
    const { restoreFrom, checkpointing, log, onJob } = start;
    const { executionOrdinal: ordinal } = execute;
    invariant(restoreFrom === undefined || restoreFrom instanceof JobSnapshot, "A snapshot of a mini cluster");
    const isRestored = restoreFrom !== undefined && ordinal === (this.#ordinals.get(restoreFrom) ?? 0);
    const seams = { ...this.#seams, log };
    const jobGraph = generateJobGraph(graph);
    const job: LocalJob = new LocalJob({
      jobId: Array.from({ length: 4 }, () => this.#ids.u32().toString(16).padStart(8, "0")).join(""),
      jobGraph,
      execute,
      seams,
      slots: this.#slots(execute, program) ?? inlineSlots(seams),
      restored: isRestored ? restoreFrom : undefined,
      checkpointing,
      onState: () => {
        if (job.graph.isTerminal) this.#count(log, -1);
      },
    });
    this.#count(log, 1);
    this.#forgetEnded();
    this.#jobs.set(job.getJobID(), { job, ordinal });
    onJob(ordinal, job);
    await job.start();
    return job;
  }

  /** Threads of their own; undefined when the job runs in this isolate. @throws TSF-1236 when it cannot be built again. */
  #slots({ configuration, executionOrdinal }: ExecuteOptions, program: ProgramRecorder): SlotProvider | undefined {
    const isolation = configuration.get(ExecutionOptions.ISOLATION);
    const isInline = isolation === "inline" ||
      (isolation === "auto" && program.whyNotRebuildableAt(executionOrdinal) !== undefined);
    if (isInline) return undefined;
    return this.#threads.forProgram(program.descriptor(executionOrdinal), configuration, this.#ids.u32());
  }

  async takeSnapshot(client: JobClient, checkpointId: number | undefined): Promise<TestSnapshot> {
    const { job, ordinal } = this.#jobOf(client);
    const snapshot = await job.takeSnapshot(checkpointId);
    this.#ordinals.set(snapshot, ordinal);
    return snapshot;
  }
  completeSnapshot(client: JobClient, checkpointId: number): void {
    this.#jobOf(client).job.completeSnapshot(checkpointId);
  }
  async stop(client: JobClient, drain: boolean): Promise<void> {
    await this.#jobOf(client).job.stop(drain);
  }
  progress(client: JobClient): readonly JobVertexProgress[] {
    return this.#jobOf(client).job.progress();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#jobs.values()].map(({ job }) => job.graph.isTerminal ? undefined : job.cancel()));
    this.#jobs.clear();
    this.#release?.();
    this.#restoreConsole?.();
    this.#restoreConsole = undefined;
    this.#threads.close();
  }

  /** A test may run thousands of jobs one after the other. */
  #forgetEnded(): void {
    const ended = [...this.#jobs].filter(([, { job }]) => job.graph.isTerminal);
    for (const [id] of ended.slice(0, -KEPT_JOBS)) this.#jobs.delete(id);
  }

  /** Of a client that the test or the program has, whose answers are recorded. */
  #jobOf(client: JobClient): { readonly job: LocalJob; readonly ordinal: number } {
    const entry = this.#jobs.get(client.getJobID());
    invariant(entry !== undefined, "The job runs on this cluster");
    return entry;
  }
}

/**
 * Has a module compiled under its own name, and run nothing of it, because it is asked for what it does not have: the
 * runtime shows in stacks, also to later processes, the name that a file had when it was compiled first.
 */
async function compile(url: string): Promise<void> {
  const code = `import { __tsflinkHasNoSuchExport } from ${JSON.stringify(url)};`;
  // What is wrong with the module itself is told when it is run.
  await import(`data:text/javascript,${encodeURIComponent(code)}`).catch(() => {});
}

/** How often slots tell how their subtasks do, in ms: tests wait for it. */
const PROGRESS_MS = 20;
/** Jobs that have ended and can still be asked for their progress. */
const KEPT_JOBS = 16;

function anotherRuns(program: string): InvalidProgramError {
  return new InvalidProgramError("TSF-1251", "Another program is running in this isolate", {
    expected: "one program at a time: its calls of Date, Math.random and the like are recorded in this isolate",
    found: `main() of ${program}, which has not ended`,
    hint: "Await its result before the next run; that of a job that was cancelled, too.",
  });
}
