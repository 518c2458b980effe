/**
 * Operator ids, equal to Flink's byte for byte (StreamGraphHasherV2). With a uid the id is the hash of the uid.
 * Without, it depends on the position in a breadth-first walk, on how many out edges are chained, and on the ids of the
 * inputs; not on names. Called once per job graph.
 *
 * @module
 */

import { InvalidProgramError, invariant } from "../errors.ts";
import { murmur3_128 } from "../types/murmur3.ts";
import { isChainable } from "./chaining.ts";
import { referenceOf } from "./limits.ts";
import type { StreamGraph, StreamNode } from "./stream_graph.ts";

/**
 * The id of each node, as 32 hex digits, by node id.
 *
 * @throws InvalidProgramError TSF-1102 when two operators have the same uid.
 */
export function generateOperatorIds(graph: StreamGraph): Map<number, string> {
  const hasher = new StreamGraphHasher(graph);
  return new Map([...hasher.hashAll()].map(([nodeId, hash]) => [nodeId, hash.toHex()]));
}

/** The operator id that a uid stands for. */
export function operatorIdOfUid(uid: string): string {
  return murmur3_128(new TextEncoder().encode(uid)).toHex();
}

class StreamGraphHasher {
  readonly #hashes = new Map<number, Uint8Array>();
  readonly #owners = new Map<string, StreamNode>();

  constructor(readonly graph: StreamGraph) {}

  hashAll(): Map<number, Uint8Array> {
    const waiting = [...this.graph.sources].sort((left, right) => left.id - right.id);
    const visited = new Set(waiting);
    for (let next = 0; next < waiting.length; next++) {
      const node = waiting[next];
      if (!this.#hash(node)) {
        // Comes again when its last input is done.
        visited.delete(node);
        continue;
      }
      for (const { target } of node.outEdges) {
        if (visited.has(target)) continue;
        visited.add(target);
        waiting.push(target);
      }
    }
    return this.#hashes;
  }

  /** False when an input has no hash yet. A uid needs none. */
  #hash(node: StreamNode): boolean {
    if (node.uid !== undefined) {
      const hash = murmur3_128(new TextEncoder().encode(node.uid));
      const other = this.#owners.get(hash.toHex());
      if (other !== undefined) throw duplicateUidError(node, other);
      this.#keep(node, hash);
      return true;
    }
    if (node.inEdges.some((edge) => !this.#hashes.has(edge.source.id))) return false;
    this.#keep(node, this.#positionalHash(node));
    return true;
  }

  #keep(node: StreamNode, hash: Uint8Array): void {
    invariant(!this.#hashes.has(node.id), `Operator "${node.name}" gets an id twice`);
    this.#hashes.set(node.id, hash);
    this.#owners.set(hash.toHex(), node);
  }

  #positionalHash(node: StreamNode): Uint8Array {
    const chained = node.outEdges.filter((edge) => isChainable(edge, this.graph)).length;
    const position = new Int32Array(1 + chained).fill(this.#hashes.size);
    const bytes = new DataView(new ArrayBuffer(position.length * 4));
    position.forEach((value, index) => bytes.setInt32(index * 4, value, true));
    const hash = murmur3_128(new Uint8Array(bytes.buffer));
    for (const { source } of node.inEdges) {
      const input = this.#hashes.get(source.id)!;
      for (let index = 0; index < hash.length; index++) hash[index] = (hash[index] * 37) ^ input[index];
    }
    return hash;
  }
}

function duplicateUidError(node: StreamNode, other: StreamNode): InvalidProgramError {
  return new InvalidProgramError("TSF-1102", `The uid "${node.uid}" is used twice`, {
    expected: "a uid of its own for each operator",
    found: `also on "${other.name}"${other.userLine === undefined ? "" : ` (${other.userLine})`}`,
    operator: referenceOf(node),
    userLine: node.userLine,
    hint: "State is found by uid; give one of the two another uid.",
  });
}
