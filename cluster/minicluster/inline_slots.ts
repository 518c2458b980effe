/**
 * All subtasks of a job in this isolate, at any parallelism, in one slot.
 *
 * @module
 */

import type { Seams } from "../../runtime/seams/seams.ts";
import { Slot } from "../../runtime/tasks/slot/slot.ts";
import { placements, type SlotGateway, type SlotJob, type SlotProvider } from "../jobmaster/slots.ts";
import { ownGraph } from "./own_graph.ts";

/** How long the loop works before timers and sockets get their turn, in ms. */
const SLICE_MS = 5;

/** See the module. */
export function inlineSlots(seams: Seams): SlotProvider {
  return {
    isInline: true,
    place: (graph) => placements(graph, () => 0),
    allocate({ jobGraph, deployment, onReport, onIdle }: SlotJob): SlotGateway[] {
      const slot = new Slot({
        jobGraph: ownGraph(jobGraph),
        deployment: { ...deployment, slot: 0 },
        seams,
        report: (report) => onReport(0, report),
        sliceMs: SLICE_MS,
        onIdle,
      });
      onReport(0, { type: "deployed" });
      return [{
        request: (request) => slot.handle(request),
        progress: () => slot.progress(),
        close: () => slot.handle({ type: "close" }),
      }];
    },
  };
}
