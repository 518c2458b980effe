/**
 * How much memory this process may use: the limit of its container (cgroup v2, then v1), else the machine's memory.
 *
 * @module
 */

import type { MachineMemory } from "../config/memory_plan.ts";

/** Where the figures are read. */
export interface MemorySources {
  /** The text of a file; undefined when it cannot be read. */
  readText(path: string): string | undefined;
  readonly totalBytes: number;
}

const CGROUP = "/sys/fs/cgroup";

/** See the module. */
export function machineMemory(sources: MemorySources = systemSources()): MachineMemory {
  const groups = (sources.readText("/proc/self/cgroup") ?? "").split("\n").map((line) => line.split(":"));
  const v2 = groups.find(([id, controllers]) => id === "0" && controllers === "")?.slice(2).join(":");
  const v1 = groups.find(([, controllers]) => controllers?.split(",").includes("memory"))?.slice(2).join(":");
  const limits = [
    ...(v2 === undefined ? [] : limitsAbove(sources, CGROUP, v2, "memory.max", "cgroup v2")),
    ...(v1 === undefined ? [] : limitsAbove(sources, `${CGROUP}/memory`, v1, "memory.limit_in_bytes", "cgroup v1")),
  ];
  return [...limits, { bytes: sources.totalBytes, source: "machine" }].reduce((a, b) => b.bytes < a.bytes ? b : a);
}

/** Limits of a group and of those above it: inside a container its own path may not be there, but its root is. */
function limitsAbove(
  sources: MemorySources,
  root: string,
  group: string,
  file: string,
  source: string,
): MachineMemory[] {
  const parts = group.split("/").filter((part) => part !== "");
  return Array.from({ length: parts.length + 1 }, (_, i) => [root, ...parts.slice(0, i), file].join("/"))
    .map((path) => Number(sources.readText(path)?.trim() ?? Number.NaN))
    .filter((bytes) => Number.isFinite(bytes) && bytes > 0)
    .map((bytes) => ({ bytes, source }));
}

function systemSources(): MemorySources {
  return {
    readText: (path) => {
      try {
        return Deno.readTextFileSync(path);
      } catch {
        return undefined;
      }
    },
    totalBytes: Deno.systemMemoryInfo().total,
  };
}
