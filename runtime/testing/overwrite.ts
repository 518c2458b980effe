/**
 * Spoils a value in place, to show who still uses it after it was handed over (rule 11).
 *
 * @module
 */

const SPOILED = "overwritten by the harness";

/** Replaces everything inside an object; primitives and frozen objects stay as they are. */
export function overwrite(value: unknown): void {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return;
  if (value instanceof Date) {
    value.setTime(-1);
  } else if (value instanceof Map || value instanceof Set) {
    const inner = [...value.values()];
    value.clear();
    inner.forEach(overwrite);
  } else if (ArrayBuffer.isView(value)) {
    new Uint8Array(value.buffer, value.byteOffset, value.byteLength).fill(0xff);
  } else {
    for (const name of Object.keys(value)) {
      const inner = (value as Record<string, unknown>)[name];
      (value as Record<string, unknown>)[name] = SPOILED;
      overwrite(inner);
    }
  }
}
