import assert from "node:assert/strict";
import { ManualClock } from "tsflink/testing";
import { InvalidProgramError, JobExecutionError } from "../../errors.ts";
import { ControlReader } from "../../network/control_ring.ts";
import { toTransferable } from "../../seams/error_transfer.ts";
import type { SlotEnd, SlotHandle, SlotInit, SlotListener, WorkerHost } from "../../seams/worker_host.ts";
import { CapturedLog } from "../../testing/test_seams.ts";
import { CoordinatorIsolate } from "./coordinator_isolate.ts";
import type { CoordinatorReport, CoordinatorRequest, CoordinatorStart } from "./coordinator_protocol.ts";

const STUCK_MS = 30_000;
const CAPTURE_MS = 10_000;

/** A thread that is played by the test. */
class FakeThread implements SlotHandle {
  beatCount = 0;
  activity = 0;
  isKilled = false;
  readonly start: CoordinatorStart;
  readonly #control: ControlReader;

  constructor(init: SlotInit, readonly listener: SlotListener) {
    this.start = structuredClone(init.data) as CoordinatorStart;
    this.#control = new ControlReader(this.start.memory.control);
  }
  kill(): void {
    if (this.isKilled) return;
    this.isKilled = true;
    this.end({ kind: "stopped" });
  }
  end(end: SlotEnd): void {
    this.listener.onEnd(end);
  }
  say(report: CoordinatorReport): void {
    const crossing = "error" in report && report.error !== undefined
      ? { ...report, error: toTransferable(report.error) }
      : report;
    this.listener.onMessage(structuredClone(crossing));
  }
  read(): CoordinatorRequest[] {
    const requests: CoordinatorRequest[] = [];
    this.#control.poll((request) => requests.push(request as CoordinatorRequest));
    return requests;
  }
}

function rig() {
  const clock = new ManualClock();
  const log = new CapturedLog();
  const threads: FakeThread[] = [];
  const heard: string[] = [];
  const host: WorkerHost = {
    kind: "worker_threads",
    spawnSlot(init, listener) {
      const thread = new FakeThread(init, listener);
      threads.push(thread);
      return thread;
    },
    prewarm: () => {},
    close: () => {},
  };
  const isolate = new CoordinatorIsolate({
    host,
    clock,
    log,
    jobName: "j",
    program: {
      url: "file:///client.ts",
      executionOrdinal: 0,
      args: [],
      configuration: {},
      recording: { calls: [], results: {}, environment: [], hasWholeEnvironment: false, events: [] },
    },
    planFingerprint: ["line"],
    captureTimeoutMs: CAPTURE_MS,
    stuckTimeoutMs: STUCK_MS,
    heapMb: 64,
    seed: 3,
    doorbells: {
      allocate: (count) => new SharedArrayBuffer(4 * count),
      at: () => ({ ticket: () => 0, park: () => {}, wake: () => {} }),
    },
  });
  isolate.listener = {
    send: (vertexId, subtask, operatorId, event) => heard.push(`${vertexId} ${subtask} ${operatorId} ${event}`),
    fail: (vertexId, error) => heard.push(`${vertexId} failed ${(error as Error).message.split("\n")[0]}`),
  };
  const captured: CoordinatorReport = {
    type: "captured",
    captured: { plan: { vertices: [] } as never, configuration: { a: 1 }, warnings: [] },
  };
  return { clock, log, threads, heard, isolate, captured };
}

/** A rig whose thread has captured the program, and has started some vertices. */
async function started(...vertexIds: string[]) {
  const all = rig();
  const capture = all.isolate.capture("file:///bundle.mjs");
  all.threads[0].say(all.captured);
  await capture;
  all.isolate.start(vertexIds, undefined);
  all.threads[0].read();
  return all;
}
const send = (vertexId: string, event: string): CoordinatorReport => {
  return { type: "send", vertexId, subtaskIndex: 1, operatorId: "o", event };
};

Deno.test("capture: what the thread is started with, and what it tells", async () => {
  const { isolate, threads, captured, clock } = rig();
  const capture = isolate.capture("file:///bundle.mjs");
  const { start } = threads[0];
  assert.deepEqual([start.role, start.program.url, start.planFingerprint], ["coordinator", "file:///bundle.mjs", [
    "line",
  ]]);
  threads[0].say(captured);
  assert.deepEqual((await capture).configuration, { a: 1 });
  await isolate.close();
  assert.equal(clock.pending, 0);
  await assert.rejects(isolate.capture(), { code: "TSF-5221" });
});

Deno.test("capture: refused, too slow, dead, closed meanwhile", async () => {
  const ends: [(all: ReturnType<typeof rig>) => void, string][] = [
    [
      ({ threads }) => threads[0].say({ type: "refused", error: new InvalidProgramError("TSF-1231", "other") }),
      "TSF-1231",
    ],
    [({ clock }) => clock.advance(CAPTURE_MS + 1000), "TSF-5222"],
    [({ threads }) => {
      threads[0].end({ kind: "failed", error: new JobExecutionError("TSF-0055", "out of heap") });
    }, "TSF-0055"],
    [({ threads }) => threads[0].end({ kind: "stopped" }), "TSF-5221"],
    [({ isolate }) => void isolate.close(), "TSF-5221"],
  ];
  for (const [end, code] of ends) {
    const all = rig();
    const capture = all.isolate.capture();
    capture.catch(() => {});
    end(all);
    await assert.rejects(capture, { code });
    assert.equal(all.threads[0].isKilled || code !== "TSF-1231", true);
    assert.equal(all.clock.pending, 0, code);
    assert.deepEqual(all.heard, [], code);
  }
});

Deno.test("requests cross in order; what is sent for a vertex is heard while it is started", async () => {
  const { isolate, threads: [thread], heard } = await started("v");
  isolate.handleEvent("o", 1, 2, "event");
  isolate.complete(7);
  isolate.start(["w"], new Map([["o", new Uint8Array([9])]]));
  assert.deepEqual(thread.read(), [
    { type: "event", operatorId: "o", subtaskIndex: 1, attemptNumber: 2, event: "event" },
    { type: "complete", checkpointId: 7 },
    { type: "start", vertexIds: ["w"], restored: new Map([["o", new Uint8Array([9])]]) },
  ]);
  thread.say(send("v", "a"));
  thread.say(send("x", "b"));
  const stopped = isolate.stop(["v"]);
  thread.say(send("v", "c"));
  thread.say(send("w", "d"));
  const [stop] = thread.read();
  assert.ok(stop.type === "stop");
  thread.say({ type: "stopped", requestId: stop.requestId });
  await stopped;
  assert.deepEqual(heard, ["v 1 o a", "w 1 o d"]);
});

Deno.test("snapshot: answered in the order of what is said; errors, and a thread that dies meanwhile", async () => {
  const { isolate, threads: [thread], heard } = await started("v");
  const answers: unknown[] = [];
  for (const id of [1, 2, 3]) {
    isolate.snapshot(id, (answer) => {
      heard.push(`snapshot ${id}`);
      answers.push(answer);
    });
  }
  const requests = thread.read();
  const idOf = (index: number) => (requests[index] as { requestId: number }).requestId;
  thread.say(send("v", "before"));
  thread.say({ type: "snapshot", requestId: idOf(0), states: new Map([["o", new Uint8Array([1])]]) });
  thread.say(send("v", "after"));
  assert.deepEqual(heard, ["v 1 o before", "snapshot 1", "v 1 o after"]);
  thread.say({ type: "snapshot", requestId: idOf(1), error: new JobExecutionError("TSF-2230", "no state") });
  thread.end({ kind: "stopped" });
  assert.deepEqual(answers[0], new Map([["o", new Uint8Array([1])]]));
  assert.match(String((answers[1] as { error: Error }).error), /TSF-2230/);
  assert.match(String((answers[2] as { error: Error }).error), /TSF-5221/);
});

Deno.test("failures: of one vertex, of nobody knows whom, of the thread; the next start gets a new thread", async () => {
  const { isolate, threads, heard, captured, clock } = await started("v", "w");
  threads[0].say({ type: "failed", vertexId: "v", error: new Error("one") });
  threads[0].say({ type: "failed", vertexId: "v", error: new Error("again") });
  assert.deepEqual(heard, ["v failed one"]);
  isolate.start(["v"], undefined);
  threads[0].say({ type: "failed", error: new Error("loose") });
  assert.deepEqual(heard.slice(1), ["w failed loose", "v failed loose"]);
  isolate.start(["v"], undefined);
  heard.length = 0;
  threads[0].end({ kind: "failed", error: new JobExecutionError("TSF-0055", "out of heap") });
  assert.deepEqual(heard, ["v failed [TSF-0055] out of heap"]);
  await isolate.stop(["v"]);
  isolate.start(["v"], undefined);
  assert.equal(threads.length, 2);
  assert.equal(threads[1].start.program.url, "file:///bundle.mjs");
  threads[0].say(send("v", "of the dead"));
  threads[1].say(captured);
  assert.deepEqual(threads[1].read().map(({ type }) => type), ["start"]);
  threads[1].say(send("v", "alive"));
  assert.deepEqual(heard.slice(1), ["v 1 o alive"]);
  await isolate.close();
  assert.equal(clock.pending, 0);
});

Deno.test("a thread that does not move is given up; one that does is not", async () => {
  const { threads: [thread], heard, clock, isolate } = await started("v");
  for (let n = 0; n < 5; n++) {
    thread.beatCount++;
    clock.advance(STUCK_MS);
  }
  assert.deepEqual([heard, thread.isKilled], [[], false]);
  const stopped = isolate.stop([]);
  clock.advance(STUCK_MS);
  assert.equal(thread.isKilled, true);
  assert.match(heard.join(), /^v failed \[TSF-5221\]/);
  await stopped;
});

Deno.test("what the program prints and logs is passed on", async () => {
  const { threads: [thread], log } = await started();
  thread.say({ type: "output", line: "hello", stream: "stdout" });
  thread.say({ type: "log", level: "warn", message: "careful" });
  assert.deepEqual([log.printed, log.messages("warn")], [[{ line: "hello", stream: "stdout" }], ["careful"]]);
});
