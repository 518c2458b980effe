/**
 * A fingerprint of a plan: one line per fact (node, chain, edge, key rule, user function) and a hash over the lines.
 * Every slot builds the plan again from the same code and compares; a main() that builds two different plans is found
 * by the first line that differs. Parallelism is left out: it comes from the deployment and never re-chains.
 *
 * The texts of tsflink's own functions are part of it where a job uses them, and a bundle writes them in another way than
 * the sources. So the last line tells how functions are written, and where that differs texts are not compared.
 *
 * @module
 */

import { murmur3_128 } from "../types/murmur3.ts";
import type { ChainedOperator, JobGraph, JobVertex } from "./job_graph.ts";

/** The facts of a plan, in an order that depends on the plan only. */
export function planFingerprint(graph: JobGraph): readonly string[] {
  const lines = [`job ${JSON.stringify(graph.name)} ${graph.type}`];
  for (const vertex of graph.verticesTopologically) lines.push(...vertexLines(vertex));
  return [...lines, writtenLine()];
}

const WRITTEN = "written ";

/** Equal for copies of tsflink that have the same text. */
function writtenLine(): string {
  return WRITTEN + murmur3_128(new TextEncoder().encode(String(describeObject))).toHex().slice(0, 8);
}

/** Begins the text of a function. */
const TEXT = "\u0192";

function withoutTexts(line: string): string {
  return line.startsWith(WRITTEN) ? WRITTEN : line.replaceAll(/\u0192"(?:[^"\\]|\\.)*"/g, TEXT);
}

/** 32 hex digits over {@link planFingerprint}. */
export function planHash(graph: JobGraph): string {
  return murmur3_128(new TextEncoder().encode(planFingerprint(graph).join("\n"))).toHex();
}

/** The first line in which two fingerprints differ; undefined when they are equal. */
export function firstPlanDifference(
  expected: readonly string[],
  found: readonly string[],
): { readonly expected: string; readonly found: string } | undefined {
  const length = Math.max(expected.length, found.length);
  const isAlike = expected.at(-1) === found.at(-1);
  const compared = (line: string | undefined) => isAlike || line === undefined ? line : withoutTexts(line);
  for (let index = 0; index < length; index++) {
    if (compared(expected[index]) === compared(found[index])) continue;
    return { expected: expected[index] ?? "nothing more", found: found[index] ?? "nothing more" };
  }
  return undefined;
}

function vertexLines(vertex: JobVertex): string[] {
  const lines = [
    `vertex ${vertex.id} ${JSON.stringify(vertex.name)} max ${vertex.configuredMaxParallelism} slots ${
      JSON.stringify(vertex.slotSharingGroup.name)
    }`,
  ];
  for (const operator of vertex.chain) lines.push(...operatorLines(operator));
  for (const edge of vertex.inputs) {
    const { keyHashRule, keySelector, custom } = edge.partitioner;
    lines.push(
      `  input ${edge.targetInput} from ${edge.sourceVertexId} output ${edge.sourceOutputIndex} ${edge.shipStrategyName}` +
        ` ${edge.resultPartitionType} tag ${JSON.stringify(edge.sideOutputTag ?? null)} rule ${keyHashRule ?? "auto"}` +
        ` key ${sourceText(keySelector)} partitioner ${sourceText(custom)}`,
    );
  }
  return lines;
}

function operatorLines(operator: ChainedOperator): string[] {
  const uid = JSON.stringify(operator.uid ?? null);
  const edges = operator.chainedEdges.map((edge) => `${edge.target}.${edge.targetInput}.${edge.sideOutputTag ?? ""}`);
  return [
    `  operator ${operator.operatorId} ${JSON.stringify(operator.name)} uid ${uid} hash ${
      operator.userDefinedOperatorId ?? "-"
    } edges ${JSON.stringify(edges)}`,
    ...operator.keySelectors.map((selector, input) =>
      `    key ${input} rule ${operator.keyHashRule ?? "auto"} ${sourceText(selector)}`
    ),
    ...(operator.factory.functions ?? []).map((fn) => `    function ${sourceText(fn)}`),
  ];
}

/**
 * What can be told about a user function without calling it: its text, or for an object the text of its class and its
 * own fields. Values that code cannot produce twice alike (open handles, say) do not occur in a recorded main().
 */
function sourceText(value: unknown): string {
  return describe(value, new Set());
}

function describe(value: unknown, open: Set<unknown>): string {
  if (typeof value === "function") return TEXT + JSON.stringify(value.toString());
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "symbol") return value.toString();
  if (Object.is(value, -0)) return "-0";
  if (typeof value === "number") return String(value);
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "-";
  if (open.has(value)) return "cycle";
  open.add(value);
  const text = describeObject(value, open);
  open.delete(value);
  return text;
}

function describeObject(value: object, open: Set<unknown>): string {
  if (Array.isArray(value)) return `[${value.map((item) => describe(item, open)).join(",")}]`;
  if (value instanceof Date) return `Date ${value.getTime()}`;
  if (value instanceof RegExp) return `RegExp ${value}`;
  if (value instanceof Map || value instanceof Set) {
    return `${value.constructor.name} ${describe([...value], open)}`;
  }
  if (ArrayBuffer.isView(value)) return `${value.constructor.name} ${describe([...bytesOf(value)], open)}`;
  const prototype = Object.getPrototypeOf(value);
  const made = prototype === Object.prototype || prototype === null
    ? ""
    : TEXT + JSON.stringify(String(prototype.constructor));
  const fields = Object.keys(value).sort().map((key) =>
    `${JSON.stringify(key)}:${describe(readField(value, key), open)}`
  );
  return `${made}{${fields.join(",")}}`;
}

/** A getter is described by its text: calling it would run user code. */
function readField(value: object, key: string): unknown {
  const property = Object.getOwnPropertyDescriptor(value, key);
  return property?.get ?? property?.value;
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}
