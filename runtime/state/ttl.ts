/**
 * State TTL: when a value has expired, what a read does about it, and how expired rows are cleaned up in the
 * background. Time is processing time, as in Flink.
 *
 * Rules (Flink's): a value expires when `lastAccess + ttl <= now`; list elements and map entries expire one by one; a
 * read of an expired value removes it, and returns it once more when the visibility allows that; with TTL a default
 * value has no effect. The incremental cleanup leaves out the row that is being accessed, so that what the visibility
 * promises holds also for a table of one row.
 *
 * @module
 */

import { InvalidProgramError } from "../errors.ts";
import type { StateDescriptor } from "../functions/state_descriptor.ts";
import { toMillis } from "../types/duration.ts";
import { thaw } from "./records/flat_shape.ts";
import type { HeapTable, KeyGroupTable } from "./heap_table.ts";
import { type KeyContext, sameCanonical } from "./key_context.ts";
import { UserMap } from "./user_map.ts";

/** A value with the time it was last written or, if so configured, read. */
export class TtlValue {
  constructor(readonly value: unknown, readonly lastAccess: number) {}
}

/** A checked TTL configuration with all defaults filled in. */
export interface TtlSettings {
  readonly ttlMs: number;
  readonly updateOnRead: boolean;
  readonly returnExpired: boolean;
  readonly cleanupInSnapshot: boolean;
  readonly cleanupSize: number;
  readonly cleanupOnEveryRecord: boolean;
}

/**
 * The settings of a state, or undefined when TTL is off.
 *
 * @throws InvalidProgramError TSF-2113 when the time to live or the cleanup size is not positive.
 */
export function ttlSettings(descriptor: StateDescriptor): TtlSettings | undefined {
  const config = descriptor.ttl;
  if (config === undefined || config.updateType === "disabled") return undefined;
  const ttlMs = toMillis(config.ttl);
  const cleanup = config.cleanupIncrementally ?? { cleanupSize: 5 };
  if (!(ttlMs > 0)) throw invalidTtl(descriptor.name, "a positive time to live", `${ttlMs} ms`);
  if (!(cleanup.cleanupSize > 0)) {
    throw invalidTtl(descriptor.name, "cleanupSize to be positive", String(cleanup.cleanupSize));
  }
  return {
    ttlMs,
    updateOnRead: config.updateType === "on-read-and-write",
    returnExpired: config.visibility === "return-expired-if-not-cleaned-up",
    cleanupInSnapshot: config.cleanupInFullSnapshot ?? true,
    cleanupSize: cleanup.cleanupSize,
    cleanupOnEveryRecord: cleanup.runCleanupForEveryRecord ?? false,
  };
}

/** Whether a value has expired at `now`. */
export function hasExpired(value: TtlValue, ttlMs: number, now: number): boolean {
  return value.lastAccess + ttlMs <= now;
}

/** What is left of a stored value at `now`: itself when nothing expired, undefined when everything did, else a new one. */
export function unexpiredPart(stored: unknown, ttlMs: number, now: number): unknown {
  if (stored instanceof TtlValue) return hasExpired(stored, ttlMs, now) ? undefined : stored;
  if (stored instanceof UserMap) return unexpiredEntries(stored, ttlMs, now);
  const elements = stored as TtlValue[];
  const rest = elements.filter((element) => !hasExpired(element, ttlMs, now));
  return rest.length === elements.length ? stored : rest.length === 0 ? undefined : rest;
}

function unexpiredEntries(map: UserMap, ttlMs: number, now: number): UserMap | undefined {
  let expired = 0;
  map.forEach((_, value) => {
    if (hasExpired(value as TtlValue, ttlMs, now)) expired++;
  });
  if (expired === 0) return map;
  if (expired === map.size) return undefined;
  const rest = new UserMap();
  map.forEach((key, value) => {
    if (!hasExpired(value as TtlValue, ttlMs, now)) rest.set(key, value);
  });
  return rest;
}

function retain(map: UserMap, rest: UserMap): void {
  for (const key of map.keyList()) if (!rest.has(key)) map.delete(key);
}

/** Gives each part of a stored value a time, or takes it away: the TTL of a state was switched on or off. */
export function migrateTtl(stored: unknown, enable: boolean, now: number): unknown {
  const part = (value: unknown): unknown => enable ? new TtlValue(thaw(value), now) : (value as TtlValue).value;
  if (stored instanceof UserMap) {
    const migrated = new UserMap();
    stored.forEach((key, value) => migrated.set(key, part(value)));
    return migrated;
  }
  return part(stored);
}

/** {@link migrateTtl} for a list, which a stored value of another kind cannot be told from. */
export function migrateTtlList(stored: readonly unknown[], enable: boolean, now: number): unknown[] {
  return stored.map((element) => migrateTtl(element, enable, now));
}

/** Walks over the rows of one table a few at a time and removes what has expired. */
export class IncrementalCleanup {
  readonly #table: HeapTable;
  readonly #context: KeyContext;
  readonly #settings: TtlSettings;
  #group = 0;
  #row = 0;

  constructor(table: HeapTable, context: KeyContext, settings: TtlSettings) {
    this.#table = table;
    this.#context = context;
    this.#settings = settings;
  }

  /** Looks at the next rows. `sparedNamespace` is that of the row being accessed; undefined spares none. */
  run(now: number, sparedNamespace: string | undefined): void {
    const { cleanupSize, ttlMs } = this.#settings;
    const groups = this.#table.groups;
    if (this.#group >= groups.length) this.#group = this.#row = 0;
    let seen = 0;
    while (seen < cleanupSize && this.#group < groups.length) {
      const group = groups[this.#group];
      if (group === undefined || this.#row >= group.size) {
        this.#group++;
        this.#row = 0;
        continue;
      }
      seen++;
      const stored = group.values[this.#row];
      const rest = unexpiredPart(stored, ttlMs, now);
      if (rest === stored || this.#isSpared(group, sparedNamespace)) {
        this.#row++;
      } else if (rest === undefined) {
        // The last row moves here and is looked at next.
        group.removeRow(this.#row);
      } else {
        // In place, because an iteration may be under way; a list is always read at once.
        if (stored instanceof UserMap) retain(stored, rest as UserMap);
        else group.values[this.#row] = rest;
        this.#row++;
      }
    }
  }

  #isSpared(group: KeyGroupTable, namespace: string | undefined): boolean {
    return namespace !== undefined && this.#context.isSet && group.namespaces[this.#row] === namespace &&
      sameCanonical(group.canonicals[this.#row], this.#context.canonical);
  }
}

/** What the handles with TTL share. */
export interface TtlContext {
  readonly settings: TtlSettings;
  readonly cleanup: IncrementalCleanup;
  now(): number;
}

/** Runs the background work of an access and returns its time. */
export function accessed(ttl: TtlContext, namespace: string): number {
  const now = ttl.now();
  ttl.cleanup.run(now, namespace);
  return now;
}

/** The value unless the visibility hides it; undefined stands for "nothing". */
export function visible(ttl: TtlContext, stored: TtlValue | undefined, now: number): TtlValue | undefined {
  if (stored === undefined) return undefined;
  return !ttl.settings.returnExpired && hasExpired(stored, ttl.settings.ttlMs, now) ? undefined : stored;
}

/** What a read of one stored value has to do. */
export interface ReadEffect {
  readonly remove: boolean;
  readonly touch: boolean;
  /** The value to return; undefined when there is none to be seen. */
  readonly seen: TtlValue | undefined;
}
const NOTHING: ReadEffect = { remove: false, touch: false, seen: undefined };

/** See {@link ReadEffect}. */
export function readEffect(ttl: TtlContext, stored: TtlValue | undefined, now: number): ReadEffect {
  if (stored === undefined) return NOTHING;
  if (hasExpired(stored, ttl.settings.ttlMs, now)) {
    return { remove: true, touch: false, seen: ttl.settings.returnExpired ? stored : undefined };
  }
  return { remove: false, touch: ttl.settings.updateOnRead, seen: stored };
}

function invalidTtl(state: string, expected: string, found: string): InvalidProgramError {
  return new InvalidProgramError("TSF-2113", `The TTL of state "${state}" is not valid`, { expected, found });
}
