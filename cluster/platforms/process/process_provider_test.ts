import assert from "node:assert/strict";
import { ManualClock } from "tsflink/testing";
import { ProcessProvider, type WorkerProcess } from "./process_provider.ts";
import { SystemProcesses } from "./system_processes.ts";

class FakeProcess implements WorkerProcess {
  readonly signals: string[] = [];
  readonly #ended = Promise.withResolvers<string>();
  readonly ended: Promise<string> = this.#ended.promise;
  constructor(readonly pid: number, readonly resourceId: string) {}
  signal(name: string): void {
    this.signals.push(name);
  }
  async end(how: string): Promise<void> {
    this.#ended.resolve(how);
    for (let i = 0; i < 5; i++) await Promise.resolve();
  }
}

function bench() {
  const clock = new ManualClock();
  const processes: FakeProcess[] = [];
  const terminated: string[] = [];
  const provider = new ProcessProvider({
    clock,
    processes: {
      spawn: (resourceId) => {
        const process = new FakeProcess(100 + processes.length, resourceId);
        processes.push(process);
        return process;
      },
    },
    workerSpec: { slots: 2, slotProfile: {} },
    prefix: "jm-1",
    stopTimeoutMs: 1000,
    maxWorkers: 2,
  });
  void provider.start({
    onWorkerTerminated: (resourceId, cause) => terminated.push(`${resourceId}: ${cause.message}`),
  });
  return { clock, processes, terminated, provider };
}

Deno.test("workers are processes with ids of their own; one that ends is told of, one that was stopped is not", async () => {
  const { processes, terminated, provider } = bench();
  assert.deepEqual([await provider.startWorker(), await provider.startWorker()], [
    { resourceId: "jm-1-1" },
    { resourceId: "jm-1-2" },
  ]);
  await assert.rejects(provider.startWorker(), { code: "TSF-5280" });
  await processes[0].end("exit code 1");
  assert.match(terminated.join(), /^jm-1-1: \[TSF-5281\].*pid 100.*exit code 1/s);
  const stopped = provider.stopWorker("jm-1-2", "orderly");
  await processes[1].end("exit code 0");
  await stopped;
  assert.equal(terminated.length, 1);
  assert.equal(provider.size, 0);
  await provider.stopWorker("jm-1-2", "orderly");
  assert.deepEqual(await provider.startWorker(), { resourceId: "jm-1-3" });
});

Deno.test("a process that does not stop is killed", async () => {
  const { clock, processes, provider } = bench();
  await provider.startWorker();
  const stopped = [provider.stopWorker("jm-1-1", "orderly"), provider.stopWorker("jm-1-1", "orderly")];
  clock.advance(999);
  assert.deepEqual(processes[0].signals, ["SIGTERM"]);
  clock.advance(1);
  assert.deepEqual(processes[0].signals, ["SIGTERM", "SIGKILL"]);
  await processes[0].end("SIGKILL");
  await Promise.all(stopped);
});

Deno.test("a process that is lost is killed at once, also one that was asked to stop", async () => {
  const { clock, processes, provider, terminated } = bench();
  await provider.startWorker();
  const stopped = [provider.stopWorker("jm-1-1", "orderly"), provider.stopWorker("jm-1-1", "at once")];
  assert.deepEqual(processes[0].signals, ["SIGTERM", "SIGKILL"]);
  await processes[0].end("SIGKILL");
  await Promise.all(stopped);
  assert.deepEqual([clock.pending, terminated], [0, []]);
});

Deno.test("closing stops all and starts none", async () => {
  const { clock, processes, provider, terminated } = bench();
  await provider.startWorker();
  await provider.startWorker();
  const closed = provider.close();
  await Promise.all(processes.map((process) => process.end("exit code 0")));
  await closed;
  assert.deepEqual([terminated, clock.pending, provider.size], [[], 0, 0]);
  await assert.rejects(provider.startWorker(), { code: "TSF-5241" });
});

Deno.test("real processes: how they end and what they said last", async () => {
  const logDirectory = Deno.makeTempDirSync();
  const commands: Record<string, string> = {
    fails: "echo first; echo last words >&2; echo '    at f (x.ts:1:1)'; exit 3",
    stops: "echo $GREETING; exec sleep 60",
    missing: "",
  };
  const processes = new SystemProcesses({
    command: (id) => id === "missing" ? ["/no/such/program"] : ["sh", "-c", commands[id]],
    environment: { GREETING: "hello" },
    logDirectory,
  });
  assert.match(
    await processes.spawn("fails").ended,
    /^exit code 3; .*fails.log ends with:\n {4}first\n {4}last words$/,
  );
  const stops = processes.spawn("stops");
  assert.ok(stops.pid > 0);
  stops.signal("SIGTERM");
  assert.match(await stops.ended, /^SIGTERM/);
  stops.signal("SIGKILL");
  assert.match(await processes.spawn("missing").ended, /no such program|ENOENT|No such file/i);
  Deno.removeSync(logDirectory, { recursive: true });
});
