import { miniCluster } from "tsflink/testing";
import { GOLDEN_JOBS } from "./jobs.ts";
import { assertPinned, sorted } from "./pinned.ts";
const PROGRAM = new URL("./golden_program.ts", import.meta.url);
const cluster = miniCluster({ workerHost: "worker_threads", spareSlots: 2 });
Deno.test.afterAll(() => cluster.close());
for (const [i, name] of Object.keys(GOLDEN_JOBS).entries()) {
  Deno.test({ name, sanitizeOps: false, sanitizeResources: false, async fn() {
    const { result } = await cluster.run(PROGRAM, { args: [name], configuration: { "parallelism.default": 1 + i % 3, "execution.runtime-mode": "BATCH", "execution.sorted-inputs.memory": i % 2 ? "1 kb" : "10 mb" } });
    assertPinned(name, sorted(await result as unknown[]));
  }});
}
