/**
 * What every process tells about itself: memory, time on cores, its work directory. Names are Flink's where it has them.
 *
 * @module
 */

import { statfsSync } from "node:fs";
import process from "node:process";
import { getHeapStatistics } from "node:v8";
import { WORK_PARTS } from "../config/work_layout.ts";
import type { MetricSample } from "./prometheus_text.ts";
import type { WorkDirectory } from "./work_directory.ts";

/** How old sizes of the work directory may be: finding them out walks it. */
const SIZES_AGE_MS = 10_000;

/** See the module. */
export class ProcessMetrics {
  readonly #scope: string;
  readonly #labels: Readonly<Record<string, string>>;
  readonly #directory: WorkDirectory;
  #sizes: { readonly at: number; readonly bytes: ReturnType<WorkDirectory["sizes"]> } | undefined;

  /** @param scope "jobmanager" or "taskmanager". */
  constructor(scope: string, labels: Readonly<Record<string, string>>, directory: WorkDirectory) {
    this.#scope = scope;
    this.#labels = labels;
    this.#directory = directory;
  }

  /** All of them now. */
  samples(): MetricSample[] {
    const { rss, heapUsed, heapTotal, external } = Deno.memoryUsage();
    const { user, system } = process.cpuUsage();
    const now = performance.now();
    if (this.#sizes === undefined || now - this.#sizes.at > SIZES_AGE_MS) {
      this.#sizes = { at: now, bytes: this.#directory.sizes() };
    }
    const { bytes } = this.#sizes;
    const free = freeDiskBytes(this.#directory.layout.root);
    return [
      this.gauge("Status.JVM.Memory.Heap.Used", heapUsed),
      this.gauge("Status.JVM.Memory.Heap.Committed", heapTotal),
      this.gauge("Status.JVM.Memory.Heap.Max", getHeapStatistics().heap_size_limit),
      this.gauge("Status.JVM.Memory.Direct.MemoryUsed", external),
      this.gauge("Status.Process.ResidentMemory", rss),
      this.counter("Status.JVM.CPU.Time", (user + system) * 1000),
      ...(free === undefined ? [] : [this.gauge("Status.WorkDirectory.FreeBytes", free)]),
      ...WORK_PARTS.map((part) => this.gauge("Status.WorkDirectory.UsedBytes", bytes[part], { part })),
    ];
  }

  /** A figure that goes up and down. */
  gauge(name: string, value: number, labels: Readonly<Record<string, string>> = {}): MetricSample {
    return { name: `${this.#scope}.${name}`, kind: "gauge", value, labels: { ...this.#labels, ...labels } };
  }
  /** A count since the start. */
  counter(name: string, value: number, labels: Readonly<Record<string, string>> = {}): MetricSample {
    return { name: `${this.#scope}.${name}`, kind: "counter", value, labels: { ...this.#labels, ...labels } };
  }
}

/** What a process may still write to the disk of a folder; undefined when that cannot be told. */
export function freeDiskBytes(folder: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return Number(bavail) * Number(bsize);
  } catch {
    return undefined;
  }
}
