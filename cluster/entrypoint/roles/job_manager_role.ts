/**
 * A JobManager in this process: its ports, ResourceManager, Dispatcher, REST.
 *
 * @module
 */

import { FlinkError } from "../../../runtime/errors.ts";
import type { Seams } from "../../../runtime/seams/seams.ts";
import type { Address } from "../../../runtime/seams/transport.ts";
import { launch } from "../../../runtime/seams/system/launch.ts";
import { systemSeams } from "../../../runtime/seams/system/system_seams.ts";
import type { ClusterConfiguration } from "../../config/cluster_configuration.ts";
import { JobManagerOptions, ProcessOptions, RestOptions } from "../../config/cluster_options.ts";
import { shownValues } from "../../config/describe_configuration.ts";
import type { JobManagerMemory } from "../../config/memory_plan.ts";
import { Dispatcher } from "../../dispatcher/dispatcher.ts";
import { dispatcherSettings } from "../../dispatcher/dispatcher_settings.ts";
import { startApplication } from "../../process/application.ts";
import { EXIT_CODES } from "../../process/exit_codes.ts";
import { serveHealth } from "../../process/health_server.ts";
import { logFiles, readLogFile } from "../../process/log_files.ts";
import { parsePorts } from "../../process/port_range.ts";
import { freeDiskBytes, ProcessMetrics } from "../../process/process_metrics.ts";
import type { MetricSample } from "../../process/prometheus_text.ts";
import type { RoleProcess } from "../../process/role_process.ts";
import { ResourceManager } from "../../resourcemanager/resource_manager.ts";
import { resourceManagerSettings } from "../../resourcemanager/resource_manager_settings.ts";
import type { DispatcherGateway, JobManagerGateway } from "../../rest/gateways.ts";
import { restApp, type RestSettings } from "../../rest/rest_app.ts";
import { type RestServer, startRestServer } from "../../rest/rest_server.ts";
import { jobManagerBlobs } from "./role_blobs.ts";
import { taskManagerInspection } from "./role_inspection.ts";
import { jobMasterFactory, removeJobFiles } from "./role_jobs.ts";
import {
  checkPorts,
  dialHost,
  isRestSecured,
  PRODUCT_VERSION,
  reachableHost,
  roleNetwork,
  type RoleSecurity,
  roleSecurity,
} from "./role_network.ts";
import { resourceProvider } from "./role_provider.ts";
import { roleProcess, type RoleStart, startedOrNothing, takeWorkDirectory, tellReady } from "./role_start.ts";

/** What the command has worked out. */
export interface JobManagerParts {
  readonly memory: JobManagerMemory;
  readonly job?: string;
  readonly jobArgs: readonly string[];
}

/** Starts it; returns when REST answers and TaskManagers can register. */
export async function runJobManager(start: RoleStart, parts: JobManagerParts): Promise<void> {
  const process = roleProcess(start);
  await startedOrNothing(process, () => startJobManager(start, process, parts));
}

async function startJobManager(start: RoleStart, process: RoleProcess, parts: JobManagerParts): Promise<void> {
  const { memory } = parts;
  const { configuration, log } = start;
  const seams: Seams = { ...systemSeams(), log };
  const security = await roleSecurity(start, seams);
  checkAllPorts(start, security);
  const bindHost = configuration.get(JobManagerOptions.BIND_HOST);
  const rpcPort = configuration.get(JobManagerOptions.RPC_BIND_PORT) ?? configuration.get(JobManagerOptions.RPC_PORT);
  // The same after a restart, so that jobs in its store are found; without a port of its own it is new every time.
  const isKept = configuration.isSet(JobManagerOptions.RESOURCE_ID) || rpcPort !== 0;
  const resourceId = configuration.get(JobManagerOptions.RESOURCE_ID) ??
    (rpcPort === 0 ? crypto.randomUUID().slice(0, 8) : `${dialHost(bindHost)}-${rpcPort}`);
  const directory = takeWorkDirectory(start, process, resourceId, isKept);
  const network = roleNetwork(start, { seams, process, security, resourceId });

  const listener = await network.listen({ host: dialHost(bindHost), port: rpcPort });
  const resourceManager = new ResourceManager({
    rpc: network.rpc,
    provider: resourceProvider(start, {
      seams,
      jobManager: () => listener.address,
      logDirectory: directory.layout.logs,
      prefix: `${resourceId}-${crypto.randomUUID().slice(0, 4)}`,
    }),
    seams,
    settings: resourceManagerSettings(configuration),
    resourceId,
  });
  const blobs = jobManagerBlobs(configuration, seams, network.rpc, directory.layout.blobs);
  const startJobMaster = jobMasterFactory({
    configuration,
    seams,
    process,
    rpc: network.rpc,
    resourceManager,
    blobs: blobs.server,
    directory: directory.layout.jobs,
    memory,
  });
  const dispatcher = new Dispatcher({
    seams,
    directory: directory.layout.jobstore,
    startJobMaster,
    resources: resourceManager,
    settings: dispatcherSettings(configuration),
    freeDiskBytes: () => freeDiskBytes(directory.layout.root),
    blobs,
  });
  process.onStop("TaskManagers", () => resourceManager.close());
  process.onStop("jobs", () => dispatcher.close());
  await resourceManager.start();
  dispatcher.start();
  dispatcher.onJobEnded(({ jobId }) => removeJobFiles(directory.layout.jobs, jobId));
  blobs.server.releaseUnused();

  const own = new ProcessMetrics("jobmanager", { host: Deno.hostname() }, directory);
  const metrics = () => jobManagerMetrics(own, dispatcher);
  const jobManager = jobManagerGateway(configuration, process, metrics);
  const app = restApp({
    dispatcher: dispatcher satisfies DispatcherGateway,
    blobs,
    jobManager,
    inspection: taskManagerInspection(network.rpc, (id) => resourceManager.peerOf(id)),
    settings: restSettings(configuration, security),
    clock: seams.clock,
    log,
  });
  const rest = await startRest(configuration, security, app);
  process.onStop("REST", () => rest.close());
  const health = serveHealth(
    configuration.get(ProcessOptions.HEALTH_BIND_HOST),
    parsePorts(configuration.get(ProcessOptions.HEALTH_PORT), ProcessOptions.HEALTH_PORT.key),
    { notReady: () => process.isEnding ? "it stops" : undefined, metrics },
  );
  process.onStop("health", () => health.close());
  const scheme = security.restTls === undefined ? "http" : "https";
  tellReady(start, {
    rest: `${scheme}://${reachableHost(rest.address.host)}:${rest.address.port}`,
    rpc: `${reachableHost(listener.address.host)}:${listener.address.port}`,
    health: `${health.address.host}:${health.address.port}`,
    workDir: directory.layout.root,
  });
  if (parts.job !== undefined) runApplication(start, process, rest.address, [parts.job, ...parts.jobArgs]);
}

/** Application mode: its life is that of this process, see cluster/process/application.ts. */
function runApplication(start: RoleStart, process: RoleProcess, { host, port }: Address, job: readonly string[]): void {
  const { configuration, flags, log } = start;
  const self = launch();
  const define = { ...flags.define, [RestOptions.RETRY_ATTEMPTS.key]: "2", [RestOptions.RETRY_DELAY.key]: "500 ms" };
  const application = startApplication([
    ...self.selfCommand(),
    "run",
    "--jobmanager",
    `${host}:${port}`,
    ...(flags.configDir === undefined ? [] : ["--config-dir", flags.configDir]),
    ...Object.entries(define).flatMap(([key, value]) => ["-D", `${key}=${value}`]),
    ...job,
  ], self.selfEnvironment());
  process.onStop("the application", () => application.kill());
  application.ended.then((code) => {
    if (process.isEnding) return;
    if (configuration.get(JobManagerOptions.SHUTDOWN_ON_APPLICATION_FINISH)) {
      process.end(code, code === EXIT_CODES.stopped ? "the application has finished" : "the application has failed");
    } else log.log("info", `the application has ended with code ${code}`);
  });
}

function checkAllPorts(start: RoleStart, security: RoleSecurity): void {
  const { configuration } = start;
  const isSecured = security.token !== undefined || security.tls !== undefined;
  checkPorts(start, [
    {
      what: "RPC",
      host: configuration.get(JobManagerOptions.BIND_HOST),
      isSecured,
      key: JobManagerOptions.BIND_HOST.key,
    },
    {
      what: "REST",
      host: configuration.get(RestOptions.BIND_ADDRESS),
      isSecured: isRestSecured(security),
      key: RestOptions.BIND_ADDRESS.key,
    },
    {
      what: "health",
      host: configuration.get(ProcessOptions.HEALTH_BIND_HOST),
      isSecured: false,
      key: ProcessOptions.HEALTH_BIND_HOST.key,
    },
  ]);
}

function startRest(
  configuration: ClusterConfiguration,
  security: RoleSecurity,
  app: ReturnType<typeof restApp>,
): Promise<RestServer> {
  const ports = configuration.get(RestOptions.BIND_PORT) || String(configuration.get(RestOptions.PORT));
  return startRestServer({
    app,
    host: dialHost(configuration.get(RestOptions.BIND_ADDRESS)),
    ports: parsePorts(ports, RestOptions.BIND_PORT.key),
    maxContentLength: configuration.get(RestOptions.SERVER_MAX_CONTENT_LENGTH),
    tls: security.restTls,
  });
}

function restSettings(configuration: ClusterConfiguration, security: RoleSecurity): RestSettings {
  return {
    version: PRODUCT_VERSION,
    commit: "",
    refreshIntervalMs: configuration.get(RestOptions.WEB_REFRESH_INTERVAL),
    isSubmitEnabled: configuration.get(RestOptions.WEB_SUBMIT),
    isCancelEnabled: configuration.get(RestOptions.WEB_CANCEL),
    maxContentLength: configuration.get(RestOptions.SERVER_MAX_CONTENT_LENGTH),
    allowedOrigin: configuration.get(RestOptions.ACCESS_CONTROL_ALLOW_ORIGIN),
    token: security.token,
    timeZone: {
      name: Intl.DateTimeFormat().resolvedOptions().timeZone,
      offsetMs: -new Date().getTimezoneOffset() * 60_000,
    },
  };
}

function jobManagerGateway(
  configuration: ClusterConfiguration,
  process: RoleProcess,
  metrics: () => readonly MetricSample[],
): JobManagerGateway {
  return {
    configuration: () => shownValues(configuration),
    metrics: () =>
      Object.fromEntries(
        metrics().map(({ name, labels, value }) => {
          const part = labels.part === undefined ? "" : `.${labels.part}`;
          return [`${name.slice("jobmanager.".length)}${part}`, value];
        }),
      ),
    logs: () => Promise.resolve(logFiles()),
    file: (name) => {
      const bytes = readLogFile(name);
      return bytes === undefined ? Promise.reject(noSuchFile(name)) : Promise.resolve(bytes);
    },
    shutDown: () => process.end(EXIT_CODES.stopped, "DELETE /cluster"),
  };
}

function noSuchFile(name: string): FlinkError {
  return new FlinkError("TSF-4118", "The JobManager has no such file", {
    expected: logFiles().map((file) => file.name).join(", ") ||
      "output in files, as `tsflink cluster start` makes them",
    found: JSON.stringify(name.slice(0, 200)),
  });
}

function jobManagerMetrics(own: ProcessMetrics, dispatcher: Dispatcher): MetricSample[] {
  const overview = dispatcher.overview();
  return [
    ...own.samples(),
    own.gauge("numRegisteredTaskManagers", overview.taskManagers),
    own.gauge("taskSlotsTotal", overview.slotsTotal),
    own.gauge("taskSlotsAvailable", overview.slotsAvailable),
    own.gauge("numRunningJobs", dispatcher.runningJobs),
  ];
}
