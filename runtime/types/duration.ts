/**
 * Durations as people write them. A number is milliseconds; the result is always whole milliseconds, cut off as
 * Flink's `Duration.toMillis()` does.
 *
 * @module
 */

import { InvalidProgramError } from "../errors.ts";

/** Units that may be written in a {@link DurationText}. */
export type DurationUnit = "ms" | "s" | "min" | "h" | "d";
/** A number, a space if you like, and a unit: "10 s", "5 min", "250ms". */
export type DurationText = `${number} ${DurationUnit}` | `${number}${DurationUnit}`;
/** Anything that says how long: milliseconds, {@link Duration}, Temporal.Duration (exact units only), or text. */
export type DurationLike = number | Duration | Temporal.Duration | DurationText;

const MS_PER_SECOND = 1000;
const MS_PER_MINUTE = 60 * MS_PER_SECOND;
const MS_PER_HOUR = 60 * MS_PER_MINUTE;
const MS_PER_DAY = 24 * MS_PER_HOUR;

/** Flink's unit words, and the nanoseconds of one. */
const UNITS: readonly (readonly [name: string, words: readonly string[], nanos: number])[] = [
  ["DAYS", ["d", "day", "days"], MS_PER_DAY * 1e6],
  ["HOURS", ["h", "hour", "hours"], MS_PER_HOUR * 1e6],
  ["MINUTES", ["min", "m", "minute", "minutes"], MS_PER_MINUTE * 1e6],
  ["SECONDS", ["s", "sec", "secs", "second", "seconds"], 1e9],
  ["MILLISECONDS", ["ms", "milli", "millis", "millisecond", "milliseconds"], 1e6],
  // Both the micro sign and the Greek letter mu are typed in practice; Flink knows the first.
  ["MICROSECONDS", ["\u00b5s", "\u03bcs", "micro", "micros", "microsecond", "microseconds"], 1e3],
  ["NANOSECONDS", ["ns", "nano", "nanos", "nanosecond", "nanoseconds"], 1],
];
const NANOS_OF_WORD: ReadonlyMap<string, number> = new Map(
  UNITS.flatMap(([, words, nanos]) => words.map((word) => [word, nanos] as const)),
);

/**
 * A length of time in whole milliseconds; may be negative, as the lower bound of an interval join is.
 *
 * @example
 * ```ts
 * import { Duration } from "tsflink";
 *
 * console.assert(Duration.ofMinutes(5).toMillis() === 300_000);
 * console.assert(Duration.parse("2 h").toMillis() === 7_200_000);
 * ```
 */
export class Duration {
  private constructor(
    /** The length in milliseconds. */
    readonly ms: number,
  ) {}

  /** So many milliseconds. @throws InvalidProgramError TSF-2107 when it is no finite number. */
  static ofMillis(ms: number): Duration {
    return new Duration(wholeMillis(ms, ms));
  }
  /** So many seconds. */
  static ofSeconds(seconds: number): Duration {
    return Duration.ofMillis(seconds * MS_PER_SECOND);
  }
  /** So many minutes. */
  static ofMinutes(minutes: number): Duration {
    return Duration.ofMillis(minutes * MS_PER_MINUTE);
  }
  /** So many hours. */
  static ofHours(hours: number): Duration {
    return Duration.ofMillis(hours * MS_PER_HOUR);
  }
  /** Days of exactly 24 hours. */
  static ofDays(days: number): Duration {
    return Duration.ofMillis(days * MS_PER_DAY);
  }
  /** From text in any of Flink's forms, see {@link parseDuration}. */
  static parse(text: string): Duration {
    return new Duration(parseDuration(text));
  }

  /** The length in milliseconds. */
  toMillis(): number {
    return this.ms;
  }
  /** The largest unit that needs no fraction: "5 min", "1500 ms". */
  toString(): string {
    for (const [, words, nanos] of this.ms === 0 ? [] : UNITS) {
      const unitMs = nanos / 1e6;
      if (this.ms % unitMs === 0) return `${this.ms / unitMs} ${words[0]}`;
    }
    return `${this.ms} ms`;
  }
}

/**
 * The milliseconds of anything that says how long. Text may be negative here ("-5 s"); whoever needs a positive
 * duration checks that.
 *
 * @throws InvalidProgramError TSF-2107 when it is not a duration; weeks, months and years of a Temporal.Duration have no
 * exact length and are refused.
 */
export function toMillis(duration: DurationLike): number {
  if (typeof duration === "number") return wholeMillis(duration, duration);
  if (typeof duration === "string") return millisOfText(duration, true);
  if (duration instanceof Duration) return duration.ms;
  if (Object.prototype.toString.call(duration) === "[object Temporal.Duration]") return millisOfTemporal(duration);
  // A Duration of another copy of tsflink (a bundled job) is not an instance of this one.
  const foreign = (duration as { toMillis?: () => unknown } | null | undefined)?.toMillis?.();
  if (typeof foreign === "number") return wholeMillis(foreign, foreign);
  throw invalidDuration(duration);
}

/**
 * Reads a duration as Flink's configuration does: an integer and a unit word in any case ("10 s", "10 sec", "5 minutes",
 * "1 day", "100 micros"), no unit for milliseconds, or ISO-8601 ("PT1H30M"). Fractions ("1.5 s") are taken too.
 *
 * @returns Whole milliseconds; smaller parts are cut off.
 * @throws InvalidProgramError TSF-2107 naming the units when it cannot be read or is negative.
 */
export function parseDuration(text: string): number {
  return millisOfText(text, false);
}

function millisOfText(text: string, signed: boolean): number {
  const trimmed = text.trim();
  const match = /^([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?)\s*(.*)$/is.exec(trimmed);
  let millis: number | undefined;
  if (match === null) millis = millisOfIso(trimmed);
  else {
    const unit = match[2].toLowerCase();
    const nanos = unit === "" ? 1e6 : NANOS_OF_WORD.get(unit);
    if (nanos === undefined) throw unknownUnit(text, match[2]);
    // Multiplying before dividing keeps "0.1 s" and "1.1 min" free of rounding errors.
    millis = nanos >= 1e6 ? Number(match[1]) * (nanos / 1e6) : Number(match[1]) * nanos / 1e6;
  }
  if (millis === undefined || (millis < 0 && !signed)) throw invalidDuration(text);
  return wholeMillis(millis, text);
}

/** ISO-8601 as java.time.Duration reads it: days, hours, minutes and seconds, each with its own sign. */
function millisOfIso(text: string): number | undefined {
  const match =
    /^([+-])?P(?:([+-]?\d+)D)?(?:T(?=[\d+-])(?:([+-]?\d+)H)?(?:([+-]?\d+)M)?(?:([+-]?\d+(?:[.,]\d{0,9})?)S)?)?$/i
      .exec(text);
  if (match === null || match.slice(2).every((part) => part === undefined)) return undefined;
  const [days, hours, minutes, seconds] = match.slice(2).map((part) => Number((part ?? "0").replace(",", ".")));
  const millis = days * MS_PER_DAY + hours * MS_PER_HOUR + minutes * MS_PER_MINUTE + seconds * MS_PER_SECOND;
  return match[1] === "-" ? -millis : millis;
}

function millisOfTemporal(duration: Temporal.Duration): number {
  if (duration.years !== 0 || duration.months !== 0 || duration.weeks !== 0) {
    throw new InvalidProgramError("TSF-2107", "A duration in weeks, months or years has no exact length", {
      expected: "a Temporal.Duration of days (24 h each), hours, minutes, seconds or smaller units",
      found: duration.toString(),
      hint: "Write it in days or hours.",
    });
  }
  return wholeMillis(
    duration.days * MS_PER_DAY + duration.hours * MS_PER_HOUR + duration.minutes * MS_PER_MINUTE +
      duration.seconds * MS_PER_SECOND + duration.milliseconds +
      (duration.microseconds * 1e3 + duration.nanoseconds) / 1e6,
    duration,
  );
}

/** Cuts off fractions of a millisecond, but not what is only a rounding error below the next whole one. */
function wholeMillis(ms: number, given: unknown): number {
  const nearest = Math.round(ms);
  const whole = Math.abs(nearest - ms) < Math.max(1e-7, Math.abs(ms) * 1e-15) ? nearest : Math.trunc(ms);
  if (!Number.isSafeInteger(whole)) throw invalidDuration(given);
  return whole === 0 ? 0 : whole;
}

function unknownUnit(text: string, unit: string): InvalidProgramError {
  return new InvalidProgramError("TSF-2107", `"${unit}" is not a unit of time`, {
    expected: UNITS.map(([name, words]) => `${name}: (${words.join(" | ")})`).join(", "),
    found: JSON.stringify(text),
  });
}
function invalidDuration(given: unknown): InvalidProgramError {
  return new InvalidProgramError("TSF-2107", "Not a duration", {
    expected: 'milliseconds, or a number and a unit such as "10 s", "5 min", "1 h", or an ISO-8601 duration',
    found: typeof given === "string" ? JSON.stringify(given) : String(given),
  });
}
