/** A thread that builds a job again and tells its plan, as a slot does. */
import { hostConnectors } from "../../connectors/host_connectors.ts";
import { generateJobGraph } from "../../graph/job_graph_generator.ts";
import { planFingerprint } from "../../graph/plan_hash.ts";
import { systemSeams } from "../../seams/system/system_seams.ts";
import { toTransferable } from "../../seams/error_transfer.ts";
import { captureProgram } from "../capture.ts";
import type { ProgramDescriptor } from "../recording.ts";

const worker = self as unknown as {
  onmessage: (message: MessageEvent<ProgramDescriptor>) => void;
  postMessage(message: unknown): void;
  close(): void;
};
worker.onmessage = async ({ data }) => {
  try {
    const { clock } = systemSeams();
    const { graph, warnings } = await captureProgram(data, { connectors: hostConnectors, timeoutMs: 5000, clock });
    const real = [Date, Math.random, setTimeout].every((fn) => /\[native code\]|function/.test(String(fn)));
    worker.postMessage({ plan: planFingerprint(generateJobGraph(graph)), warnings, real, random: Math.random() });
  } catch (error) {
    worker.postMessage({ error: toTransferable(error) });
  }
};
