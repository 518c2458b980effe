/**
 * First code of a slot in a thread of its own: puts its surroundings together and hands over to slot_main.ts.
 *
 * @module
 */

import { hostConnectors } from "../../runtime/connectors/host_connectors.ts";
import { letEventLoopRun } from "../../runtime/seams/system/event_loop_turn.ts";
import { SharedParker } from "../../runtime/seams/system/parker.ts";
import { installSlotConsole, runSlot } from "../../runtime/seams/system/slot_port.ts";
import { systemSeams } from "../../runtime/seams/system/system_seams.ts";
import { slotMain, type SlotStart } from "../../runtime/tasks/slot/slot_main.ts";

runSlot((data, port) =>
  slotMain(data as SlotStart, {
    port,
    connectors: hostConnectors,
    runtimeClock: systemSeams().clock,
    seams: ({ clock, mainThread, log, seed }) => ({ ...systemSeams({ seed }), clock, mainThread, log }),
    doorbell: (memory, slot) => new SharedParker(memory, slot),
    letEventLoopRun,
    redirectConsole: installSlotConsole,
  })
);
