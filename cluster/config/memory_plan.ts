/**
 * Divides the memory of a process: one number in, heaps, managed memory and network buffers out. A sum that does not
 * fit is refused with its numbers before anything starts.
 *
 * TaskManager: process = main heap + slots * heap of a slot + managed + network + overhead.
 * JobManager: process = main heap + off-heap + overhead; heaps of coordinators are taken from the main heap's share.
 *
 * @module
 */

import type { ConfigOption } from "../../runtime/api/config_option.ts";
import { JobOptions, SlotOptions } from "../../runtime/api/config_options.ts";
import { FlinkError } from "../../runtime/errors.ts";
import type { ClusterConfiguration } from "./cluster_configuration.ts";
import { MemoryOptions } from "./cluster_options.ts";
import { MIB } from "./options/units.ts";

/** What the machine gives. */
export interface MachineMemory {
  readonly bytes: number;
  /** "cgroup v2", "cgroup v1" or "machine". */
  readonly source: string;
}

/** One line of the table that is printed at start. */
export interface MemoryRow {
  readonly part: string;
  readonly bytes: number;
  readonly note: string;
}

/** Memory of a TaskManager, in bytes. */
export interface TaskManagerMemory {
  readonly processBytes: number;
  readonly mainHeapBytes: number;
  /** Of one slot. */
  readonly slotHeapBytes: number;
  readonly slots: number;
  /** Of all slots. */
  readonly managedBytes: number;
  readonly networkBytes: number;
  readonly overheadBytes: number;
  readonly rows: readonly MemoryRow[];
}

/** Memory of a JobManager, in bytes. */
export interface JobManagerMemory {
  readonly processBytes: number;
  readonly mainHeapBytes: number;
  readonly offHeapBytes: number;
  /** Of the coordinator of one job. */
  readonly coordinatorHeapBytes: number;
  readonly overheadBytes: number;
  readonly rows: readonly MemoryRow[];
}

/** Share of the container's or machine's memory that a process takes when nothing is said. */
export const DEFAULT_SHARE = 0.8;
/** The least heap a slot can work with. */
const LEAST_SLOT_HEAP = 32 * MIB;
/** The least main heap of a JobManager. */
const LEAST_MAIN_HEAP = 64 * MIB;

/**
 * Memory of a TaskManager.
 *
 * @throws FlinkError TSF-4104 when the parts do not fit.
 */
export function taskManagerMemory(config: ClusterConfiguration, machine: MachineMemory): TaskManagerMemory {
  const process = processSize(config, MemoryOptions.TASK_MANAGER_PROCESS, machine);
  const slots = config.get(JobOptions.TASK_SLOTS);
  const overheadBytes = clamp(
    process.bytes * config.get(MemoryOptions.TASK_MANAGER_OVERHEAD_FRACTION),
    config.get(MemoryOptions.TASK_MANAGER_OVERHEAD_MIN),
    config.get(MemoryOptions.TASK_MANAGER_OVERHEAD_MAX),
  );
  const usable = process.bytes - overheadBytes;
  const mainHeapBytes = config.get(MemoryOptions.TASK_MANAGER_MAIN_HEAP);
  const networkBytes = clamp(
    usable * config.get(MemoryOptions.TASK_MANAGER_NETWORK_FRACTION),
    config.get(MemoryOptions.TASK_MANAGER_NETWORK_MIN),
    config.get(MemoryOptions.TASK_MANAGER_NETWORK_MAX) ?? Infinity,
  );
  const managedBytes = config.get(MemoryOptions.TASK_MANAGER_MANAGED) ??
    whole(usable * config.get(MemoryOptions.TASK_MANAGER_MANAGED_FRACTION));
  const left = usable - mainHeapBytes - networkBytes - managedBytes;
  const slotHeapBytes = config.isSet(SlotOptions.HEAP) ? config.get(SlotOptions.HEAP) : whole(left / slots);
  const rows: MemoryRow[] = [
    row("main heap", mainHeapBytes, "sockets and control"),
    row("slot heaps", slotHeapBytes * slots, `${slots} x ${mebibytes(slotHeapBytes)}`),
    row("managed", managedBytes, "state columns and sorting"),
    row("network", networkBytes, "buffers between subtasks"),
    row("overhead", overheadBytes, "the runtime itself"),
    row("process", process.bytes, process.note),
  ];
  const isTooSmall = slotHeapBytes < LEAST_SLOT_HEAP;
  if (isTooSmall || slotHeapBytes * slots > left) {
    throw doesNotFit(MemoryOptions.TASK_MANAGER_PROCESS, rows, isTooSmall ? slots * LEAST_SLOT_HEAP : undefined);
  }
  return {
    processBytes: process.bytes,
    mainHeapBytes,
    slotHeapBytes,
    slots,
    managedBytes,
    networkBytes,
    overheadBytes,
    rows,
  };
}

/**
 * Memory of a JobManager.
 *
 * @param heapLimitBytes The heap that V8 has when it is told nothing: more is not taken unless somebody asks for it.
 * @throws FlinkError TSF-4104 when the parts do not fit.
 */
export function jobManagerMemory(
  config: ClusterConfiguration,
  machine: MachineMemory,
  heapLimitBytes = Infinity,
): JobManagerMemory {
  const process = processSize(config, MemoryOptions.JOB_MANAGER_PROCESS, machine);
  const overheadBytes = clamp(
    process.bytes * config.get(MemoryOptions.JOB_MANAGER_OVERHEAD_FRACTION),
    config.get(MemoryOptions.JOB_MANAGER_OVERHEAD_MIN),
    config.get(MemoryOptions.JOB_MANAGER_OVERHEAD_MAX),
  );
  const offHeapBytes = config.get(MemoryOptions.JOB_MANAGER_OFF_HEAP);
  const left = process.bytes - overheadBytes - offHeapBytes;
  const isChosen = config.isSet(MemoryOptions.JOB_MANAGER_PROCESS);
  const mainHeapBytes = config.get(MemoryOptions.JOB_MANAGER_HEAP) ??
    Math.max(0, isChosen ? left : Math.min(left, heapLimitBytes));
  const coordinatorHeapBytes = config.get(MemoryOptions.JOB_MANAGER_COORDINATOR_HEAP);
  const rows: MemoryRow[] = [
    row("heap", mainHeapBytes, `a job's coordinator takes up to ${mebibytes(coordinatorHeapBytes)} of it`),
    row("off-heap", offHeapBytes, "sockets and files on their way"),
    row("overhead", overheadBytes, "the runtime itself"),
    ...(left > mainHeapBytes ? [row("not used", left - mainHeapBytes, MemoryOptions.JOB_MANAGER_HEAP.key)] : []),
    row("process", process.bytes, process.note),
  ];
  if (mainHeapBytes > left || mainHeapBytes < LEAST_MAIN_HEAP) {
    const least = mainHeapBytes < LEAST_MAIN_HEAP ? LEAST_MAIN_HEAP : undefined;
    throw doesNotFit(MemoryOptions.JOB_MANAGER_PROCESS, rows, least);
  }
  return { processBytes: process.bytes, mainHeapBytes, offHeapBytes, coordinatorHeapBytes, overheadBytes, rows };
}

/** The table as it is printed at start. */
export function memoryTable(rows: readonly MemoryRow[]): string[] {
  const sizes = rows.map(({ bytes }) => mebibytes(bytes));
  const width = Math.max(...sizes.map(({ length }) => length));
  return rows.map(({ part, note }, i) => `${part.padEnd(10)} ${sizes[i].padStart(width)}  ${note}`);
}

/** "1,024 MiB". */
export function mebibytes(bytes: number): string {
  return `${Math.floor(bytes / MIB).toString().replaceAll(/\B(?=(\d{3})+$)/g, ",")} MiB`;
}

interface ProcessSize {
  readonly bytes: number;
  readonly note: string;
}

function processSize(
  config: ClusterConfiguration,
  option: ConfigOption<number | undefined>,
  machine: MachineMemory,
): ProcessSize {
  const given = config.get(option);
  if (given !== undefined) return { bytes: given, note: option.key };
  const bytes = whole(machine.bytes * DEFAULT_SHARE);
  return { bytes, note: `80 % of ${mebibytes(machine.bytes)} (${machine.source})` };
}

function doesNotFit(
  option: ConfigOption<number | undefined>,
  rows: readonly MemoryRow[],
  leastOfFirst: number | undefined,
): FlinkError {
  const parts = rows.slice(0, -1);
  const process = rows.at(-1)!;
  const shown = parts.map(({ part, bytes }) => `${part} ${bytes < 0 ? `-${mebibytes(-bytes)}` : mebibytes(bytes)}`);
  const heap = leastOfFirst === undefined ? "" : `, of which heap at least ${mebibytes(leastOfFirst)}`;
  return new FlinkError("TSF-4104", "The memory of the process does not hold its parts", {
    expected: `parts that add up to ${mebibytes(process.bytes)}${heap}`,
    found: shown.join(" + "),
    hint: `Raise ${option.key}, or lower the parts.`,
  });
}

function row(part: string, bytes: number, note: string): MemoryRow {
  return { part, bytes, note };
}

function clamp(value: number, least: number, most: number): number {
  return whole(Math.min(Math.max(value, least), most));
}

function whole(bytes: number): number {
  return Math.floor(bytes);
}
