/**
 * Whether values written under a stored schema may be read by a program that now has another one, by Flink's rules for
 * POJOs: fields may come and go, the type of a field may only become wider.
 *
 * Caller: restoring of keyed and operator state.
 *
 * @module
 */

import { type ColumnSchema, describeColumn, Kind, type Schema } from "./schema.ts";
import { defineField } from "./value_reader.ts";

/** The answer: with `migrate`, every stored value must pass through it; otherwise the field that stands in the way. */
export type SchemaCompatibility =
  | { readonly compatible: true; readonly migrate?: (value: unknown) => unknown }
  | { readonly compatible: false; readonly field: string; readonly reason: string };

/**
 * Compares a stored schema with the one of the program. A field that is new gets null or undefined if its type allows
 * it, else the zero of its type (0, "", false, 0n, an object of such fields); a field that is gone is dropped.
 */
export function isCompatible(stored: Schema, current: Schema): SchemaCompatibility {
  if (stored.hash === current.hash) return { compatible: true };
  const step = compare(stored.root, current.root, "value");
  if ("reason" in step) return { compatible: false, ...step };
  return step.migrate === undefined ? { compatible: true } : { compatible: true, migrate: step.migrate };
}

type Migration = (value: unknown) => unknown;
type Step = { readonly migrate?: Migration } | { readonly field: string; readonly reason: string };

function compare(stored: ColumnSchema, current: ColumnSchema, field: string): Step {
  const generic = (current.kinds & Kind.GENERIC) !== 0;
  // A generic column says nothing about its values, so there is nothing to hold against the stored ones.
  if (generic && current.shapes.length === 0) return {};
  const narrowed = generic ? 0 : widened(stored.kinds) & ~widened(current.kinds);
  if (narrowed !== 0) {
    const found = `${describeColumn(stored)} was stored, ${describeColumn(current)} is expected now`;
    return { field, reason: `its type became narrower or another one: ${found}` };
  }
  const objects = compareObjects(stored, current, field);
  if ("reason" in objects) return objects;
  const tuples = compareTuples(stored, current, field);
  if ("reason" in tuples) return tuples;
  if (objects.migrate === undefined || tuples.migrate === undefined) {
    return objects.migrate === undefined ? tuples : objects;
  }
  const { migrate: object } = objects;
  const { migrate: tuple } = tuples;
  return { migrate: (value) => Array.isArray(value) ? tuple(value) : object(value) };
}

function compareObjects(stored: ColumnSchema, current: ColumnSchema, field: string): Step {
  const from = fieldsOf(stored);
  const to = fieldsOf(current);
  if (from === undefined) return {};
  if (to === undefined) {
    return (current.kinds & Kind.GENERIC) !== 0 ? {} : { field, reason: "objects are no longer expected" };
  }
  // Of several shapes (a union type) only what all of them have is a new field of every record.
  const shapes = current.shapes.filter((shape) => !shape.tuple);
  const everywhere = new Set([...to.keys()].filter((name) => shapes.every(({ names }) => names.includes(name))));
  return compareFields({ from, to, everywhere }, field);
}

/** An int column is a double column that has not seen a fraction. */
function widened(kinds: number): number {
  return (kinds & Kind.DOUBLE) !== 0 ? kinds | Kind.INT : kinds;
}

type Fields = ReadonlyMap<string, ColumnSchema>;

/** The fields of all object shapes of a column together; undefined when it has none. */
function fieldsOf(column: ColumnSchema): Fields | undefined {
  const shapes = column.shapes.filter((shape) => !shape.tuple);
  if (shapes.length === 0) return undefined;
  const fields = new Map<string, ColumnSchema>();
  for (const { names, columns } of shapes) {
    names.forEach((name, i) => {
      const before = fields.get(name);
      const { kinds, shapes } = columns[i];
      fields.set(
        name,
        before === undefined ? columns[i] : {
          kinds: before.kinds | kinds,
          shapes: [...before.shapes, ...shapes],
        },
      );
    });
  }
  return fields;
}

function compareFields(
  { from, to, everywhere }: { from: Fields; to: Fields; everywhere: ReadonlySet<string> },
  field: string,
): Step {
  const changed = new Map<string, Migration>();
  for (const [name, column] of from) {
    const now = to.get(name);
    if (now === undefined) continue;
    const step = compare(column, now, `${field}.${name}`);
    if ("reason" in step) return step;
    if (step.migrate !== undefined) changed.set(name, step.migrate);
  }
  const gone = [...from.keys()].filter((name) => !to.has(name));
  const added = [...to].filter(([name]) => !from.has(name) && everywhere.has(name));
  if (changed.size === 0 && gone.length === 0 && added.length === 0) return {};
  const migrate = (value: unknown): unknown => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    const result: Record<string, unknown> = {};
    for (const [name, inner] of Object.entries(value)) {
      if (!to.has(name) && from.has(name)) continue;
      const migrateField = changed.get(name);
      defineField(result, name, migrateField === undefined ? inner : migrateField(inner));
    }
    for (const [name, column] of added) if (!Object.hasOwn(result, name)) defineField(result, name, zeroOf(column));
    return result;
  };
  return { migrate };
}

/** Tuples have no names to match fields by: every stored shape must be there, element by element. */
function compareTuples(stored: ColumnSchema, current: ColumnSchema, field: string): Step {
  const migrations: [length: number, (Migration | undefined)[]][] = [];
  for (const shape of stored.shapes) {
    if (!shape.tuple) continue;
    const now = current.shapes.find((each) => each.tuple && each.names.length === shape.names.length);
    if (now === undefined && (current.kinds & Kind.GENERIC) !== 0) continue;
    if (now === undefined) return { field, reason: `tuples of ${shape.names.length} elements are no longer expected` };
    const steps: (Migration | undefined)[] = [];
    for (let i = 0; i < shape.columns.length; i++) {
      const step = compare(shape.columns[i], now.columns[i], `${field}[${i}]`);
      if ("reason" in step) return step;
      steps.push(step.migrate);
    }
    if (steps.some((step) => step !== undefined)) migrations.push([shape.names.length, steps]);
  }
  if (migrations.length === 0) return {};
  const byLength = new Map(migrations);
  return {
    migrate: (value) => {
      const steps = Array.isArray(value) ? byLength.get(value.length) : undefined;
      return steps === undefined ? value : (value as unknown[]).map((element, i) => steps[i]?.(element) ?? element);
    },
  };
}

function zeroOf(column: ColumnSchema): unknown {
  const { kinds } = column;
  if ((kinds & Kind.NULL) !== 0) return null;
  if (kinds === 0 || (kinds & (Kind.UNDEFINED | Kind.GENERIC)) !== 0) return undefined;
  if ((kinds & (Kind.INT | Kind.DOUBLE)) !== 0) return 0;
  if ((kinds & Kind.STRING) !== 0) return "";
  if ((kinds & Kind.BOOLEAN) !== 0) return false;
  if ((kinds & Kind.BIGINT) !== 0) return 0n;
  const { tuple, names, columns } = column.shapes[0];
  if (tuple) return columns.map(zeroOf);
  return Object.fromEntries(names.map((name, i) => [name, zeroOf(columns[i])]));
}
