/**
 * A record as one line of text, for print sinks and string encoders: strings as they are, objects and arrays as JSON
 * with the values JSON has no word for.
 *
 * @module
 */

/** The text of a value; never throws. */
export function formatValue(value: unknown): string {
  switch (typeof value) {
    case "string":
      return value;
    case "object":
      return value === null ? "null" : formatObject(value, []);
    case "bigint":
    case "number":
    case "boolean":
    case "undefined":
      return Object.is(value, -0) ? "-0" : String(value);
    default:
      return String(value);
  }
}

function formatNested(value: unknown, above: readonly object[]): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "object" && value !== null) return formatObject(value, above);
  return formatValue(value);
}

function formatObject(value: object, above: readonly object[]): string {
  if (above.includes(value)) return "[circular]";
  const path = [...above, value];
  const nested = (inner: unknown): string => formatNested(inner, path);
  if (Array.isArray(value)) return `[${Array.from(value, nested).join(",")}]`;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
  if (value instanceof Map) {
    return `Map{${Array.from(value, ([key, inner]) => `${nested(key)}=>${nested(inner)}`).join(",")}}`;
  }
  if (value instanceof Set) return `Set{${Array.from(value, nested).join(",")}}`;
  if (value instanceof Error || value instanceof RegExp) return String(value);
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    return `[${Array.from(value as unknown as ArrayLike<unknown>, nested).join(",")}]`;
  }
  const own = ownText(value);
  if (own !== undefined) return own;
  return `{${Object.entries(value).map(([name, inner]) => `${JSON.stringify(name)}:${nested(inner)}`).join(",")}}`;
}

/** What a class says about itself with a toString of its own. */
function ownText(value: object): string | undefined {
  const toText = (value as { toString?: unknown }).toString;
  if (typeof toText !== "function" || toText === Object.prototype.toString) return undefined;
  try {
    return String(toText.call(value));
  } catch {
    return undefined;
  }
}
