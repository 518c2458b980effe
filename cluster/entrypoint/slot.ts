/**
 * First code of a slot in a thread of its own: puts its surroundings together and hands over to slot_main.ts, or to
 * coordinator_main.ts where the thread is for the coordinators of a job.
 *
 * @module
 */

import { hostConnectors } from "../../runtime/connectors/host_connectors.ts";
import { letEventLoopRun } from "../../runtime/seams/system/event_loop_turn.ts";
import { SharedParker } from "../../runtime/seams/system/parker.ts";
import { installSlotConsole, runSlot } from "../../runtime/seams/system/slot_port.ts";
import { systemSeams } from "../../runtime/seams/system/system_seams.ts";
import { coordinatorMain } from "../../runtime/tasks/coordinator/coordinator_main.ts";
import { isCoordinatorStart } from "../../runtime/tasks/coordinator/coordinator_protocol.ts";
import { slotMain, type SlotStart } from "../../runtime/tasks/slot/slot_main.ts";

runSlot((data, port) => {
  if (isCoordinatorStart(data)) {
    return coordinatorMain(data, {
      port,
      connectors: hostConnectors,
      seams: ({ log, seed }) => ({ ...systemSeams({ seed }), log }),
      doorbell: (memory) => new SharedParker(memory),
      letEventLoopRun,
      redirectConsole: installSlotConsole,
    });
  }
  return slotMain(data as SlotStart, {
    port,
    connectors: hostConnectors,
    runtimeClock: systemSeams().clock,
    seams: ({ clock, mainThread, log, seed }) => ({ ...systemSeams({ seed }), clock, mainThread, log }),
    doorbell: (memory, slot) => new SharedParker(memory, slot),
    letEventLoopRun,
    redirectConsole: installSlotConsole,
  });
});
