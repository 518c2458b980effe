/**
 * What the JobMaster and the coordinator isolate of a job say to each other; plain data.
 *
 * @module
 */

import type { JobPlan } from "../../graph/job_plan.ts";
import type { ProgramDescriptor } from "../../program/recording.ts";
import type { LogLevel } from "../../seams/log.ts";
import type { EnumeratorStates } from "./coordinator_gateway.ts";

/** What the isolate is started with. */
export interface CoordinatorStart {
  /** Tells it from a slot, which is started by the same entry module. */
  readonly role: "coordinator";
  readonly jobName: string;
  readonly program: ProgramDescriptor;
  /** The client's plan, to compare with. */
  readonly planFingerprint: readonly string[];
  readonly captureTimeoutMs: number;
  readonly memory: { readonly doorbell: SharedArrayBuffer; readonly control: SharedArrayBuffer };
  /** Of the engine's random choices. */
  readonly seed: number;
}

/** What the isolate has learned from the program. */
export interface CapturedPlan {
  readonly plan: JobPlan;
  /** The configuration of the job: what was given from outside and what the program has set. */
  readonly configuration: Readonly<Record<string, unknown>>;
  readonly warnings: readonly string[];
}

/** To the isolate. */
export type CoordinatorRequest =
  | { readonly type: "start"; readonly vertexIds: readonly string[]; readonly restored: EnumeratorStates | undefined }
  | {
    readonly type: "event";
    readonly operatorId: string;
    readonly subtaskIndex: number;
    readonly attemptNumber: number;
    readonly event: unknown;
  }
  | { readonly type: "snapshot"; readonly requestId: number; readonly checkpointId: number }
  | { readonly type: "complete"; readonly checkpointId: number }
  | { readonly type: "stop"; readonly requestId: number; readonly vertexIds: readonly string[] };

/** From the isolate. Errors cross as TransferredError. */
export type CoordinatorReport =
  | { readonly type: "captured"; readonly captured: CapturedPlan }
  /** The program cannot be run again. */
  | { readonly type: "refused"; readonly error: unknown }
  | {
    readonly type: "send";
    readonly vertexId: string;
    readonly subtaskIndex: number;
    readonly operatorId: string;
    readonly event: unknown;
  }
  /** Without a vertex: nobody knows whose it is. */
  | { readonly type: "failed"; readonly vertexId?: string; readonly error: unknown }
  | {
    readonly type: "snapshot";
    readonly requestId: number;
    readonly states?: EnumeratorStates;
    readonly error?: unknown;
  }
  | { readonly type: "stopped"; readonly requestId: number }
  | { readonly type: "output"; readonly line: string; readonly stream: "stdout" | "stderr" }
  | { readonly type: "log"; readonly level: LogLevel; readonly message: string };

/** Whether an isolate is to be a coordinator, from its first message. */
export function isCoordinatorStart(data: unknown): data is CoordinatorStart {
  return (data as { readonly role?: unknown } | undefined)?.role === "coordinator";
}
