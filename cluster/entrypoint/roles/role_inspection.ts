/**
 * What a TaskManager tells about itself to REST: log files, the output of jobs, metrics. It serves them over its control
 * connection; the JobManager asks when somebody asks it.
 *
 * @module
 */

import { FlinkError } from "../../../runtime/errors.ts";
import { logFiles, readLogFile } from "../../process/log_files.ts";
import type { MetricSample } from "../../process/prometheus_text.ts";
import type { InspectionGateway } from "../../rest/gateways.ts";
import type { RpcGateway, RpcPeer, RpcService } from "../../rpc/rpc_service.ts";

const ENDPOINT = "inspection";
const ASK_TIMEOUT_MS = 10_000;

/** What is told. */
export interface InspectedProcess {
  readonly metrics: () => readonly MetricSample[];
  /** The last lines that jobs have printed, for a process whose output is no file. */
  readonly output: () => readonly { readonly line: string }[];
}

/** Serves it; ends with the service. */
export function serveInspection(rpc: RpcService, process: InspectedProcess): void {
  rpc.register(ENDPOINT, {
    listLogFiles: () => ({ files: logFiles() }),
    readLogFile: ({ name }) => ({ bytes: fileOf(name, process) }),
    readMetrics: () => ({ values: metricValues(process.metrics()) }),
  });
}

/** Asks for it. */
export function taskManagerInspection(
  rpc: RpcService,
  peerOf: (resourceId: string) => RpcPeer | undefined,
): InspectionGateway {
  const gateway = (resourceId: string): RpcGateway => {
    const peer = peerOf(resourceId);
    if (peer !== undefined) return rpc.gateway(peer, ENDPOINT, "");
    throw new FlinkError("TSF-4159", `TaskManager ${resourceId} has gone`, {
      expected: "a TaskManager that is registered",
      found: "none of that id any more",
    });
  };
  const options = { timeoutMs: ASK_TIMEOUT_MS };
  return {
    logs: async (id) => (await gateway(id).call("listLogFiles", {}, options)).files,
    file: async (id, name) => (await gateway(id).call("readLogFile", { name }, options)).bytes,
    metrics: async (id) => (await gateway(id).call("readMetrics", {}, options)).values,
  };
}

/** @throws FlinkError TSF-4158 for a name that is none. */
function fileOf(name: string, process: InspectedProcess): Uint8Array {
  const bytes = readLogFile(name);
  if (bytes !== undefined) return bytes;
  if (name === "stdout") return new TextEncoder().encode(process.output().map(({ line }) => `${line}\n`).join(""));
  throw new FlinkError("TSF-4158", "There is no such log file", {
    expected: logFiles().map((file) => file.name).join(", ") ||
      "output in files, as `tsflink cluster start` makes them",
    found: JSON.stringify(name.slice(0, 200)),
  });
}

/** Names as Flink's REST has them, without the role before; parts behind a dot. */
export function metricValues(samples: readonly MetricSample[]): Record<string, number> {
  return Object.fromEntries(samples.map(({ name, labels, value }) => {
    const part = labels.part === undefined ? "" : `.${labels.part}`;
    return [`${name.replace(/^(jobmanager|taskmanager)\./, "")}${part}`, value];
  }));
}
