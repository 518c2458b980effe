/**
 * Sizes of slots: whether one is large enough for what is asked, and which of two is the larger.
 *
 * @module
 */

import type { SlotProfile } from "../rpc/messages.ts";

/** Anything. */
export const ANY_PROFILE: SlotProfile = {};

const FIGURES = ["heapMb", "managedMb", "cpuCores"] as const;

/** Whether a slot has what is asked for; a figure that is not given asks for nothing, and holds anything. */
export function fits(wanted: SlotProfile, slot: SlotProfile): boolean {
  return FIGURES.every((figure) => (wanted[figure] ?? 0) <= (slot[figure] ?? Infinity));
}

/** Smaller first: by heap, then managed memory, then CPU. `absent`: what a figure that is not given counts as. */
export function compareProfiles(left: SlotProfile, right: SlotProfile, absent: number): number {
  for (const figure of FIGURES) {
    const [one, other] = [left[figure] ?? absent, right[figure] ?? absent];
    if (one !== other) return one < other ? -1 : 1;
  }
  return 0;
}

/** The same text for the same figures. */
export function profileKey(profile: SlotProfile): string {
  return FIGURES.map((figure) => profile[figure] ?? "any").join("/");
}

/** For messages, as "heap 512 MiB, 2 cores". */
export function describeProfile({ heapMb, managedMb, cpuCores }: SlotProfile): string {
  const parts = [
    heapMb === undefined ? [] : [`heap ${heapMb} MiB`],
    managedMb === undefined ? [] : [`managed memory ${managedMb} MiB`],
    cpuCores === undefined ? [] : [`${cpuCores} ${cpuCores === 1 ? "core" : "cores"}`],
  ].flat();
  return parts.length === 0 ? "any size" : parts.join(", ");
}
