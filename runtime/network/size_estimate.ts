/**
 * A cheap guess at the encoded size of a value, for byte limits of batches held by reference.
 *
 * @module
 */

/** Depth below which everything counts as a constant; deep values are rare and the guess needs no precision. */
const MAX_DEPTH = 4;

/** Roughly how many bytes the value takes; at least 1. */
export function estimateSize(value: unknown, depth = 0): number {
  switch (typeof value) {
    case "string":
      return value.length + 4;
    case "object":
      return value === null ? 1 : estimateObject(value, depth);
    case "undefined":
    case "boolean":
      return 1;
    default:
      return 8;
  }
}

function estimateObject(value: object, depth: number): number {
  if (depth > MAX_DEPTH) return 64;
  if (ArrayBuffer.isView(value)) return value.byteLength + 8;
  if (value instanceof ArrayBuffer) return value.byteLength + 8;
  if (Array.isArray(value)) return 8 + value.length * (value.length === 0 ? 0 : estimateSize(value[0], depth + 1));
  if (value instanceof Map || value instanceof Set) return 16 + value.size * 32;
  let size = 8;
  for (const key in value) size += estimateSize((value as Record<string, unknown>)[key], depth + 1);
  return size;
}
