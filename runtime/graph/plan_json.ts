/**
 * The two forms in which Flink shows a plan as JSON: the StreamGraph, one node per operator, as getExecutionPlan()
 * prints it; and the JobGraph, one node per vertex, as the REST API and the web UI show it.
 *
 * @module
 */

import type { JobTopology, PlanEdge, PlanVertex } from "./job_plan.ts";
import type { StreamGraph, StreamNode } from "./stream_graph.ts";
import type { ShipStrategy } from "./stream_partitioner.ts";

/** A node of {@link StreamGraphPlan}. */
export interface StreamGraphPlanNode {
  readonly id: number;
  /** The name. */
  readonly type: string;
  readonly pact: "Data Source" | "Data Sink" | "Operator";
  /** The description. */
  readonly contents: string;
  readonly parallelism: number;
  /** Absent on sources. */
  readonly predecessors?: readonly {
    readonly id: number;
    readonly ship_strategy: ShipStrategy;
    /** Always "second"; Flink counts after adding. */
    readonly side: "second";
  }[];
}
/** What getExecutionPlan() prints. */
export interface StreamGraphPlan {
  readonly nodes: readonly StreamGraphPlanNode[];
}

/** The StreamGraph as an object; legacy sinks last. */
export function streamGraphPlan(graph: StreamGraph): StreamGraphPlan {
  const last = (node: StreamNode): number => node.kind === "sink" ? 1 : 0;
  const nodes = [...graph.nodes].sort((left, right) => last(left) - last(right) || left.id - right.id);
  return { nodes: nodes.map(streamGraphPlanNode) };
}

function streamGraphPlanNode(node: StreamNode): StreamGraphPlanNode {
  const { id, name, kind, description, parallelism, inEdges } = node;
  const source = kind === "source" || kind === "legacySource";
  const plan: StreamGraphPlanNode = {
    id,
    type: name,
    pact: source ? "Data Source" : kind === "sink" ? "Data Sink" : "Operator",
    contents: description,
    parallelism,
  };
  if (source) return plan;
  const predecessors = inEdges.map((edge) => ({
    id: edge.source.id,
    ship_strategy: edge.partitioner.strategy,
    side: "second" as const,
  }));
  return { ...plan, predecessors };
}

/** The text that getExecutionPlan() returns, laid out as Flink's. */
export function streamGraphPlanText(graph: StreamGraph): string {
  return prettyJson(streamGraphPlan(graph), "");
}

/** A node of {@link JobPlan}. */
export interface JobPlanNode {
  readonly id: string;
  readonly operator: string;
  readonly parallelism: number;
  readonly operator_strategy: string;
  /** Escaped for HTML, `<br/>` between lines. */
  readonly description: string;
  readonly optimizer_properties: Readonly<Record<string, never>>;
  /** Absent without inputs. */
  readonly inputs?: readonly {
    readonly num: number;
    readonly id: string;
    readonly ship_strategy: ShipStrategy;
    /** "pipelined_bounded" or "blocking". */
    readonly exchange: string;
  }[];
}
/** The plan of a job in REST. */
export interface JobPlan {
  readonly jid: string;
  readonly name: string;
  readonly type: "STREAMING" | "BATCH";
  readonly nodes: readonly JobPlanNode[];
}

/**
 * The JobGraph as REST shows it.
 *
 * @param jobId 32 hex digits; zeros while there is none.
 */
export function jobPlan(graph: JobTopology, jobId: string = "0".repeat(32)): JobPlan {
  return { jid: jobId, name: graph.name, type: graph.type, nodes: graph.vertices.map(jobPlanNode) };
}

function jobPlanNode(vertex: PlanVertex): JobPlanNode {
  const node: JobPlanNode = {
    id: vertex.id,
    operator: "",
    parallelism: vertex.parallelism,
    operator_strategy: "",
    description: escapeHtml(vertex.description),
    optimizer_properties: {},
  };
  return vertex.inputs.length === 0 ? node : { ...node, inputs: vertex.inputs.map(jobPlanInput) };
}

function jobPlanInput(edge: PlanEdge, num: number): NonNullable<JobPlanNode["inputs"]>[number] {
  return {
    num,
    id: edge.sourceVertexId,
    ship_strategy: edge.shipStrategyName,
    exchange: edge.resultPartitionType.toLowerCase(),
  };
}

/** What the web UI puts into a page as it is. */
function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("\n", "<br/>")
    .replaceAll("\\", "&#92;");
}

/** The layout of Flink's JSON library: " : " behind keys, the items of an array behind each other. */
function prettyJson(value: unknown, indent: string): string {
  if (Array.isArray(value)) {
    return value.length === 0 ? "[ ]" : `[ ${value.map((item) => prettyJson(item, indent)).join(", ")} ]`;
  }
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  const fields = Object.entries(value).map(([key, item]) =>
    `${inner}${JSON.stringify(key)} : ${prettyJson(item, inner)}`
  );
  return fields.length === 0 ? "{ }" : `{\n${fields.join(",\n")}\n${indent}}`;
}
