/**
 * Stored values of the heap backend to rows of a snapshot and back. In a row a list is an array of elements, a map an
 * array of [key, value] entries; with TTL each value, element and entry value is [lastAccess, value].
 *
 * @module
 */

import type { StateMeta } from "./keyed_state_backend.ts";
import { thaw } from "./records/flat_shape.ts";
import { TtlValue } from "./ttl.ts";
import { UserMap } from "./user_map.ts";

/** The form for a row; shares parts with the stored value, so it must be encoded at once. `plain` is for each value, element and entry. */
export function toRowValue(
  meta: StateMeta,
  stored: unknown,
  plain: (stored: unknown) => unknown = thaw,
): unknown {
  const part = meta.ttl ? wrappedPart : plain;
  if (meta.kind === "list") return (stored as unknown[]).map(part);
  if (meta.kind !== "map") return part(stored);
  const entries: unknown[] = [];
  (stored as UserMap).forEach((key, value) => entries.push([key, part(value)]));
  return entries;
}

/** The stored form of a decoded row value, which is taken over. */
export function fromRowValue(meta: StateMeta, value: unknown): unknown {
  const part = meta.ttl ? unwrappedPart : (plain: unknown) => plain;
  if (meta.kind === "list") return meta.ttl ? (value as unknown[]).map(part) : value;
  if (meta.kind !== "map") return part(value);
  const map = new UserMap();
  for (const [key, entry] of value as [unknown, unknown][]) map.set(key, part(entry));
  return map;
}

/** The same stored form with what `adopt` makes of each value, element and entry. */
export function adoptParts(kind: StateMeta["kind"], stored: unknown, adopt: (value: unknown) => unknown): unknown {
  if (kind === "value") return adopt(stored);
  if (kind === "list") return (stored as unknown[]).map(adopt);
  if (kind === "map") (stored as UserMap).forEach((key, value) => (stored as UserMap).set(key, adopt(value)));
  return stored;
}

function wrappedPart(value: unknown): unknown {
  const { lastAccess, value: inner } = value as TtlValue;
  return [lastAccess, inner];
}
function unwrappedPart(value: unknown): unknown {
  const [lastAccess, inner] = value as [number, unknown];
  return new TtlValue(inner, lastAccess);
}
