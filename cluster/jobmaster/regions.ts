/**
 * Pipelined regions of a job graph: the vertices that have to run at the same time, because each reads what another one
 * is writing. Regions of a BATCH job run one after the other, each once the results it reads are complete; those of a
 * streaming job have nothing to do with each other and run all at once.
 *
 * @module
 */

import type { JobTopology, PlanVertex } from "../../runtime/graph/job_plan.ts";

/** Vertices that run at the same time. */
export interface PipelinedRegion {
  /** Producers first. */
  readonly vertices: readonly PlanVertex[];
  /** Regions whose results it reads. */
  readonly producers: ReadonlySet<PipelinedRegion>;
}

/** The regions of a graph, those that produce before those that consume. */
export function pipelinedRegions(jobGraph: JobTopology): readonly PipelinedRegion[] {
  const vertices = jobGraph.verticesTopologically;
  const roots = new Roots(vertices);
  for (const edge of vertices.flatMap(({ inputs }) => inputs)) {
    if (edge.resultPartitionType !== "BLOCKING") roots.join(edge.sourceVertexId, edge.targetVertexId);
  }
  joinCycles(jobGraph, roots);
  const regions = new Map<string, { readonly vertices: PlanVertex[]; readonly producers: Set<PipelinedRegion> }>();
  for (const vertex of vertices) {
    const root = roots.of(vertex.id);
    const region = regions.get(root) ?? { vertices: [], producers: new Set() };
    regions.set(root, region);
    region.vertices.push(vertex);
  }
  for (const region of regions.values()) {
    for (const { sourceVertexId } of region.vertices.flatMap(({ inputs }) => inputs)) {
      const producer = regions.get(roots.of(sourceVertexId))!;
      if (producer !== region) region.producers.add(producer);
    }
  }
  return producersFirst([...regions.values()]);
}

/** Which of the regions may run next: the first that is not finished and whose producers all are. */
export class RegionSchedule {
  readonly regions: readonly PipelinedRegion[];
  readonly #finished = new Set<PipelinedRegion>();

  /** @param apart Whether the regions of a streaming job are restarted each by itself; otherwise they are one. */
  constructor(jobGraph: JobTopology, apart = true) {
    const isOne = jobGraph.type === "STREAMING" && !apart;
    this.regions = isOne
      ? [{ vertices: jobGraph.verticesTopologically, producers: new Set() }]
      : pipelinedRegions(jobGraph);
  }

  /** Undefined when all are finished. */
  next(): PipelinedRegion | undefined {
    return this.regions.find((region) =>
      !this.#finished.has(region) && [...region.producers].every((producer) => this.#finished.has(producer))
    );
  }
  /** What is likely to run when a region has finished. */
  after(region: PipelinedRegion): PipelinedRegion | undefined {
    return this.regions.find((other) => other !== region && !this.#finished.has(other));
  }
  finish(region: PipelinedRegion): void {
    this.#finished.add(region);
  }
  /** Something of what a region has produced is lost: it must run again. */
  lose(region: PipelinedRegion): void {
    this.#finished.delete(region);
  }
}

/** Sets of vertices, each known by one of them. */
class Roots {
  readonly #parents: Map<string, string>;
  constructor(vertices: readonly PlanVertex[]) {
    this.#parents = new Map(vertices.map(({ id }) => [id, id]));
  }
  of(id: string): string {
    let root = id;
    while (this.#parents.get(root) !== root) root = this.#parents.get(root)!;
    return root;
  }
  join(a: string, b: string): void {
    this.#parents.set(this.of(a), this.of(b));
  }
}

/** Regions that wait for each other, over results that are read only once complete, are one. */
function joinCycles(jobGraph: JobTopology, roots: Roots): void {
  const edges = jobGraph.vertices.flatMap(({ inputs }) => inputs);
  const reaches = (from: string, to: string, seen = new Set<string>()): boolean => {
    if (from === to) return true;
    seen.add(from);
    return edges.some((edge) => {
      const next = roots.of(edge.targetVertexId);
      return roots.of(edge.sourceVertexId) === from && !seen.has(next) && reaches(next, to, seen);
    });
  };
  for (const { sourceVertexId, targetVertexId } of edges) {
    const [source, target] = [roots.of(sourceVertexId), roots.of(targetVertexId)];
    if (source === target || !reaches(target, source)) continue;
    roots.join(sourceVertexId, targetVertexId);
    return joinCycles(jobGraph, roots);
  }
}

function producersFirst(regions: readonly PipelinedRegion[]): PipelinedRegion[] {
  const sorted = new Set<PipelinedRegion>();
  const visit = (region: PipelinedRegion): void => {
    if (sorted.has(region)) return;
    for (const producer of regions) if (region.producers.has(producer)) visit(producer);
    sorted.add(region);
  };
  for (const region of regions) visit(region);
  return [...sorted];
}
