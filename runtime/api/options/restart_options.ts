/**
 * Options of the restart strategies: Flink's keys and defaults, and what they say together. Type and fixed-delay are
 * also in JobOptions (config_options.ts).
 *
 * @module
 */

import { InvalidProgramError } from "../../errors.ts";
import { type ConfigOption, option, optional } from "../config_option.ts";
import type { Configuration } from "../configuration.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** `restart-strategy.type`. */
export const RESTART_STRATEGY: ConfigOption<string | undefined> = optional(
  "restart-strategy.type",
  "string",
  "none, fixed-delay, failure-rate or exponential-delay; default: exponential-delay when checkpoints are on.",
);
/** `restart-strategy.fixed-delay.attempts`. */
export const FIXED_DELAY_ATTEMPTS: ConfigOption<number> = option("restart-strategy.fixed-delay.attempts", "int", {
  defaultValue: 1,
  min: 0,
  description: "Restarts of the fixed-delay strategy.",
});
/** `restart-strategy.fixed-delay.delay`. */
export const FIXED_DELAY: ConfigOption<number> = option("restart-strategy.fixed-delay.delay", "duration", {
  defaultValue: SECOND,
  min: 0,
  description: "Wait before a restart of the fixed-delay strategy.",
});

/** Options of the failure-rate and exponential-delay strategies. */
export const RestartStrategyOptions: {
  readonly MAX_FAILURES_PER_INTERVAL: ConfigOption<number>;
  readonly FAILURE_RATE_INTERVAL: ConfigOption<number>;
  readonly FAILURE_RATE_DELAY: ConfigOption<number>;
  readonly INITIAL_BACKOFF: ConfigOption<number>;
  readonly MAX_BACKOFF: ConfigOption<number>;
  readonly BACKOFF_MULTIPLIER: ConfigOption<number>;
  readonly RESET_BACKOFF_THRESHOLD: ConfigOption<number>;
  readonly JITTER_FACTOR: ConfigOption<number>;
  readonly ATTEMPTS_BEFORE_RESET_BACKOFF: ConfigOption<number>;
} = {
  MAX_FAILURES_PER_INTERVAL: option("restart-strategy.failure-rate.max-failures-per-interval", "int", {
    defaultValue: 1,
    min: 1,
    description: "Failures within the interval after which there is another restart.",
  }),
  FAILURE_RATE_INTERVAL: option("restart-strategy.failure-rate.failure-rate-interval", "duration", {
    defaultValue: MINUTE,
    min: 1,
    description: "Interval in which the failure-rate strategy counts failures.",
  }),
  FAILURE_RATE_DELAY: option("restart-strategy.failure-rate.delay", "duration", {
    defaultValue: SECOND,
    min: 0,
    description: "Wait before a restart of the failure-rate strategy.",
  }),
  INITIAL_BACKOFF: option("restart-strategy.exponential-delay.initial-backoff", "duration", {
    defaultValue: SECOND,
    min: 1,
    description: "First wait before a restart of the exponential-delay strategy.",
  }),
  MAX_BACKOFF: option("restart-strategy.exponential-delay.max-backoff", "duration", {
    defaultValue: MINUTE,
    min: 1,
    description: "Longest wait before a restart of the exponential-delay strategy.",
  }),
  BACKOFF_MULTIPLIER: option("restart-strategy.exponential-delay.backoff-multiplier", "double", {
    defaultValue: 1.5,
    min: 1,
    description: "By how much each wait of the exponential-delay strategy is longer than the last; above 1.",
  }),
  RESET_BACKOFF_THRESHOLD: option("restart-strategy.exponential-delay.reset-backoff-threshold", "duration", {
    defaultValue: 60 * MINUTE,
    min: 1,
    description: "After so long without failure the exponential-delay strategy begins anew.",
  }),
  JITTER_FACTOR: option("restart-strategy.exponential-delay.jitter-factor", "double", {
    defaultValue: 0.1,
    min: 0,
    description: "Part of the wait of the exponential-delay strategy by which it varies at random; up to 1.",
  }),
  ATTEMPTS_BEFORE_RESET_BACKOFF: option("restart-strategy.exponential-delay.attempts-before-reset-backoff", "int", {
    defaultValue: 2 ** 31 - 1,
    min: 1,
    description: "Restarts of the exponential-delay strategy before it begins anew; after these the job fails.",
  }),
};

/** A restart strategy as it is configured; times in ms. */
export type RestartSettings =
  | { readonly type: "none" }
  | { readonly type: "fixed-delay"; readonly attempts: number; readonly delayMs: number }
  | {
    readonly type: "failure-rate";
    readonly maxFailures: number;
    readonly intervalMs: number;
    readonly delayMs: number;
  }
  | {
    readonly type: "exponential-delay";
    readonly initialMs: number;
    readonly maxMs: number;
    readonly multiplier: number;
    /** After so long without failure the waits begin anew. */
    readonly resetAfterMs: number;
    /** Part of the wait that is added or taken away at random. */
    readonly jitter: number;
    /** Restarts before the waits begin anew. */
    readonly attempts: number;
  };

const TYPES: Readonly<Record<string, RestartSettings["type"]>> = {
  none: "none",
  off: "none",
  disable: "none",
  "fixed-delay": "fixed-delay",
  fixeddelay: "fixed-delay",
  "failure-rate": "failure-rate",
  failurerate: "failure-rate",
  "exponential-delay": "exponential-delay",
  exponentialdelay: "exponential-delay",
};

/**
 * The strategy that is configured; "none" when nothing is.
 *
 * @throws InvalidProgramError TSF-4002 for an unknown type, and for numbers that do not go together.
 */
export function restartSettings(configuration: Configuration): RestartSettings {
  const name = configuration.get(RESTART_STRATEGY) ?? "none";
  const type = Object.hasOwn(TYPES, name.toLowerCase()) ? TYPES[name.toLowerCase()] : undefined;
  switch (type) {
    case undefined:
      throw wrong(RESTART_STRATEGY, Object.keys(TYPES).join(", "), JSON.stringify(name));
    case "none":
      return { type };
    case "fixed-delay":
      return { type, attempts: configuration.get(FIXED_DELAY_ATTEMPTS), delayMs: configuration.get(FIXED_DELAY) };
    case "failure-rate":
      return {
        type,
        maxFailures: configuration.get(RestartStrategyOptions.MAX_FAILURES_PER_INTERVAL),
        intervalMs: configuration.get(RestartStrategyOptions.FAILURE_RATE_INTERVAL),
        delayMs: configuration.get(RestartStrategyOptions.FAILURE_RATE_DELAY),
      };
    case "exponential-delay":
      return { type, ...exponentialParts(configuration) };
  }
}

function exponentialParts(configuration: Configuration) {
  const { INITIAL_BACKOFF, MAX_BACKOFF, BACKOFF_MULTIPLIER, JITTER_FACTOR } = RestartStrategyOptions;
  const parts = {
    initialMs: configuration.get(INITIAL_BACKOFF),
    maxMs: configuration.get(MAX_BACKOFF),
    multiplier: configuration.get(BACKOFF_MULTIPLIER),
    resetAfterMs: configuration.get(RestartStrategyOptions.RESET_BACKOFF_THRESHOLD),
    jitter: configuration.get(JITTER_FACTOR),
    attempts: configuration.get(RestartStrategyOptions.ATTEMPTS_BEFORE_RESET_BACKOFF),
  };
  const { initialMs, maxMs, multiplier, jitter } = parts;
  if (multiplier <= 1) throw wrong(BACKOFF_MULTIPLIER, "a number above 1", `${multiplier}`);
  if (jitter > 1) throw wrong(JITTER_FACTOR, "a number from 0 to 1", `${jitter}`);
  if (initialMs > maxMs) throw wrong(INITIAL_BACKOFF, `at most ${MAX_BACKOFF.key}, ${maxMs} ms`, `${initialMs} ms`);
  return parts;
}

function wrong({ key, description }: ConfigOption<unknown>, expected: string, found: string): InvalidProgramError {
  return new InvalidProgramError("TSF-4002", `The value of ${key} cannot be used`, {
    expected,
    found,
    hint: description,
  });
}
