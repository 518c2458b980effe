/**
 * What runs first in the coordinator isolate of a job: rebuilds the job from its program as every slot does, tells the
 * JobMaster its plan, and runs the coordinators of its sources until it is killed.
 *
 * Who calls: cluster/entrypoint/slot.ts. The other end: coordinator_isolate.ts.
 *
 * @module
 */

import { generateJobGraph } from "../../graph/job_graph_generator.ts";
import { planOf } from "../../graph/job_plan.ts";
import { ControlReader } from "../../network/control_ring.ts";
import { type CaptureOptions, captureProgram, checkPlan } from "../../program/capture.ts";
import { toTransferable } from "../../seams/error_transfer.ts";
import type { Log } from "../../seams/log.ts";
import type { Parker } from "../../seams/parker.ts";
import type { Seams } from "../../seams/seams.ts";
import type { SlotPort } from "../../seams/worker_host.ts";
import type { CoordinatorReport, CoordinatorRequest, CoordinatorStart } from "./coordinator_protocol.ts";
import { JobCoordinators } from "./job_coordinators.ts";

/** How long it sleeps at most: the JobMaster takes one that does not show itself for long to be stuck. */
const MAX_SLEEP_MS = 1000;
/** What it is busy with, for the host: there is one thing only. */
const ACTIVITY = 0;

/** The real world, put together by the entry point. */
export interface CoordinatorSurroundings {
  readonly port: SlotPort;
  readonly connectors: CaptureOptions["connectors"];
  seams(own: { readonly log: Log; readonly seed: number }): Seams;
  doorbell(memory: SharedArrayBuffer): Parker;
  letEventLoopRun(pollsSockets: boolean): Promise<void>;
  /** What the program writes to the console goes there. */
  redirectConsole(write: (line: string, stream: "stdout" | "stderr") => void): void;
}

/** Runs until the isolate is killed. */
export async function coordinatorMain(start: CoordinatorStart, surroundings: CoordinatorSurroundings): Promise<void> {
  const { port } = surroundings;
  const report = (message: CoordinatorReport): void => port.post(transferable(message));
  try {
    await run(start, surroundings, report);
  } catch (error) {
    report({ type: "refused", error });
  }
  port.close();
}

function transferable(report: CoordinatorReport): CoordinatorReport {
  if (!("error" in report) || report.error === undefined) return report;
  return { ...report, error: toTransferable(report.error) };
}

async function run(
  { program, planFingerprint, captureTimeoutMs, memory, seed }: CoordinatorStart,
  { port, connectors, seams: makeSeams, doorbell, letEventLoopRun, redirectConsole }: CoordinatorSurroundings,
  report: (message: CoordinatorReport) => void,
): Promise<void> {
  const log: Log = {
    log: (level, message) => report({ type: "log", level, message }),
    print: (line, stream) => report({ type: "output", line, stream }),
  };
  redirectConsole((line, stream) => log.print(line, stream));
  const seams = makeSeams({ log, seed });
  const captured = await captureProgram(program, { connectors, timeoutMs: captureTimeoutMs, clock: seams.clock });
  const jobGraph = generateJobGraph(captured.graph);
  checkPlan(planFingerprint, jobGraph);
  const coordinators = new JobCoordinators({
    jobGraph,
    seams,
    listener: {
      send: (vertexId, subtaskIndex, operatorId, event) =>
        report({ type: "send", vertexId, subtaskIndex, operatorId, event }),
      fail: (vertexId, error) => report({ type: "failed", vertexId, error }),
    },
  });
  port.onUncaught((error) => report({ type: "failed", error }));
  const { options: { configuration }, warnings } = captured;
  report({
    type: "captured",
    captured: { plan: planOf(jobGraph), configuration: configuration.toObject(), warnings },
  });

  const parker = doorbell(memory.doorbell);
  const requests = new ControlReader(memory.control);
  while (!port.isKilled) {
    const ticket = parker.ticket();
    port.beat(ACTIVITY);
    const handled = requests.poll((request) => handle(coordinators, request as CoordinatorRequest, report));
    if (handled > 0) await letEventLoopRun(true);
    else await parker.park(ticket, MAX_SLEEP_MS, false);
  }
}

function handle(
  coordinators: JobCoordinators,
  request: CoordinatorRequest,
  report: (message: CoordinatorReport) => void,
): void {
  switch (request.type) {
    case "start":
      return coordinators.start(request.vertexIds, request.restored);
    case "event":
      return coordinators.handleEvent(
        request.operatorId,
        request.subtaskIndex,
        request.attemptNumber,
        request.event,
      );
    case "snapshot":
      return coordinators.snapshot(request.checkpointId, (answer) => {
        const { requestId } = request;
        if ("error" in answer) report({ type: "snapshot", requestId, error: answer.error });
        else report({ type: "snapshot", requestId, states: answer as ReadonlyMap<string, Uint8Array> });
      });
    case "complete":
      return coordinators.complete(request.checkpointId);
    case "stop":
      void coordinators.stop(request.vertexIds).then(() => report({ type: "stopped", requestId: request.requestId }));
      return;
  }
}
