/**
 * The threads that slots of local jobs run in: one host of each kind, made when first needed.
 *
 * @module
 */

import { SlotOptions } from "../../runtime/api/config_options.ts";
import type { Configuration } from "../../runtime/api/configuration.ts";
import type { ProgramDescriptor } from "../../runtime/program/capture.ts";
import type { Seams } from "../../runtime/seams/seams.ts";
import { launch } from "../../runtime/seams/system/launch.ts";
import { nodeWorkerHost } from "../../runtime/seams/system/node_worker_host.ts";
import { SharedParker } from "../../runtime/seams/system/parker.ts";
import { webWorkerHost } from "../../runtime/seams/system/web_worker_host.ts";
import type { WorkerHost } from "../../runtime/seams/worker_host.ts";
import type { SlotProvider } from "../jobmaster/slots.ts";
import { workerSlots } from "../minicluster/worker_slots.ts";

/** How long a killed slot has to end by itself before its thread is terminated, in ms. */
const STOP_TIMEOUT_MS = 2000;
/** How often slots tell how their subtasks do, in ms, where nothing else is asked for. */
const PROGRESS_MS = 200;
const BYTES_PER_MIB = 1024 * 1024;

/** See the module. */
export class SlotThreads {
  readonly #hosts = new Map<WorkerHost["kind"], WorkerHost>();

  constructor(readonly seams: Seams, readonly progressMs: number = PROGRESS_MS) {}

  /** Slots for one job of a program. */
  forProgram(program: ProgramDescriptor, configuration: Configuration, seed: number): SlotProvider {
    return workerSlots({
      host: this.#host(configuration.get(SlotOptions.WORKER_HOST)),
      seams: this.seams,
      program,
      heapMb: Math.floor(configuration.get(SlotOptions.HEAP) / BYTES_PER_MIB),
      captureTimeoutMs: configuration.get(SlotOptions.CAPTURE_TIMEOUT),
      stuckWarningMs: configuration.get(SlotOptions.STUCK_WARNING),
      cancellationTimeoutMs: configuration.get(SlotOptions.CANCELLATION_TIMEOUT),
      seed,
      progressMs: this.progressMs,
      doorbells: {
        allocate: (count) => SharedParker.allocate(count),
        at: (memory, slot) => new SharedParker(memory, slot),
      },
    });
  }

  /** Sees to it that `count` threads wait, started ahead, for the slots of jobs with this configuration. */
  prewarm(configuration: Configuration, count: number): void {
    this.#host(configuration.get(SlotOptions.WORKER_HOST)).prewarm(count);
  }
  /** Lets go of threads that were started ahead. */
  close(): void {
    for (const host of this.#hosts.values()) host.close();
  }

  #host(kind: "worker_threads" | "web"): WorkerHost {
    const known = this.#hosts.get(kind);
    if (known !== undefined) return known;
    const make = kind === "web" ? webWorkerHost : nodeWorkerHost;
    const host = make({ entry: launch().threadEntry("slot"), stopTimeoutMs: STOP_TIMEOUT_MS });
    this.#hosts.set(kind, host);
    return host;
  }
}
