/**
 * How long a slot takes from spawnSlot() to the first message of its main function, cold and from an isolate started
 * ahead: `deno run -A runtime/seams/system/testdata/measure_slot_start.ts [repeats]`.
 */

import type { WorkerHost } from "../../worker_host.ts";
import { nodeWorkerHost } from "../node_worker_host.ts";
import type { ThreadHostOptions } from "../thread_host.ts";
import { webWorkerHost } from "../web_worker_host.ts";

const repeats = Number(Deno.args[0] ?? 20);
const HEAP_MB = 256;

/** From the start of a slot to its first message, in ms; resolves when it has ended. */
async function start(host: WorkerHost): Promise<number> {
  const startMs = performance.now();
  let tookMs = NaN;
  await new Promise<void>((resolve) =>
    host.spawnSlot({ name: "slot", heapMb: HEAP_MB, data: { what: "echo", payload: 0 } }, {
      onMessage: () => tookMs = performance.now() - startMs,
      onEnd: () => resolve(),
    })
  );
  return tookMs;
}

function summary(times: number[]): string {
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.floor((times.length - 1) * share)].toFixed(1);
  return `median ${at(0.5)} ms, p90 ${at(0.9)}, worst ${at(1)}, best ${at(0)}`;
}

for (const entry of ["slot_entry.ts", "task_entry.ts"]) {
  const hosts = [["worker_threads", nodeWorkerHost], ["web", webWorkerHost]] as const;
  for (const [kind, hostOf] of hosts) {
    let onSpare = () => {};
    const options: ThreadHostOptions = {
      entry: new URL(entry, import.meta.url),
      stopTimeoutMs: 1000,
      heapMb: HEAP_MB,
      onSpare: () => onSpare(),
    };
    const host = hostOf(options);
    const cold: number[] = [];
    const readyMs: number[] = [];
    const warm: number[] = [];
    for (let i = 0; i < repeats; i++) {
      cold.push(await start(host));
      const hold = setInterval(() => {}, 1000);
      const startMs = performance.now();
      await new Promise<void>((resolve) => {
        onSpare = resolve;
        host.prewarm(1);
      });
      clearInterval(hold);
      readyMs.push(performance.now() - startMs);
      warm.push(await start(host));
    }
    console.log(`${entry} ${kind}: cold ${summary(cold)}`);
    console.log(`${entry} ${kind}: isolate ready ${summary(readyMs)}`);
    console.log(`${entry} ${kind}: from it ${summary(warm)}`);
  }
}
