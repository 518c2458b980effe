/**
 * How the JobManager starts the JobMaster of a job: its coordinator in a thread of this process, its bundle in a file
 * that the thread imports.
 *
 * @module
 */

import { launch } from "../../../runtime/seams/system/launch.ts";
import { nodeWorkerHost } from "../../../runtime/seams/system/node_worker_host.ts";
import { SharedParker } from "../../../runtime/seams/system/parker.ts";
import type { Seams } from "../../../runtime/seams/seams.ts";
import type { BlobServer } from "../../blob/blob_server.ts";
import type { ClusterConfiguration } from "../../config/cluster_configuration.ts";
import { ResourceManagerOptions, RpcOptions } from "../../config/cluster_options.ts";
import type { JobManagerMemory } from "../../config/memory_plan.ts";
import { MIB } from "../../config/options/units.ts";
import { startJobMasters } from "../../jobmaster/remote_job.ts";
import type { RoleProcess } from "../../process/role_process.ts";
import type { ResourceManagerGateway, StartJobMaster } from "../../rpc/gateways.ts";
import type { RpcService } from "../../rpc/rpc_service.ts";

/** How long a coordinator that is to end has for that before its thread is terminated, in ms. */
const STOP_TIMEOUT_MS = 2000;

/** What JobMasters are made from. */
export interface JobMasterSurroundings {
  readonly configuration: ClusterConfiguration;
  readonly seams: Seams;
  readonly process: RoleProcess;
  readonly rpc: RpcService;
  readonly resourceManager: ResourceManagerGateway;
  readonly blobs: BlobServer;
  /** Part "jobs" of the work directory. */
  readonly directory: string;
  readonly memory: JobManagerMemory;
}

/** See the module. */
export function jobMasterFactory(surroundings: JobMasterSurroundings): StartJobMaster {
  const { configuration, seams, process, rpc, resourceManager, blobs, directory, memory } = surroundings;
  const host = nodeWorkerHost({ entry: launch().threadEntry("slot"), stopTimeoutMs: STOP_TIMEOUT_MS });
  process.onStop("coordinators", () => host.close());
  // The first job starts sooner.
  host.prewarm(1);
  return startJobMasters({
    seams,
    rpc,
    resourceManager,
    host,
    doorbells: {
      allocate: (count: number) => SharedParker.allocate(count),
      at: (memory: SharedArrayBuffer, index: number) => new SharedParker(memory, index),
    },
    bundleUrl: ({ jobId, bundleHash }) => {
      const folder = `${directory}/${jobId}`;
      const file = `${folder}/${bundleHash}.mjs`;
      Deno.mkdirSync(folder, { recursive: true });
      Deno.copyFileSync(blobs.pathOf(bundleHash), file);
      return new URL(`file://${encodeURI(file)}`).href;
    },
    configuration: configuration.jobValues(),
    limits: {
      requestTimeoutMs: configuration.get(ResourceManagerOptions.SLOT_REQUEST_TIMEOUT),
      idleTimeoutMs: configuration.get(ResourceManagerOptions.SLOT_IDLE_TIMEOUT),
      heartbeatIntervalMs: configuration.get(RpcOptions.HEARTBEAT_INTERVAL),
      heartbeatTimeoutMs: configuration.get(RpcOptions.HEARTBEAT_TIMEOUT),
      coordinatorHeapMb: Math.floor(memory.coordinatorHeapBytes / MIB),
    },
  });
}

/** The job has ended: its bundle is not imported any more. */
export function removeJobFiles(directory: string, jobId: string): void {
  try {
    Deno.removeSync(`${directory}/${jobId}`, { recursive: true });
  } catch {
    // It was never laid down.
  }
}
