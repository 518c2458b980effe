/**
 * How a TaskManager is, as plain data: for its health and metrics port, for REST and for tests of leaks.
 *
 * @module
 */

import type { DeployedSlots } from "./deployed_slots.ts";
import type { ShuffleCounters } from "./data_connections.ts";
import type { LinkStatistics } from "./shuffle_link.ts";
import type { ShuffleService } from "./shuffle_service.ts";
import type { OutputLine, SlotOutput } from "./slot_output.ts";
import type { SlotState, SlotTable } from "./slot_table.ts";

/** See the module. */
export interface TaskManagerStatus {
  readonly isRegistered: boolean;
  /** Why it takes no new slots. */
  readonly draining?: string;
  readonly slots: readonly {
    readonly slotIndex: number;
    readonly state: SlotState;
    readonly jobId?: string;
    readonly allocationId?: string;
  }[];
  readonly threads: readonly { readonly slotKey: string; readonly state: string; readonly activity: string }[];
  readonly shuffle: ShuffleCounters & {
    readonly links: readonly LinkStatistics[];
    /** Memory of the rings between slots. */
    readonly ringBytes: number;
  };
  /** What is there now; all zero when no job is. */
  readonly sizes: {
    readonly slots: number;
    readonly pairs: number;
    readonly bells: number;
    readonly links: number;
    readonly connections: number;
    readonly waiting: number;
  };
  /** The last lines that jobs have printed. */
  readonly output: readonly OutputLine[];
}

/** Puts it together. */
export function taskManagerStatus({ table, slots, shuffle, output, draining, isRegistered }: {
  readonly table: SlotTable;
  readonly slots: DeployedSlots;
  readonly shuffle: ShuffleService;
  readonly output: SlotOutput;
  readonly draining: string | undefined;
  readonly isRegistered: boolean;
}): TaskManagerStatus {
  return {
    isRegistered,
    draining,
    slots: table.report().map((slot) => ({ ...slot, state: table.state(slot.slotIndex) })),
    threads: slots.all.map(({ start: { slotKey }, state, activity }) => ({ slotKey, state, activity })),
    shuffle: { ...shuffle.counters, links: shuffle.links(), ringBytes: slots.ringBytes },
    sizes: { ...slots.sizes, ...shuffle.sizes },
    output: output.tail(),
  };
}
