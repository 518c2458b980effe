/**
 * Local jobs in slots as a user sees them: how much faster a CPU-bound job is at parallelism 2 than at 1, and how long
 * HTTP requests of an async operator take while its slot is fully busy. Every run is a process of its own; the runs of
 * the two parallelisms take turns, so that a busy machine disturbs both alike.
 *
 * Run: deno run -A bench/micro/slots.ts [runs]
 *
 * @module
 */

const ROOT = new URL("../../", import.meta.url).pathname;
const RUNS = Number(Deno.args[0] ?? 5);
const REQUESTS = 500;

const CPU_JOB = `
import { StreamExecutionEnvironment } from "tsflink";
const env = StreamExecutionEnvironment.getExecutionEnvironment();
env.fromSequence(1, 2_000_000).map((n) => {
  let x = n | 0;
  for (let i = 0; i < 1500; i++) x = (Math.imul(x, 31) + i) | 0;
  return x;
}).filter((x) => x === 1).print();
console.log((await env.execute()).getNetRuntime());
`;

const HTTP_JOB = `
import { StreamExecutionEnvironment } from "tsflink";
const env = StreamExecutionEnvironment.getExecutionEnvironment();
const { url, requests } = env.args.parse({ url: "", requests: 0 });
env.fromSequence(1, 1_000_000).map((n) => {
  let x = n | 0;
  for (let i = 0; i < 1500; i++) x = (Math.imul(x, 31) + i) | 0;
  return x;
}).filter((x) => x === 1).print();
env.fromSequence(1, requests).asyncMap(async () => {
  const startMs = performance.now();
  await (await fetch(url)).text();
  return performance.now() - startMs;
}, { capacity: 2 }).print();
await env.execute();
`;

const directory = Deno.makeTempDirSync({ prefix: "tsflink-bench-" });

/** Numbers that the job prints. */
async function run(code: string, options: readonly string[], args: readonly string[] = []): Promise<number[]> {
  const job = `${directory}/job.ts`;
  Deno.writeTextFileSync(job, code);
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--quiet",
      "--config",
      `${ROOT}deno.json`,
      `${ROOT}cli.ts`,
      "local",
      "-q",
      ...options,
      job,
      ...args,
    ],
    stdout: "piped",
    stderr: "inherit",
  }).output();
  if (!success) throw new Error("the job failed");
  return new TextDecoder().decode(stdout).trim().split("\n").map((line) => Number(line.replace(/^\d+> /, "")));
}

const sorted = (numbers: readonly number[]): number[] => [...numbers].sort((a, b) => a - b);
const load = (): string => Deno.loadavg()[0].toFixed(1);

async function measureSpeed(): Promise<void> {
  const times: Record<1 | 2, number[]> = { 1: [], 2: [] };
  for (let i = 0; i < RUNS; i++) {
    for (const parallelism of [1, 2] as const) {
      times[parallelism].push(...await run(CPU_JOB, ["-p", `${parallelism}`]));
    }
    console.log(`CPU-bound, ms: p1 ${times[1][i]}, p2 ${times[2][i]} (load ${load()})`);
  }
  const [one, two] = [sorted(times[1]), sorted(times[2])];
  const middle = RUNS >> 1;
  console.log(
    `p2 against p1: best ${(one[0] / two[0]).toFixed(2)}x, median ${(one[middle] / two[middle]).toFixed(2)}x`,
  );
}

async function measureRequests(): Promise<void> {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => new Response("ok"));
  const args = ["--url", `http://127.0.0.1:${server.addr.port}/`, "--requests", `${REQUESTS}`];
  for (let i = 0; i < RUNS; i++) {
    const ms = sorted(await run(HTTP_JOB, ["-p", "1"], args));
    const at = (part: number) => ms[Math.floor(ms.length * part)].toFixed(1);
    console.log(`${ms.length} requests beside full load, ms: p50 ${at(0.5)}, p99 ${at(0.99)} (load ${load()})`);
  }
  await server.shutdown();
}

try {
  await measureSpeed();
  await measureRequests();
} finally {
  Deno.removeSync(directory, { recursive: true });
}
