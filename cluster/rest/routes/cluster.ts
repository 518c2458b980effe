/**
 * Routes of the cluster, its JobManager and its TaskManagers.
 *
 * @module
 */

import type { Context, Hono } from "hono";
import type { LogFileInfo, ResourceInfo, TaskManagerInfo } from "../../rpc/cluster_info.ts";
import { jobOf, queryList } from "../request_reading.ts";
import { RestError } from "../rest_error.ts";
import { aggregatedMetrics, metricList } from "../shapes/vertex_shapes.ts";
import { present, type RouteContext } from "./context.ts";

type Json = Record<string, unknown>;

/** Adds those of the cluster. */
export function addClusterRoutes(app: Hono, { dispatcher, settings, jobManager, clock }: RouteContext): void {
  app.get("/config", (c) =>
    c.json({
      "refresh-interval": settings.refreshIntervalMs,
      "timezone-name": settings.timeZone.name,
      "timezone-offset": settings.timeZone.offsetMs,
      "flink-version": settings.version,
      "flink-revision": settings.commit,
      features: {
        "web-submit": false,
        "web-cancel": settings.isCancelEnabled,
        "web-rescale": false,
        "web-history": false,
      },
    }));
  app.get("/overview", (c) => {
    const overview = dispatcher.overview();
    return c.json({
      taskmanagers: overview.taskManagers,
      "taskmanagers-blocked": 0,
      "slots-total": overview.slotsTotal,
      "slots-available": overview.slotsAvailable,
      "slots-free-and-blocked": 0,
      "jobs-running": overview.jobsRunning,
      "jobs-finished": overview.jobsFinished,
      "jobs-cancelled": overview.jobsCancelled,
      "jobs-failed": overview.jobsFailed,
      "flink-version": settings.version,
      "flink-commit": settings.commit,
    });
  });
  app.get("/applications/overview", (c) => c.json({ applications: [] }));
  app.get("/datasets", (c) => c.json({ dataSets: [] }));
  app.get("/jars", (c) => c.json({ address: new URL(c.req.url).origin, files: [] }));
  app.delete("/cluster", (c) => {
    // After the answer.
    clock.after(0, () => jobManager.shutDown());
    return c.json({});
  });
}

/** Adds those of the JobManager. */
export function addJobManagerRoutes(app: Hono, { jobManager, dispatcher }: RouteContext): void {
  app.get("/jobmanager/config", (c) => {
    return c.json(Object.entries(jobManager.configuration()).map(([key, value]) => ({ key, value })));
  });
  app.get("/jobmanager/environment", (c) => c.json(environment()));
  app.get("/jobs/:jobid/jobmanager/environment", (c) => {
    jobOf(c, dispatcher);
    return c.json(environment());
  });
  // Relative, as the web interface opens it.
  app.get("/jobs/:jobid/jobmanager/log-url", (c) => {
    jobOf(c, dispatcher);
    return c.json({ url: "/jobmanager/log" });
  });
  app.get("/jobs/:jobid/taskmanagers/:taskmanagerid/log-url", (c) => {
    jobOf(c, dispatcher);
    return c.json({ url: `/taskmanagers/${encodeURIComponent(c.req.param("taskmanagerid"))}/log` });
  });
  app.get("/jobmanager/metrics", (c) => c.json(metricList(jobManager.metrics(), queryList(c, "get"))));
  app.get("/jobmanager/thread-dump", (c) => c.json({ threadInfos: [] }));
  app.get("/jobmanager/logs", async (c) => {
    return c.json({ logs: (await present(jobManager.logs, "The list of logs").call(jobManager)).map(logEntry) });
  });
  const file = (c: Context, name: string) => text(c, present(jobManager.file, "Log files").call(jobManager, name));
  for (const name of ["log", "stdout"]) app.get(`/jobmanager/${name}`, (c) => file(c, name));
  app.get("/jobmanager/logs/:name", (c) => file(c, logName(c)));
}

function environment(): Json {
  const { deno, v8, typescript } = Deno.version;
  const version = `Deno ${deno}, V8 ${v8}, TypeScript ${typescript}`;
  return { jvm: { version, arch: Deno.build.arch, options: [] }, classpath: [] };
}

/** Adds those of TaskManagers. */
export function addTaskManagerRoutes(app: Hono, { dispatcher, clock, inspection }: RouteContext): void {
  const find = (c: Context): TaskManagerInfo => {
    const id = c.req.param("taskmanagerid") ?? "";
    const found = dispatcher.taskManagers().find(({ resourceId }) => resourceId === id);
    if (found !== undefined) return found;
    throw new RestError(404, "TSF-4143", `TaskManager ${id.slice(0, 100)} not found`, {
      expected: "the id of a registered TaskManager",
      found: id.slice(0, 100),
      hint: "GET /taskmanagers lists them.",
    });
  };
  const inspected = () => present(inspection, "Logs and metrics of TaskManagers");
  app.get("/taskmanagers", (c) => {
    const now = clock.now();
    return c.json({ taskmanagers: dispatcher.taskManagers().map((each) => taskManager(each, now)) });
  });
  app.get("/taskmanagers/metrics", async (c) => {
    const wanted = queryList(c, "taskmanagers");
    const chosen = dispatcher.taskManagers().filter(({ resourceId }) => wanted?.includes(resourceId) ?? true);
    const each = await Promise.all(chosen.map(({ resourceId }) => inspected().metrics(resourceId)));
    return c.json(aggregatedMetrics(each, queryList(c, "get"), queryList(c, "agg")));
  });
  app.get("/taskmanagers/:taskmanagerid", async (c) => {
    const found = find(c);
    const metrics = await inspection?.metrics(found.resourceId).catch(() => ({})) ?? {};
    return c.json({
      ...taskManager(found, clock.now()),
      allocatedSlots: found.allocatedSlots.map(({ jobId, resource }) => ({
        jobId,
        resource: resources(resource),
        assignedTasks: 0,
      })),
      metrics: memoryMetrics(metrics),
    });
  });
  app.get("/taskmanagers/:taskmanagerid/metrics", async (c) => {
    return c.json(metricList(await inspected().metrics(find(c).resourceId), queryList(c, "get")));
  });
  app.get("/taskmanagers/:taskmanagerid/logs", async (c) => {
    return c.json({ logs: (await inspected().logs(find(c).resourceId)).map(logEntry) });
  });
  const file = (c: Context, name: string) => text(c, inspected().file(find(c).resourceId, name));
  for (const name of ["log", "stdout"]) app.get(`/taskmanagers/:taskmanagerid/${name}`, (c) => file(c, name));
  app.get("/taskmanagers/:taskmanagerid/logs/:name", (c) => file(c, logName(c)));
  app.get("/taskmanagers/:taskmanagerid/thread-dump", (c) => {
    find(c);
    return c.json({ threadInfos: [] });
  });
  // tsflink's own.
  app.post("/taskmanagers/:taskmanagerid/drain", async (c) => {
    await present(dispatcher.drainTaskManager, "Draining").call(dispatcher, find(c).resourceId);
    return c.json({}, 202);
  });
}

/** A name that leads out of the directory is refused before anybody looks for it. */
function logName(c: Context): string {
  const name = c.req.param("name") ?? "";
  if (/^[\w.-]{1,200}$/.test(name) && !name.startsWith(".")) return name;
  throw new RestError(404, "TSF-4158", "There is no such log file", {
    expected: "a name of the list of logs",
    found: JSON.stringify(name.slice(0, 100)),
  });
}

async function text(c: Context, bytes: Promise<Uint8Array>): Promise<Response> {
  return c.body(new Uint8Array(await bytes), 200, { "content-type": "text/plain; charset=UTF-8" });
}

function logEntry({ name, sizeBytes, modifiedAt }: LogFileInfo): Json {
  return { name, size: sizeBytes, mtime: modifiedAt };
}

function resources({ cpuCores, heapMb, managedMb, networkMb }: ResourceInfo): Json {
  return {
    cpuCores,
    taskHeapMemory: heapMb,
    taskOffHeapMemory: 0,
    managedMemory: managedMb,
    networkMemory: networkMb,
    extendedResources: {},
  };
}

function taskManager(info: TaskManagerInfo, now: number): Json {
  const { hardware } = info;
  const total = hardware.heapBytes + hardware.managedBytes + hardware.networkBytes;
  return {
    id: info.resourceId,
    path: `${info.host}:${info.dataPort}`,
    dataPort: info.dataPort,
    jmxPort: -1,
    timeSinceLastHeartbeat: info.lastHeartbeat,
    "milliseconds-since-last-heartbeat": Math.max(0, now - info.lastHeartbeat),
    slotsNumber: info.slotsTotal,
    freeSlots: info.slotsFree,
    totalResource: resources(info.total),
    freeResource: resources(info.free),
    hardware: {
      cpuCores: hardware.cpuCores,
      physicalMemory: hardware.physicalMemoryBytes,
      freeMemory: hardware.heapBytes,
      managedMemory: hardware.managedBytes,
    },
    memoryConfiguration: {
      frameworkHeap: 0,
      taskHeap: hardware.heapBytes,
      frameworkOffHeap: 0,
      taskOffHeap: 0,
      networkMemory: hardware.networkBytes,
      managedMemory: hardware.managedBytes,
      jvmMetaspace: 0,
      jvmOverhead: 0,
      totalFlinkMemory: total,
      totalProcessMemory: total,
    },
    blocked: info.isDraining,
    assignedTasks: 0,
    pid: info.pid,
  };
}

function memoryMetrics(metrics: Readonly<Record<string, number | string>>): Json {
  const number = (name: string) => Number(metrics[name] ?? 0);
  const shuffle = (name: string) => number(`Status.Shuffle.Netty.${name}`);
  return {
    heapUsed: number("Status.JVM.Memory.Heap.Used"),
    heapCommitted: number("Status.JVM.Memory.Heap.Committed"),
    heapMax: number("Status.JVM.Memory.Heap.Max"),
    nonHeapUsed: number("Status.JVM.Memory.NonHeap.Used"),
    nonHeapCommitted: number("Status.JVM.Memory.NonHeap.Committed"),
    nonHeapMax: number("Status.JVM.Memory.NonHeap.Max"),
    directCount: 0,
    directUsed: 0,
    directMax: 0,
    mappedCount: 0,
    mappedUsed: 0,
    mappedMax: 0,
    nettyShuffleMemorySegmentsAvailable: shuffle("AvailableMemorySegments"),
    nettyShuffleMemorySegmentsUsed: shuffle("UsedMemorySegments"),
    nettyShuffleMemorySegmentsTotal: shuffle("TotalMemorySegments"),
    nettyShuffleMemoryAvailable: shuffle("AvailableMemory"),
    nettyShuffleMemoryUsed: shuffle("UsedMemory"),
    nettyShuffleMemoryTotal: shuffle("TotalMemory"),
    garbageCollectors: [],
  };
}
