import assert from "node:assert/strict";
import fc from "fast-check";
import { DateTimePattern } from "./date_time_pattern.ts";

const ZONES = [
  "UTC",
  "Europe/Berlin",
  "America/New_York",
  "America/St_Johns",
  "Asia/Kathmandu",
  "Australia/Lord_Howe",
  "Pacific/Apia",
  "Pacific/Chatham",
  "Africa/Monrovia",
];

/** What the platform shows, field by field. */
function platform(ms: number, timeZone: string): Record<string, string> {
  const format = (options: Intl.DateTimeFormatOptions) =>
    Object.fromEntries(
      new Intl.DateTimeFormat("en-US", { timeZone, calendar: "gregory", ...options }).formatToParts(ms)
        .map(({ type, value }) => [type, value]),
    );
  const full = format({
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    fractionalSecondDigits: 3,
  });
  const named = format({ month: "long", weekday: "long", hour: "numeric", hourCycle: "h12" });
  return { ...full, monthName: named.month, weekday: named.weekday, hour12: named.hour, half: named.dayPeriod };
}

Deno.test("fields are those the platform shows, for any time since 1973 in any zone, asked for in any order", () => {
  const times = fc.array(fc.integer({ min: Date.UTC(1973, 0, 1), max: Date.UTC(2090, 0, 1) }), {
    minLength: 1,
    maxLength: 6,
  });
  fc.assert(
    fc.property(fc.constantFrom(...ZONES), times, (zone, all) => {
      // One object for all, as a sink has it: what it remembers of the zone must not stick.
      const pattern = new DateTimePattern("yyyy-MM-dd HH:mm:ss.SSS|MMMM|EEEE|h|a|k|K", zone);
      for (const ms of all) {
        const p = platform(ms, zone);
        const hour = Number(p.hour);
        const expected = [
          `${p.year}-${p.month}-${p.day} ${p.hour}:${p.minute}:${p.second}.${p.fractionalSecond}`,
          p.monthName,
          p.weekday,
          p.hour12,
          p.half,
          hour === 0 ? 24 : hour,
          hour % 12,
        ];
        assert.equal(pattern.format(ms), expected.join("|"), `${zone} ${new Date(ms).toISOString()}`);
      }
    }),
    { numRuns: 150 },
  );
});

Deno.test("around every change of a zone's offset the minutes are right", () => {
  const changes: [string, number][] = [
    ["Europe/Berlin", Date.UTC(2024, 2, 31, 1)],
    ["Europe/Berlin", Date.UTC(2024, 9, 27, 1)],
    ["America/St_Johns", Date.UTC(2006, 3, 2, 3, 31)],
    ["Australia/Lord_Howe", Date.UTC(2024, 3, 6, 15)],
    ["Pacific/Apia", Date.UTC(2011, 11, 30, 10)],
    ["Asia/Kathmandu", Date.UTC(1985, 11, 31, 18, 30)],
  ];
  for (const [zone, at] of changes) {
    const pattern = new DateTimePattern("dd HH:mm", zone);
    for (let minute = -40; minute <= 40; minute++) {
      const ms = at + minute * 60_000;
      const { day, hour, minute: shown } = platform(ms, zone);
      assert.equal(pattern.format(ms), `${day} ${hour}:${shown}`, `${zone} ${new Date(ms).toISOString()}`);
    }
  }
});

Deno.test("text in quotes, doubled quotes and other characters stay; letters without meaning are refused", () => {
  const at = (pattern: string): string => new DateTimePattern(pattern, "UTC").format(Date.UTC(2024, 0, 2, 3, 4, 5, 6));
  const table: Record<string, string> = {
    "": "",
    "''": "'",
    "'year='yyyy/'month='MM": "year=2024/month=01",
    "yyyy''MM": "2024'01",
    "'it''s' H": "it's 3",
    "d.M. H:m:s": "2.1. 3:4:5",
    "SSSSSS S SS": "006000 0 00",
    "DDD D": "002 2",
    "[{#}] é": "[{#}] é",
  };
  for (const [pattern, expected] of Object.entries(table)) assert.equal(at(pattern), expected, pattern);
  for (const pattern of ["'open", "yyyy-XX", "j", "'a''"]) {
    assert.throws(() => new DateTimePattern(pattern, "UTC"), { code: "TSF-3016" }, pattern);
  }
});
