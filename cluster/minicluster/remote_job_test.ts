import assert from "node:assert/strict";
import { fromTransferable } from "../../runtime/seams/error_transfer.ts";
import { program } from "../../runtime/program/testdata/two_runs.ts";
import type { FlinkError } from "../../runtime/errors.ts";
import type { RemoteJob } from "../jobmaster/remote_job.ts";
import type { JobResult, JobStateName } from "../rpc/cluster_info.ts";
import { rowsOf, WholeCluster } from "./testdata/whole_cluster.ts";

/** A module of plain JavaScript, as a bundle is; `main` is the body of its main(). */
function job(main: string, top = ""): string {
  const path = new URL(program(main, top)).pathname;
  const plain = path.replace(/ts$/, "mjs");
  Deno.renameSync(path, plain);
  return `file://${plain}`;
}

async function withCluster(
  body: (cluster: WholeCluster) => Promise<void>,
  { taskManagers = 2, slots = 1 } = {},
): Promise<void> {
  const cluster = await WholeCluster.start(taskManagers, slots);
  try {
    await body(cluster);
    assert.deepEqual(cluster.log.messages("error"), []);
  } finally {
    await cluster.close();
  }
}

function errorOf({ error }: JobResult): FlinkError {
  return fromTransferable(error!) as FlinkError;
}

async function until(what: () => boolean, limitMs = 20_000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!what()) {
    assert.ok(performance.now() < end, `${what} did not come true`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
/** Resolves when all subtasks run. */
const running = (job: RemoteJob) =>
  until(() => job.details().vertices.every(({ subtasks }) => subtasks.every(({ state }) => state === "RUNNING")));

/** Waits in a function until a file is there. */
const GATE = `
const gate = (path) => {
  for (;;) {
    try { Deno.statSync(path); return; } catch { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5); }
  }
};`;
let files = 0;
const newFile = () => `${Deno.makeTempDirSync({ prefix: "tsflink-gate-" })}/gate${files++}`;

const COUNT = `env.fromData("a", "b", "a", "c", "b", "a").map((word) => ({ word, n: 1 })).keyBy((r) => r.word)
    .reduce((x, y) => ({ word: x.word, n: x.n + y.n })).map((r) => r.word + r.n).executeAndCollect();`;
const ROWS = ["a1", "a2", "a3", "b1", "b2", "c1"];
/** Threads of slots end in their own time. */
const OPTIONS = { sanitizeResources: false, sanitizeOps: false };
const AGAIN = { "restart-strategy.type": "fixed-delay", "restart-strategy.fixed-delay.delay": "10 ms" };

Deno.test("a keyed word count over two TaskManagers: rows, states, places, and nothing is left", OPTIONS, async () => {
  await withCluster(async (cluster) => {
    const job1 = await cluster.submit(job(`env.setParallelism(2); await ${COUNT}`));
    assert.deepEqual((await rowsOf(job1, "dataStreamCollect_6")).toSorted(), ROWS);
    const result = await job1.result;
    assert.deepEqual([result.state, result.error], ["FINISHED", undefined]);
    const { vertices, state, numRestarts, endTime } = job1.details();
    assert.deepEqual([state, numRestarts, endTime === result.endTime], ["FINISHED", 0, true]);
    const subtasks = vertices.flatMap((vertex) => vertex.subtasks);
    assert.deepEqual([...new Set(subtasks.map((s) => s.location?.taskManagerId))].toSorted(), ["tm-1", "tm-2"]);
    for (const { timestamps, state } of subtasks) {
      assert.equal(state, "FINISHED");
      const order = ["SCHEDULED", "DEPLOYING", "INITIALIZING", "RUNNING", "FINISHED"] as const;
      const times = order.map((each) => timestamps[each]!);
      assert.deepEqual(times, times.toSorted((a, b) => a - b));
    }
    await until(() => cluster.resourceManager.overview().slotsAvailable === 2);
    for (const { executor } of cluster.taskManagers) assert.equal(executor.status.slots.every((s) => !s.jobId), true);
  });
});

Deno.test("what a function throws fails the job with its place, once", OPTIONS, async () => {
  await withCluster(async (cluster) => {
    const failing = await cluster.submit(
      job(`env.fromData(1).map(() => { throw new Error("no"); }).name("parse").print(); await env.execute("x");`),
    );
    const result = await failing.result;
    assert.equal(result.state, "FAILED");
    assert.match(errorOf(result).message, /no[^]*parse/);
    const { exceptions, state } = failing.details();
    assert.deepEqual([exceptions.length, state], [1, "FAILED"]);
    assert.match(exceptions[0].taskName!, /parse.*\(1\/1\)/);
    assert.match(exceptions[0].taskManagerId!, /^tm-[12]$/);
  });
});

Deno.test(
  "a TaskManager that is killed: the job runs again elsewhere, rows and accumulators count once",
  OPTIONS,
  async () => {
    await withCluster(async (cluster) => {
      const gate = newFile();
      const job1 = await cluster.submit(
        job(
          `env.setParallelism(2);
        await env.fromSequence(1, 1000).keyBy((n) => n % 10).map((n) => { if (n > 900) gate("${gate}"); return n; })
          .executeAndCollect();`,
          GATE,
        ),
        { configuration: AGAIN },
      );
      const rows = rowsOf(job1, job1.details().vertices.length === 0 ? "" : await collectOf(job1));
      await running(job1);
      const victim = job1.details().vertices[0].subtasks[0].location!.taskManagerId;
      const killed = cluster.kill(cluster.taskManagers.find(({ id }) => id === victim)!);
      await until(() => job1.state === "RESTARTING" || job1.details().numRestarts === 1);
      Deno.writeTextFileSync(gate, "");
      assert.deepEqual(
        (await rows).toSorted((a, b) => Number(a) - Number(b)),
        Array.from({ length: 1000 }, (_, i) => i + 1),
      );
      await killed;
      const { exceptions, numRestarts, vertices, state } = job1.details();
      assert.deepEqual([state, numRestarts], ["FINISHED", 1]);
      assert.deepEqual(new Set(vertices.flatMap((v) => v.subtasks.map((s) => s.attemptNumber))), new Set([1]));
      assert.ok(vertices.every((v) => v.subtasks.every((s) => s.location?.taskManagerId !== victim)));
      assert.match(JSON.stringify(exceptions[0].error), new RegExp(`TSF-5223[^]*${victim}`));
    }, { taskManagers: 3 });
  },
);

async function collectOf(job: RemoteJob): Promise<string> {
  try {
    await job.collect("?", 0);
  } catch (error) {
    return (error as FlinkError).expected!;
  }
  return assert.fail("there is no sink of that name");
}

Deno.test("no slots in time: the error says how many are needed and there", OPTIONS, async () => {
  await withCluster(async (cluster) => {
    const waiting = await cluster.submit(job(`env.setParallelism(3); await ${COUNT}`), {
      limits: { requestTimeoutMs: 300 },
    });
    const result = await waiting.result;
    assert.equal(result.state, "FAILED");
    const error = errorOf(result);
    assert.equal(error.code, "TSF-5226");
    assert.match(error.message, /3 slots[^]*2 \(the cluster has 2 slots in 2 TaskManagers/);
    await until(() => cluster.resourceManager.overview().slotsAvailable === 2);
  });
});

Deno.test("a job waits for its slots, and goes on when a TaskManager comes", OPTIONS, async () => {
  await withCluster(async (cluster) => {
    const waiting = await cluster.submit(job(`env.setParallelism(2); await ${COUNT}`));
    const rows = rowsOf(waiting, "dataStreamCollect_6");
    await until(() => waiting.state === "RUNNING");
    const states = waiting.details().vertices.flatMap((v) => v.subtasks.map((s) => s.state));
    assert.deepEqual(new Set(states), new Set(["SCHEDULED"]));
    await cluster.addTaskManager(1);
    assert.deepEqual((await rows).toSorted(), ROWS);
  }, { taskManagers: 1 });
});

Deno.test("cancel and suspend: at once, while it waits for slots, while it runs", OPTIONS, async (t) => {
  const moments: Record<string, (job: RemoteJob) => Promise<void>> = {
    "at once": () => Promise.resolve(),
    "waiting for slots": (job) => until(() => job.state === "RUNNING"),
    running,
  };
  const ends: Record<string, [(job: RemoteJob) => unknown, JobStateName]> = {
    cancel: [(job) => job.cancel(), "CANCELED"],
    suspend: [(job) => job.suspend(new Error("stop")), "SUSPENDED"],
  };
  await withCluster(async (cluster) => {
    for (const [when, moment] of Object.entries(moments)) {
      for (const [what, [end, state]] of Object.entries(ends)) {
        await t.step(`${what} ${when}`, async () => {
          const parallelism = when === "waiting for slots" ? 5 : 2;
          const running = await cluster.submit(job(`env.setParallelism(${parallelism});
            env.fromSequence(1, 1e12).keyBy((n) => n % 3).filter((n) => n < 0).print(); await env.execute("x");`));
          await moment(running);
          void end(running);
          assert.equal((await running.result).state, state);
          assert.equal(running.details().state, state);
          await until(() => cluster.resourceManager.overview().slotsAvailable === 2);
        });
      }
    }
  });
});

Deno.test(
  "a main() that builds something else beside the JobMaster is refused, and its slots go back",
  OPTIONS,
  async () => {
    await withCluster(async (cluster) => {
      const other = await cluster.submit(job(`await ${COUNT}`), {
        change: (job) => ({ ...job, planFingerprint: [...job.planFingerprint.slice(0, -1), "another"] }),
      });
      assert.equal(errorOf(await other.result).code, "TSF-1231");
      const wider = await cluster.submit(job(`await ${COUNT}`), {
        change: (job) => ({
          ...job,
          plan: { ...job.plan, vertices: job.plan.vertices.map((vertex) => ({ ...vertex, parallelism: 7 })) },
        }),
      });
      assert.equal(errorOf(await wider.result).code, "TSF-5229");
    });
  },
);

const MOD = new URL("../../mod.ts", import.meta.url).href;
/** A source of 1 and 2; `bad` is what its enumerator does in its first attempt: that is the one that finds no file. */
const unsteady = (bad: string) =>
  job(
    `const source = defineSource({
      boundedness: "bounded",
      splits: () => {
        if (isFirst("${newFile()}")) { ${bad} }
        return [1, 2];
      },
      async *open(split, position) { if (position === undefined) yield { records: [split], position: 1 }; },
    });
    await env.fromSource(source, WatermarkStrategy.noWatermarks(), "unsteady").executeAndCollect();`,
    `import { defineSource, WatermarkStrategy } from "${MOD}";
    const isFirst = (path) => {
      try { Deno.statSync(path); return false; } catch { Deno.writeTextFileSync(path, ""); return true; }
    };`,
  );

Deno.test(
  "a split enumerator that throws, spins or exits fails its job by the strategy, never the JobManager",
  OPTIONS,
  async (t) => {
    const bads: [string, RegExp][] = [
      [`throw new Error("no splits");`, /no splits/],
      ["for (;;);", /TSF-5221[^]*nothing has moved/],
      ["Deno.exit(3);", /Deno.exit/],
    ];
    await withCluster(async (cluster) => {
      for (const [bad, expected] of bads) {
        await t.step(bad, async () => {
          const limits = { coordinatorTimeoutMs: 3000 };
          const failing = await cluster.submit(unsteady(bad), { limits });
          const result = await failing.result;
          assert.equal(result.state, "FAILED");
          assert.match(errorOf(result).message, expected);
          const again = await cluster.submit(unsteady(bad), { limits, configuration: AGAIN });
          assert.deepEqual((await rowsOf(again, await collectOf(again))).toSorted(), [1, 2]);
          assert.deepEqual([(await again.result).state, again.details().numRestarts], ["FINISHED", 1]);
        });
      }
    });
  },
);

Deno.test("two regions: the one that fails runs again, the other one goes on; shared slots", OPTIONS, async () => {
  await withCluster(async (cluster) => {
    const [gate, first] = [newFile(), newFile()];
    const two = await cluster.submit(
      job(
        `env.setParallelism(2);
        env.fromSequence(1, 10).keyBy((n) => n % 2).map((n) => {
          try { Deno.statSync("${first}"); } catch { Deno.writeTextFileSync("${first}", ""); throw new Error("once"); }
          return n;
        }).name("shaky").sinkTo(new DiscardingSink());
        env.fromSequence(1, 10).keyBy((n) => n % 2).map((n) => { gate("${gate}"); return n; }).name("steady")
          .sinkTo(new DiscardingSink());
        await env.execute("x");`,
        GATE,
      ),
      { configuration: AGAIN },
    );
    const attempts = (name: string) =>
      two.details().vertices.filter((v) => v.name.includes(name)).flatMap((v) =>
        v.subtasks.map((s) => s.attemptNumber)
      );
    await until(() => attempts("shaky").every((attempt) => attempt === 1) && two.state === "RUNNING");
    assert.deepEqual(new Set(attempts("steady")), new Set([0]));
    assert.equal(cluster.resourceManager.overview().slotsAvailable, 0);
    Deno.writeTextFileSync(gate, "");
    assert.equal((await two.result).state, "FINISHED");
    assert.deepEqual(new Set(attempts("steady")), new Set([0]));
  });
});

Deno.test("a BATCH job: its regions one after the other, in slots that are kept", OPTIONS, async () => {
  await withCluster(async (cluster) => {
    const batch = await cluster.submit(job(`env.setRuntimeMode("BATCH"); env.setParallelism(2); await ${COUNT}`));
    assert.deepEqual((await rowsOf(batch, "dataStreamCollect_6")).toSorted(), ["a3", "b2", "c1"]);
    assert.equal((await batch.result).state, "FINISHED");
  });
});

Deno.test("jobs that are cancelled at any moment, two at once, leave nothing behind", OPTIONS, async () => {
  await withCluster(async (cluster) => {
    const url = job(`env.setParallelism(1);
      env.fromSequence(1, 1e12).keyBy((n) => n % 3).filter((n) => n < 0).print(); await env.execute("x");`);
    for (let round = 0; round < 10; round++) {
      const two = [await cluster.submit(url), await cluster.submit(url)];
      await new Promise((resolve) => setTimeout(resolve, round * 40));
      for (const each of two) each.cancel();
      for (const each of two) assert.equal((await each.result).state, "CANCELED");
    }
    await until(() => cluster.resourceManager.overview().slotsAvailable === 2);
    for (const { executor } of cluster.taskManagers) {
      await until(() => executor.status.slots.every(({ jobId }) => jobId === undefined));
    }
    const last = await cluster.submit(job(`env.setParallelism(2); await ${COUNT}`));
    assert.deepEqual((await rowsOf(last, "dataStreamCollect_6")).toSorted(), ROWS);
  });
});
