/**
 * Two hundred jobs one after the other in one process, each in fresh threads: memory and threads stay what they were.
 *
 * @module
 */

import assert from "node:assert/strict";

interface Sample {
  readonly rssMb: number;
  readonly heapMb: number;
  readonly threads: number;
}

const JOBS = 200;
const SAMPLES = 8;
const TIMEOUT_MS = 100_000;

Deno.test({
  name: `${JOBS} jobs in slots leave memory and threads as they were`,
  ignore: Deno.build.os !== "linux", // the threads of a process are counted in /proc
  async fn() {
    const program = new URL("./testdata/many_jobs_in_slots.ts", import.meta.url);
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "--frozen", "--v8-flags=--expose-gc", program.href, `${JOBS}`, `${SAMPLES}`],
      cwd: new URL("../../", import.meta.url),
      // What the allocator keeps for each thread that has been would hide what is really kept.
      env: { MALLOC_ARENA_MAX: "1", NO_COLOR: "1" },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    const { taken, closed } = JSON.parse(new TextDecoder().decode(stdout)) as { taken: Sample[]; closed: Sample };
    // Compiled code and pools grow first. Every run also leaves a copy of the main module: some 10 KB of heap.
    const warm = taken[1];
    const last = taken.at(-1)!;
    const figures = JSON.stringify(taken);
    assert.ok(last.rssMb < 1.2 * warm.rssMb, figures);
    assert.ok(last.heapMb < warm.heapMb + (JOBS * 20) / 1024, figures);
    assert.ok(last.threads <= warm.threads + 1, figures);
    assert.ok(closed.threads <= warm.threads, figures);
  },
});
