import assert from "node:assert/strict";
import type { Log } from "../../runtime/seams/log.ts";
import { FlinkError, InvalidProgramError } from "../../runtime/errors.ts";
import { WORK_PARTS } from "../config/work_layout.ts";
import { EXIT_CODES, exitCodeOf } from "./exit_codes.ts";
import { answerHealth, serveHealth } from "./health_server.ts";
import { readLogFile } from "./log_files.ts";
import { machineMemory } from "./machine_memory.ts";
import { parsePorts } from "./port_range.ts";
import { prometheusText } from "./prometheus_text.ts";
import { RoleProcess } from "./role_process.ts";
import { WorkDirectory } from "./work_directory.ts";

Deno.test("ports as Flink writes them", () => {
  const table: [string, number[] | undefined][] = [
    ["8081", [8081]],
    ["0", [0]],
    ["8081-8083", [8081, 8082, 8083]],
    [" 8081 , 9000 - 9001 ", [8081, 9000, 9001]],
    ["", undefined],
    ["x", undefined],
    ["9000-8000", undefined],
    ["70000", undefined],
    ["1-2-3", undefined],
    ["-1", undefined],
  ];
  for (const [text, ports] of table) {
    if (ports !== undefined) assert.deepEqual(parsePorts(text, "k"), ports, text);
    else assert.throws(() => parsePorts(text, "the.key"), { code: "TSF-4105", message: /the\.key/ }, text);
  }
});

Deno.test("exit codes of errors before the start", () => {
  const table: [unknown, number][] = [
    [new FlinkError("TSF-4100", "unknown key"), EXIT_CODES.configuration],
    [new FlinkError("TSF-4106", "open port"), EXIT_CODES.configuration],
    [new FlinkError("TSF-4110", "directory taken"), EXIT_CODES.failed],
    [new InvalidProgramError("TSF-4003", "-D"), EXIT_CODES.usage],
    [new TypeError("x"), EXIT_CODES.failed],
    ["text", EXIT_CODES.failed],
  ];
  for (const [error, code] of table) assert.equal(exitCodeOf(error), code, String(error));
});

Deno.test("memory is the least limit above the process", () => {
  const MIB = 2 ** 20;
  const total = 8192 * MIB;
  const table: [string, Record<string, string>, number, string][] = [
    ["no cgroups", {}, 8192, "machine"],
    [
      "v2",
      {
        "/proc/self/cgroup": "0::/a/b\n",
        "/sys/fs/cgroup/a/b/memory.max": `${512 * MIB}\n`,
        "/sys/fs/cgroup/a/memory.max": "max\n",
      },
      512,
      "cgroup v2",
    ],
    [
      "v2, the parent has less",
      {
        "/proc/self/cgroup": "0::/a/b\n",
        "/sys/fs/cgroup/a/b/memory.max": `${512 * MIB}\n`,
        "/sys/fs/cgroup/a/memory.max": `${256 * MIB}\n`,
      },
      256,
      "cgroup v2",
    ],
    [
      "v2 in a container",
      {
        "/proc/self/cgroup": "0::/docker/abc\n",
        "/sys/fs/cgroup/memory.max": `${300 * MIB}\n`,
      },
      300,
      "cgroup v2",
    ],
    [
      "v1",
      {
        "/proc/self/cgroup": "9:cpu:/x\n4:memory:/docker/abc\n",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes": `${400 * MIB}\n`,
      },
      400,
      "cgroup v1",
    ],
    [
      "v1 without limit",
      {
        "/proc/self/cgroup": "4:memory,cpu:/docker/abc\n",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
      },
      8192,
      "machine",
    ],
    [
      "hybrid",
      {
        "/proc/self/cgroup": "4:memory:/\n0::/\n",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes": `${700 * MIB}\n`,
      },
      700,
      "cgroup v1",
    ],
  ];
  for (const [name, files, mb, source] of table) {
    const found = machineMemory({ readText: (path) => files[path], totalBytes: total });
    assert.deepEqual(found, { bytes: mb * MIB, source }, name);
  }
});

Deno.test("metrics as Prometheus reads them", () => {
  const text = prometheusText([
    { name: "jobmanager.Status.JVM.Memory.Heap.Used", kind: "gauge", value: 12.5, labels: { host: 'a"b\\c\nd' } },
    { name: "jobmanager.numRestarts", kind: "counter", value: Infinity, labels: {} },
    { name: "jobmanager.Status.JVM.Memory.Heap.Used", kind: "gauge", value: 1, labels: { host: "x", "job-name": "é" } },
  ]);
  assert.equal(
    text,
    [
      "# TYPE flink_jobmanager_Status_JVM_Memory_Heap_Used gauge",
      'flink_jobmanager_Status_JVM_Memory_Heap_Used{host="a\\"b\\\\c\\nd"} 12.5',
      'flink_jobmanager_Status_JVM_Memory_Heap_Used{host="x",job_name="é"} 1',
      "# TYPE flink_jobmanager_numRestarts counter",
      "flink_jobmanager_numRestarts +Inf\n",
    ].join("\n"),
  );
});

Deno.test("the small port", async () => {
  let reason: string | undefined = "it is not registered";
  const source = {
    notReady: () => reason,
    metrics: () => [{ name: "x", kind: "gauge" as const, value: 1, labels: {} }],
  };
  const status = async (path: string) => {
    const response = answerHealth(path, source);
    return [response.status, (await response.text()).split("\n")[0]];
  };
  assert.deepEqual(await status("/livez"), [200, "ok"]);
  assert.deepEqual(await status("/readyz"), [503, "it is not registered"]);
  reason = undefined;
  assert.deepEqual(await status("/readyz"), [200, "ok"]);
  assert.deepEqual(await status("/metrics"), [200, "# TYPE flink_x gauge"]);
  assert.equal((await status("/etc/passwd"))[0], 404);

  const first = serveHealth("127.0.0.1", [0], source);
  const { port } = first.address;
  assert.throws(() => serveHealth("127.0.0.1", [port], source), { code: "TSF-4112" });
  const second = serveHealth("127.0.0.1", [port, 0], source);
  assert.notEqual(second.address.port, port);
  const response = await fetch(`http://127.0.0.1:${port}/readyz`);
  assert.equal(await response.text(), "ok\n");
  const refused = await fetch(`http://127.0.0.1:${port}/livez`, { method: "POST" });
  assert.equal(refused.status, 405);
  await refused.body?.cancel();
  await Promise.all([first.close(), second.close()]);
});

/** A process whose signals and timers the test has in its hand. */
class FakeSystem {
  readonly exits: number[] = [];
  readonly listeners = new Map<string, () => void>();
  timeout: (() => void) | undefined;
  exit(code: number): void {
    this.exits.push(code);
  }
  onSignal(signal: string, listener: () => void): void {
    this.listeners.set(signal, listener);
  }
  after(_ms: number, fn: () => void): () => void {
    this.timeout = fn;
    return () => {};
  }
}

function roleProcess() {
  const lines: string[] = [];
  const log: Log = { log: (level, message) => void lines.push(`${level} ${message}`), print: () => {} };
  const system = new FakeSystem();
  const process = new RoleProcess({ role: "taskmanager", log, shutdownTimeoutMs: 10, system });
  return { lines, system, process, signal: (name: string) => system.listeners.get(name)!() };
}

Deno.test("the first signal stops in order, last started first, and ends with 0", async () => {
  const { system, process, signal } = roleProcess();
  const order: string[] = [];
  process.onStop("a", () => void order.push("a"));
  process.onStop("b", () => {
    order.push("b");
    throw new Error("cannot");
  });
  process.onStop("c", async () => {
    await Promise.resolve();
    order.push("c");
  });
  signal("SIGTERM");
  assert(process.isEnding);
  assert.deepEqual(system.exits, []);
  for (let i = 0; i < 20; i++) await Promise.resolve();
  assert.deepEqual([order, system.exits], [["c", "b", "a"], [0]]);
});

Deno.test("a second signal ends at once; each with its own code", () => {
  for (const [name, code] of [["SIGTERM", 143], ["SIGINT", 130]] as const) {
    const { system, process, signal } = roleProcess();
    process.onStop("never ends", () => new Promise(() => {}));
    signal("SIGINT");
    assert.deepEqual(system.exits, []);
    signal(name);
    assert.deepEqual(system.exits, [code]);
  }
});

Deno.test("what does not stop in time is left; a failure keeps its code", () => {
  for (const [code, exit] of [[0, 1], [5, 5], [4, 4]] as const) {
    const { system, process, lines } = roleProcess();
    process.onStop("never ends", () => new Promise(() => {}));
    process.end(code, "why");
    process.end(1, "only the first counts");
    system.timeout!();
    assert.deepEqual(system.exits, [exit]);
    assert(lines.some((line) => line.includes("taskmanager ends: why")));
    assert(lines.some((line) => line.includes("has not stopped within 10 ms")));
  }
});

const exists = (path: string) => {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
};

Deno.test("a work directory belongs to one process", () => {
  const base = Deno.makeTempDirSync();
  const owner = { role: "taskmanager", resourceId: "a/../b", isKept: false } as const;
  const directory = WorkDirectory.take(base, owner);
  try {
    assert.equal(directory.layout.root, `${base}/taskmanager_a_.._b`);
    assert(WORK_PARTS.every((part) => exists(directory.layout[part])));
    assert.equal(Deno.lstatSync(directory.layout.root).mode! & 0o777, 0o700);
    assert.throws(() => WorkDirectory.take(base, owner), {
      code: "TSF-4110",
      message: new RegExp(`process ${Deno.pid} since`),
    });
    Deno.writeTextFileSync(`${directory.layout.spill}/run-1`, "12345");
    assert.deepEqual(directory.sizes().spill, 5);
    directory.release();
    assert(!exists(directory.layout.root));
  } finally {
    Deno.removeSync(base, { recursive: true });
  }
});

Deno.test("what a dead process has left is removed by the next; what belongs to an id somebody chose is kept", async () => {
  const base = Deno.makeTempDirSync();
  const module = new URL("./work_directory.ts", import.meta.url).href;
  // Takes two directories and is killed.
  const script = `
    import { WorkDirectory } from ${JSON.stringify(module)};
    for (const [resourceId, isKept] of [["random", false], ["chosen", true]]) {
      const { layout } = WorkDirectory.take(${JSON.stringify(base)}, { role: "taskmanager", resourceId, isKept });
      for (const part of ["spill", "localState", "tmp"]) Deno.writeTextFileSync(layout[part] + "/left", "x");
    }
    console.log("taken");
    setInterval(() => {}, 1000);`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-lock", "-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(script));
  await writer.close();
  const reader = child.stdout.getReader();
  await reader.read();
  try {
    const beside = WorkDirectory.take(base, { role: "jobmanager", resourceId: "one", isKept: true });
    assert(exists(`${base}/taskmanager_random/spill/left`), "its process lives");
    beside.release();
    child.kill("SIGKILL");
    await child.status;
    Deno.mkdirSync(`${base}/of-somebody-else`);
    const next = WorkDirectory.take(base, { role: "jobmanager", resourceId: "two", isKept: true });
    assert(!exists(`${base}/taskmanager_random`));
    assert(exists(`${base}/of-somebody-else`));
    assert(exists(`${base}/taskmanager_chosen/localState/left`));
    assert(!exists(`${base}/taskmanager_chosen/spill/left`));
    assert(!exists(`${base}/taskmanager_chosen/tmp/left`));
    // The same id again finds what was kept.
    const again = WorkDirectory.take(base, { role: "taskmanager", resourceId: "chosen", isKept: true });
    assert(exists(`${again.layout.localState}/left`));
    again.release();
    next.release();
  } finally {
    await reader.cancel();
    Deno.removeSync(base, { recursive: true });
  }
});

Deno.test("a work directory that cannot be made is refused with its path", () => {
  assert.throws(() => WorkDirectory.take("/proc/no", { role: "jobmanager", resourceId: "x", isKept: false }), {
    code: "TSF-4111",
    message: /\/proc\/no\/jobmanager_x/,
  });
});

Deno.test("log files are found by name, never by path", () => {
  const base = Deno.makeTempDirSync();
  Deno.writeTextFileSync(`${base}/role.log`, "lines");
  Deno.writeTextFileSync(`${base}/secret`, "secret");
  Deno.env.set("TSFLINK_CHILD_LOG", `${base}/role.log`);
  try {
    const text = (name: string) => {
      const bytes = readLogFile(name);
      return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
    };
    assert.equal(text("log"), "lines");
    assert.equal(text("role.log"), "lines");
    for (const name of ["", "secret", "../secret", `${base}/secret`, "stdout", "/etc/passwd", "%2e%2e/secret"]) {
      assert.equal(text(name), undefined, name);
    }
  } finally {
    Deno.env.delete("TSFLINK_CHILD_LOG");
    Deno.removeSync(base, { recursive: true });
  }
});
