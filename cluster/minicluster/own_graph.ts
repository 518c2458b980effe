/**
 * The graph with functions behind the topology of a local job.
 *
 * @module
 */

import { invariant } from "../../runtime/errors.ts";
import { JobGraph } from "../../runtime/graph/job_graph.ts";
import type { JobTopology } from "../../runtime/graph/job_plan.ts";

/** @throws BugError when the topology was not built in this isolate. */
export function ownGraph(topology: JobTopology): JobGraph {
  invariant(topology instanceof JobGraph, "a local job has its graph in this isolate");
  return topology;
}
