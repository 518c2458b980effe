/**
 * Translates transformations into the StreamGraph. Each transformation is translated once, after its inputs, and
 * answers with the ids (nodes or virtual nodes) that stand for its output. Called by the environment for plans and for
 * execution; the ids it uses up are given back, so that a plan printed before execute() changes nothing.
 *
 * @module
 */

import { BugError, InvalidProgramError, userFrame } from "../errors.ts";
import type { ChainingStrategy } from "../operators/operator.ts";
import { defaultMaxParallelism } from "../types/key_group.ts";
import {
  checkBufferTimeout,
  checkMaxParallelism,
  checkParallelism,
  checkParallelismFits,
  referenceOf,
} from "./limits.ts";
import { StreamGraph, type StreamNode, type StreamNodeKind } from "./stream_graph.ts";
import { resolveSettings, type StreamGraphSettings } from "./stream_graph_settings.ts";
import {
  LegacySinkTransformation,
  OneInputTransformation,
  PARALLELISM_DEFAULT,
  type PhysicalTransformation,
  SourceTransformation,
  type Transformation,
  TwoInputTransformation,
} from "./transformation.ts";
import {
  GlobalCommitterTransformation,
  PartitionTransformation,
  SideOutputTransformation,
  SinkTransformation,
  UnionTransformation,
} from "./virtual_transformation.ts";

/** The group of operators that name none and whose inputs do not agree on one. */
export const DEFAULT_SLOT_SHARING_GROUP = "default";

/**
 * Builds the logical graph.
 *
 * @param transformations Those that produce something by themselves, in the order the program made them (operators
 * and sinks; sources and virtual ones are reached through them).
 * @throws InvalidProgramError TSF-1101 without any operator, TSF-1103 for forward() with unequal parallelism,
 * TSF-1104..1106 for parallelisms, TSF-1107 for a missing uid, TSF-1109 for an unbounded source in batch mode.
 */
export function generateStreamGraph(
  transformations: readonly Transformation[],
  settings: StreamGraphSettings = {},
): StreamGraph {
  if (transformations.length === 0) throw noOperatorsError();
  checkParallelism(settings.parallelism ?? 1);
  if (settings.maxParallelism !== undefined && settings.maxParallelism !== -1) {
    checkMaxParallelism(settings.maxParallelism);
  }
  checkBufferTimeout(settings.bufferTimeoutMs ?? 100);
  const ids = transformations[0].ids;
  const mark = ids.last;
  try {
    const mode = runtimeModeOf(transformations, settings.runtimeMode ?? "STREAMING");
    const graph = new StreamGraph(resolveSettings(settings, mode));
    const generator = new StreamGraphGenerator(graph);
    for (const transformation of transformations) generator.translate(transformation);
    alignWholeInputs(graph);
    return graph;
  } finally {
    ids.reset(mark);
  }
}

class StreamGraphGenerator {
  readonly #translated = new Map<Transformation, readonly number[]>();
  readonly #batch: boolean;

  constructor(readonly graph: StreamGraph) {
    this.#batch = graph.settings.runtimeMode === "BATCH";
  }

  translate(transformation: Transformation): readonly number[] {
    const done = this.#translated.get(transformation);
    if (done !== undefined) return done;
    const inputIds = transformation.inputs.map((input) => this.translate(input));
    const ids = this.#translateOne(transformation, inputIds);
    this.#translated.set(transformation, ids);
    return ids;
  }

  #translateOne(transformation: Transformation, inputIds: readonly (readonly number[])[]): readonly number[] {
    if (transformation instanceof SourceTransformation) {
      const kind = transformation.legacy ? "legacySource" : "source";
      return this.#addOperator(transformation, inputIds, { kind, name: `Source: ${transformation.name}` });
    }
    if (transformation instanceof LegacySinkTransformation) {
      this.#addOperator(transformation, inputIds, { kind: "sink", name: `Sink: ${transformation.name}` });
      return [];
    }
    if (transformation instanceof OneInputTransformation || transformation instanceof TwoInputTransformation) {
      return this.#addOperator(transformation, inputIds, { kind: "operator", name: transformation.name });
    }
    if (transformation instanceof PartitionTransformation) return this.#addPartition(transformation, inputIds[0]);
    if (transformation instanceof SideOutputTransformation) return this.#addSideOutput(transformation, inputIds[0]);
    if (transformation instanceof UnionTransformation) return inputIds.flat();
    if (transformation instanceof SinkTransformation) {
      for (const part of transformation.expand(transformation)) this.translate(part);
      return [];
    }
    if (transformation instanceof GlobalCommitterTransformation) return this.#addGlobalCommitter(transformation);
    throw new BugError("TSF-0001", `No translation for ${transformation.constructor.name}`);
  }

  #addPartition(transformation: PartitionTransformation, inputIds: readonly number[]): readonly number[] {
    return inputIds.map((input) => {
      const id = transformation.ids.next();
      this.graph.addVirtualPartition(id, input, {
        partitioner: transformation.partitioner,
        // In streaming nothing waits for the end of its producer.
        exchangeMode: this.#batch ? transformation.exchangeMode : "UNDEFINED",
        unalignedDisabled: transformation.unalignedDisabled,
      });
      return id;
    });
  }

  #addSideOutput(transformation: SideOutputTransformation, inputIds: readonly number[]): readonly number[] {
    return inputIds.map((input) => {
      const id = transformation.ids.next();
      this.graph.addVirtualSideOutput(id, input, transformation.tagId);
      return id;
    });
  }

  #addGlobalCommitter(transformation: GlobalCommitterTransformation): readonly number[] {
    const { input, name, factory, uid, uidHash, userLine } = transformation;
    const global = new PartitionTransformation(input, { strategy: "GLOBAL" });
    global.unalignedDisabled = true;
    const committer = new OneInputTransformation(global, { name, factory, parallelism: 1, userLine });
    committer.forceNonParallel();
    committer.chainingStrategy = "ALWAYS";
    committer.uid = uid;
    committer.uidHash = uidHash;
    return this.translate(committer);
  }

  #addOperator(
    transformation: PhysicalTransformation,
    inputIds: readonly (readonly number[])[],
    as: { readonly kind: StreamNodeKind; readonly name: string },
  ): readonly number[] {
    const { settings } = this.graph;
    const parallelism = transformation.parallelism === PARALLELISM_DEFAULT
      ? settings.parallelism
      : transformation.parallelism;
    const maxParallelism = transformation.maxParallelism > 0 ? transformation.maxParallelism : settings.maxParallelism;
    const { uid, uidHash, userLine } = transformation;
    const node = this.graph.addNode({
      ...as,
      id: transformation.id,
      description: transformation.description ?? as.name,
      factory: transformation.factory,
      chainingStrategy: this.#chainingStrategy(transformation),
      parallelism,
      parallelismConfigured: transformation.parallelismConfigured,
      maxParallelism,
      slotSharingGroup: transformation.slotSharingGroup ?? this.#commonGroup(inputIds.flat()),
      coLocationGroup: transformation.coLocationGroup,
      uid,
      uidHash: uidHash?.toLowerCase(),
      userLine,
      bufferTimeoutMs: transformation.bufferTimeoutMs >= 0 ? transformation.bufferTimeoutMs : settings.bufferTimeoutMs,
      keySelectors: transformation.keySelectors,
      keyHashRule: transformation.keyHashRule,
    });
    checkNode(node, settings.autoGenerateUids);
    const first = inputIds.length > 1 ? 1 : 0;
    inputIds.forEach((ids, input) => {
      for (const id of ids) this.graph.addEdge(id, node.id, input + first);
    });
    return [node.id];
  }

  /** In batch mode the inputs of keyed operators are sorted, which starts a new task. */
  #chainingStrategy(transformation: PhysicalTransformation): ChainingStrategy {
    const strategy = transformation.chainingStrategy ?? transformation.factory.chainingStrategy;
    const sorted = this.#batch && transformation.keySelectors.some((selector) => selector !== undefined);
    return sorted && strategy !== "NEVER" ? "HEAD" : strategy;
  }

  #commonGroup(inputIds: readonly number[]): string {
    const groups = new Set(inputIds.map((id) => this.graph.slotSharingGroupOf(id)));
    const [only] = groups;
    return groups.size === 1 ? only : DEFAULT_SLOT_SHARING_GROUP;
  }
}

function checkNode(node: StreamNode, autoGenerateUids: boolean): void {
  checkParallelism(node.parallelism, node);
  const maxParallelism = node.maxParallelism > 0 ? node.maxParallelism : defaultMaxParallelism(node.parallelism);
  checkParallelismFits(node.parallelism, maxParallelism, node);
  if (autoGenerateUids || node.uid !== undefined || node.uidHash !== undefined) return;
  throw new InvalidProgramError("TSF-1107", "An operator has no uid", {
    expected: "a uid on each operator, because pipeline.auto-generate-uids is false",
    found: "neither uid nor uid hash",
    operator: referenceOf(node),
    userLine: node.userLine,
    hint: `Call .uid("...") behind the operator; keep the text for as long as its state is needed.`,
  });
}

/** A barrier cannot overtake on one in edge of a node and wait on another. */
function alignWholeInputs(graph: StreamGraph): void {
  for (const node of graph.nodes) {
    if (node.inEdges.every((edge) => edge.supportsUnaligned)) continue;
    for (const edge of node.inEdges) edge.supportsUnaligned = false;
  }
}

function runtimeModeOf(
  transformations: readonly Transformation[],
  configured: "STREAMING" | "BATCH" | "AUTOMATIC",
): "STREAMING" | "BATCH" {
  if (configured === "STREAMING") return "STREAMING";
  const unbounded = findUnboundedSource(transformations);
  if (configured === "AUTOMATIC") return unbounded === undefined ? "BATCH" : "STREAMING";
  if (unbounded === undefined) return "BATCH";
  throw new InvalidProgramError("TSF-1109", "An unbounded source cannot run in batch mode", {
    expected: "bounded sources only, because execution.runtime-mode is BATCH",
    found: "an unbounded source",
    operator: referenceOf(unbounded),
    userLine: unbounded.userLine,
    hint: "Set the runtime mode to STREAMING or AUTOMATIC.",
  });
}

function findUnboundedSource(transformations: readonly Transformation[]): SourceTransformation | undefined {
  const seen = new Set<Transformation>();
  const pending = [...transformations];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    if (next instanceof SourceTransformation && next.boundedness !== "bounded") return next;
    pending.push(...next.inputs);
  }
  return undefined;
}

function noOperatorsError(): InvalidProgramError {
  return new InvalidProgramError("TSF-1101", "The program has no operators and no sink", {
    expected: "at least one operator or sink behind a source",
    found: "none",
    userLine: userFrame(new Error().stack),
    hint: "End the pipeline in sinkTo(...), print() or executeAndCollect() before execute().",
  });
}
