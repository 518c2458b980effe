/**
 * The first run of the script named by the first argument in a process of its own, then each of its jobs in a thread. The
 * executor only takes plans. Writes what a test compares: one line of JSON.
 */
import { bindHost } from "../../api/host_binding.ts";
import { JobExecutionResult } from "../../api/job_client.ts";
import { hostConnectors } from "../../connectors/host_connectors.ts";
import { generateJobGraph } from "../../graph/job_graph_generator.ts";
import { planFingerprint } from "../../graph/plan_hash.ts";
import type { StreamGraph } from "../../graph/stream_graph.ts";
import { runMain } from "../main_module.ts";
import { ProgramRecorder } from "../recorder.ts";

const [url] = Deno.args;
const args = ["--mode", "x", "y"];
const recorder = new ProgramRecorder({ url, args, configuration: {}, log: { log: console.error, print: () => {} } });
const graphs: StreamGraph[] = [];
bindHost({
  executor: () =>
    recorder.executor(() =>
      Promise.resolve({
        execute(graph, { executionOrdinal }) {
          graphs.push(graph);
          const jobId = `job ${executionOrdinal}`;
          return Promise.resolve({
            getJobID: () => jobId,
            getJobStatus: () => Promise.resolve("FINISHED" as const),
            cancel: () => Promise.resolve(),
            getJobExecutionResult: () => Promise.resolve(new JobExecutionResult(jobId, 1)),
            getAccumulators: () => Promise.resolve({}),
          });
        },
      })
    ),
  connectors: hostConnectors,
  args: () => args,
  program: recorder,
});
await runMain(url, () => graphs.length);
recorder.stop("main() has ended");
const [first, ...again] = await Promise.all([
  graphs.map((graph) => planFingerprint(generateJobGraph(graph))),
  ...[0, 1, 1].map((ordinal) => inThread(ordinal)),
]);
console.log(JSON.stringify({ first, again }));

function inThread(ordinal: number): Promise<unknown> {
  const worker = new Worker(new URL("slot_worker.ts", import.meta.url), { type: "module" });
  return new Promise((resolve) => {
    worker.onmessage = ({ data }) => {
      worker.terminate();
      resolve(data);
    };
    worker.postMessage(recorder.descriptor(ordinal));
  });
}
