/**
 * Formats a time by a pattern of letters, in a time zone. Used by bucket_assigners.ts.
 *
 * @module
 */

import { checkOption, invalidOption } from "../invalid_option.ts";

/** A moment in its zone: `date` shows local time in its UTC fields. */
type Field = (date: Date, width: number) => string;

const MONTHS = "January February March April May June July August September October November December".split(" ");
const DAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");

const digits = (value: number, width: number): string => String(value).padStart(width, "0");
const year: Field = (date, width) =>
  width === 2 ? digits(date.getUTCFullYear() % 100, 2) : digits(date.getUTCFullYear(), width);
const name = (names: readonly string[], index: number, width: number): string =>
  width >= 4 ? names[index] : names[index].slice(0, 3);

const FIELDS: Readonly<Record<string, Field>> = {
  y: year,
  u: year,
  M: (date, width) => width >= 3 ? name(MONTHS, date.getUTCMonth(), width) : digits(date.getUTCMonth() + 1, width),
  d: (date, width) => digits(date.getUTCDate(), width),
  D: (date, width) => {
    const start = Date.UTC(date.getUTCFullYear(), 0, 1);
    return digits(Math.floor((date.getTime() - start) / 86_400_000) + 1, width);
  },
  H: (date, width) => digits(date.getUTCHours(), width),
  k: (date, width) => digits(date.getUTCHours() || 24, width),
  K: (date, width) => digits(date.getUTCHours() % 12, width),
  h: (date, width) => digits(date.getUTCHours() % 12 || 12, width),
  m: (date, width) => digits(date.getUTCMinutes(), width),
  s: (date, width) => digits(date.getUTCSeconds(), width),
  // The fraction of the second, cut or filled to the width.
  S: (date, width) => digits(date.getUTCMilliseconds(), 3).padEnd(width, "0").slice(0, width),
  a: (date) => date.getUTCHours() < 12 ? "AM" : "PM",
  E: (date, width) => name(DAYS, date.getUTCDay(), width),
};

/** Offsets of time zones change at multiples of this only; Newfoundland's did at one minute past midnight. */
const OFFSET_STEP_MS = 60_000;

/** A compiled pattern. */
export class DateTimePattern {
  readonly #parts: (string | ((date: Date) => string))[];
  readonly #zone: Intl.DateTimeFormat;
  #offsetFor = NaN;
  #offsetMs = 0;

  /** @throws InvalidProgramError TSF-3016 for an unknown letter or zone. */
  constructor(pattern: string, timeZone: string | undefined) {
    this.#parts = compile(pattern);
    try {
      this.#zone = new Intl.DateTimeFormat("en-US", {
        timeZone,
        calendar: "gregory",
        hourCycle: "h23",
        year: "numeric",
        month: "numeric",
        day: "numeric",
        hour: "numeric",
        minute: "numeric",
        second: "numeric",
      });
    } catch {
      throw invalidOption("timeZone", 'an IANA time zone such as "Europe/Berlin"', timeZone);
    }
  }

  format(timeMs: number): string {
    const date = new Date(timeMs + this.#offset(timeMs));
    return this.#parts.map((part) => typeof part === "string" ? part : part(date)).join("");
  }

  /** Local time minus UTC; asked of the zone once a minute. */
  #offset(timeMs: number): number {
    const step = Math.floor(timeMs / OFFSET_STEP_MS);
    if (step !== this.#offsetFor) {
      const parts: Record<string, number> = {};
      const start = step * OFFSET_STEP_MS;
      for (const { type, value } of this.#zone.formatToParts(start)) parts[type] = Number(value);
      const local = Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute, parts.second);
      this.#offsetMs = local - start;
      this.#offsetFor = step;
    }
    return this.#offsetMs;
  }
}

function compile(pattern: string): (string | ((date: Date) => string))[] {
  const parts: (string | ((date: Date) => string))[] = [];
  for (let i = 0; i < pattern.length;) {
    const letter = pattern[i];
    if (letter === "'") {
      const quoted = /^'((?:[^']|'')*)'/.exec(pattern.slice(i));
      checkOption(quoted !== null, "pattern", "quotes in pairs", pattern);
      const [text, content] = quoted!;
      // Two quotes stand for one, in quotes and outside.
      parts.push(content === "" ? "'" : content.replaceAll("''", "'"));
      i += text.length;
    } else if (/[a-zA-Z]/.test(letter)) {
      const field = FIELDS[letter];
      checkOption(field !== undefined, "pattern", `letters of ${Object.keys(FIELDS).join(" ")}`, pattern);
      let width = 1;
      while (pattern[i + width] === letter) width++;
      parts.push((date) => field(date, width));
      i += width;
    } else {
      parts.push(letter);
      i++;
    }
  }
  return parts;
}
