/**
 * How connectors refuse a wrong option when they are built. Used by all of them.
 *
 * @module
 */

import { InvalidProgramError } from "../errors.ts";

/** The error for an option of a connector; nothing was started. */
export function invalidOption(option: string, expected: string, found: unknown): InvalidProgramError {
  return new InvalidProgramError("TSF-3016", `Invalid connector option: ${option}`, { expected, found: shown(found) });
}

/** @throws InvalidProgramError TSF-3016 unless the condition holds. */
export function checkOption(condition: boolean, option: string, expected: string, found: unknown): void {
  if (!condition) throw invalidOption(option, expected, found);
}

function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return `function ${value.name}`;
  if (typeof value !== "object" || value === null) return String(value);
  try {
    return JSON.stringify(value);
  } catch {
    return String(value);
  }
}
