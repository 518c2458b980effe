/**
 * Bundles and files of jobs in the work directory of a role.
 *
 * @module
 */

import type { Seams } from "../../../runtime/seams/seams.ts";
import type { Address } from "../../../runtime/seams/transport.ts";
import { BlobCache } from "../../blob/blob_cache.ts";
import { BLOB_ENDPOINT, BlobServer } from "../../blob/blob_server.ts";
import type { BlobStoreOptions } from "../../blob/blob_store.ts";
import type { ClusterConfiguration } from "../../config/cluster_configuration.ts";
import { ProcessOptions } from "../../config/cluster_options.ts";
import { freeDiskBytes } from "../../process/process_metrics.ts";
import type { BlobGateway } from "../../rest/gateways.ts";
import type { RpcPeer, RpcService } from "../../rpc/rpc_service.ts";
import type { BlobSource } from "../../taskmanager/task_manager_options.ts";

function storeOptions(configuration: ClusterConfiguration, seams: Seams, directory: string): BlobStoreOptions {
  return {
    files: seams.files,
    directory,
    maxBytes: configuration.get(ProcessOptions.BLOB_SIZE),
    maxBlobBytes: configuration.get(ProcessOptions.BLOB_MAX_SIZE),
    reserveBytes: configuration.get(ProcessOptions.DISK_RESERVE),
    freeBytes: () => freeDiskBytes(directory),
  };
}

/** What a JobManager keeps and serves. */
export interface JobManagerBlobs extends BlobGateway {
  readonly server: BlobServer;
  retain(jobId: string, hashes: readonly string[]): void;
  release(jobId: string): void;
}

/** Takes over what an earlier process has left in the directory. */
export function jobManagerBlobs(
  configuration: ClusterConfiguration,
  seams: Seams,
  rpc: RpcService,
  directory: string,
): JobManagerBlobs {
  const server = new BlobServer({
    ...storeOptions(configuration, seams, directory),
    clock: seams.clock,
    maxAgeMs: configuration.get(ProcessOptions.BLOB_CLEANUP_INTERVAL_SECONDS) * 1000,
  });
  rpc.register(BLOB_ENDPOINT, server.endpoint());
  return {
    server,
    // deno-lint-ignore require-await -- what is thrown is to reject
    put: async (bytes) => server.put(bytes),
    retain: (jobId, hashes) => server.retain(jobId, hashes),
    release: (jobId) => server.release(jobId),
  };
}

/** What a TaskManager fetches from its JobManager, over a connection of its own: large files hold up no heartbeat. */
export function taskManagerBlobs(
  configuration: ClusterConfiguration,
  seams: Seams,
  rpc: RpcService,
  from: { readonly directory: string; readonly jobManager: Address },
): BlobSource & { close(): void } {
  let underWay = 0;
  let peer: Promise<RpcPeer> | undefined;
  const cache = new BlobCache({
    ...storeOptions(configuration, seams, from.directory),
    clock: seams.clock,
    maxAgeMs: configuration.get(ProcessOptions.BLOB_CLEANUP_INTERVAL_SECONDS) * 1000,
    server: async () => rpc.gateway(await (peer ??= rpc.connect(from.jobManager)), BLOB_ENDPOINT, ""),
  });
  return {
    fetch: async (jobId, hash) => {
      underWay++;
      try {
        return await cache.fetch(jobId, hash);
      } finally {
        if (--underWay === 0) {
          peer?.then((open) => open.close(), () => {});
          peer = undefined;
        }
      }
    },
    release: (jobId) => cache.release(jobId),
    close: () => cache.close(),
  };
}
