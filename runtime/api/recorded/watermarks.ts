/**
 * Watermark strategies from what a program writes: one of the class, or its plain form.
 *
 * @module
 */

import { WatermarkStrategy } from "../../functions/watermarks/watermark_strategies.ts";
import type { WatermarkStrategyOptions } from "../../functions/watermarks/watermark_strategy.ts";
import { nearestKey } from "../configuration.ts";
import { describe, programError, requirePresent } from "./checks.ts";

const OPTIONS: readonly (keyof WatermarkStrategyOptions<unknown>)[] = [
  "timestamp",
  "outOfOrderness",
  "idleness",
  "alignment",
];

/**
 * The strategy that was meant.
 *
 * @throws InvalidProgramError TSF-1218 when it is missing, TSF-1224 when it is something else, TSF-1350 when a duration is
 * out of its range.
 */
export function strategyOf(given: unknown): WatermarkStrategy<unknown> {
  const strategy = requirePresent(given, "a watermark strategy");
  if (strategy instanceof WatermarkStrategy) return strategy;
  const expected = `a WatermarkStrategy, or { ${OPTIONS.join(", ")} }`;
  if (typeof strategy !== "object" || Array.isArray(strategy)) {
    throw programError("TSF-1224", "This is not a watermark strategy", {
      expected,
      found: describe(strategy),
      hint: "For timestamps that never fall write { timestamp: (record) => record.time }.",
    });
  }
  const unknown = Object.keys(strategy).find((name) => !(OPTIONS as readonly string[]).includes(name));
  if (unknown !== undefined) {
    const nearest = nearestKey(unknown, OPTIONS);
    throw programError("TSF-1224", `A watermark strategy has no option "${unknown}"`, {
      expected,
      found: describe(strategy),
      hint: nearest === undefined ? undefined : `Did you mean ${nearest}?`,
    });
  }
  const { timestamp } = strategy as { readonly timestamp?: unknown };
  if (timestamp === undefined || typeof timestamp === "function") {
    return WatermarkStrategy.from(strategy as WatermarkStrategyOptions<unknown>);
  }
  throw programError("TSF-1224", "The timestamp of a watermark strategy is not a function", {
    expected: "timestamp: (record) => milliseconds since the epoch",
    found: describe(timestamp),
  });
}
