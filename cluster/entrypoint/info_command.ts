/**
 * `tsflink info job.ts`: the plan of a job, without running it.
 *
 * @module
 */

import { Configuration } from "../../runtime/api/configuration.ts";
import { bindHost, type HostConnectors } from "../../runtime/api/host_binding.ts";
import type { PipelineExecutor } from "../../runtime/api/executor.ts";
import { generateJobGraph } from "../../runtime/graph/job_graph_generator.ts";
import { jobGraphMermaid } from "../../runtime/graph/mermaid.ts";
import { jobPlan, streamGraphPlanText } from "../../runtime/graph/plan_json.ts";
import type { StreamGraph } from "../../runtime/graph/stream_graph.ts";
import { importableUrl, runMain } from "./job_module.ts";

/** What the command line says. */
export interface InfoCommandOptions {
  readonly job: string;
  readonly args: readonly string[];
  readonly configuration: Readonly<Record<string, string>>;
  readonly parallelism?: number;
  /** "json" = the plan of the stream graph as Flink's `info` prints it; "job" = that of the job graph, as in REST. */
  readonly format: "json" | "job" | "mermaid";
  readonly connectors: HostConnectors;
}

/** The plan of the first execute() of the program. @throws InvalidProgramError as `tsflink local` would. */
export async function infoCommand(options: InfoCommandOptions): Promise<string> {
  const url = await importableUrl(options.job);
  const values = {
    ...(options.parallelism === undefined ? {} : { "parallelism.default": options.parallelism }),
    ...options.configuration,
  };
  Configuration.from(values);
  const captured = Promise.withResolvers<StreamGraph>();
  let executions = 0;
  const executor: PipelineExecutor = {
    execute(graph) {
      captured.resolve(graph);
      // The program waits here for ever; the plan is all that is wanted.
      return new Promise(() => {});
    },
  };
  bindHost({
    executor: () => {
      executions++;
      return Promise.resolve(executor);
    },
    connectors: options.connectors,
    args: () => options.args,
    configuration: () => values,
  });
  const main = runMain(url, () => executions).then(() => captured.promise);
  return render(await Promise.race([captured.promise, main]), options.format);
}

function render(graph: StreamGraph, format: InfoCommandOptions["format"]): string {
  if (format === "json") return streamGraphPlanText(graph);
  const jobGraph = generateJobGraph(graph);
  return format === "mermaid" ? jobGraphMermaid(jobGraph) : JSON.stringify(jobPlan(jobGraph), undefined, 2);
}
