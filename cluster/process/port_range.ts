/**
 * Ports as Flink writes them: "8081", "8081-8090", "0" for a free one, several with commas.
 *
 * @module
 */

import { FlinkError } from "../../runtime/errors.ts";

const MAX_PORT = 65_535;

/** The ports of a text, in order. @throws FlinkError TSF-4105 when it is none. */
export function parsePorts(text: string, key: string): number[] {
  const ports = text.split(",").flatMap((part) => {
    const match = /^\s*(\d{1,5})\s*(?:-\s*(\d{1,5})\s*)?$/.exec(part);
    const first = Number(match?.[1] ?? Number.NaN);
    const last = match?.[2] === undefined ? first : Number(match[2]);
    if (match === null || last < first || last > MAX_PORT) throw noPorts(text, key);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
  return ports;
}

function noPorts(text: string, key: string): FlinkError {
  return new FlinkError("TSF-4105", `The value of ${key} cannot be used`, {
    expected: `a port (8081), a range (8081-8090), several with commas, or 0 for a free one`,
    found: JSON.stringify(text),
  });
}
