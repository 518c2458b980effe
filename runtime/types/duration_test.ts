import assert from "node:assert/strict";
import fc from "fast-check";
import { Duration, type DurationLike, type DurationText, parseDuration, toMillis } from "./duration.ts";

// [text, milliseconds]; the words are those of Flink's configuration.
const TEXTS: readonly (readonly [string, number])[] = [
  ["10", 10],
  ["0", 0],
  ["10 ms", 10],
  ["10ms", 10],
  ["10 milli", 10],
  ["10 millis", 10],
  ["10 millisecond", 10],
  ["10 milliseconds", 10],
  ["10 s", 10_000],
  ["10 sec", 10_000],
  ["10 secs", 10_000],
  ["10 second", 10_000],
  ["10 seconds", 10_000],
  ["5 m", 300_000],
  ["5 min", 300_000],
  ["5 minute", 300_000],
  ["5 minutes", 300_000],
  ["2 h", 7_200_000],
  ["2 hour", 7_200_000],
  ["2hours", 7_200_000],
  ["1 d", 86_400_000],
  ["1 day", 86_400_000],
  ["3 days", 259_200_000],
  ["100 micro", 0],
  ["2500 micros", 2],
  ["2500 microsecond", 2],
  ["2500 microseconds", 2],
  ["2500 µs", 2],
  ["2500 \u03bcs", 2],
  ["2999999 ns", 2],
  ["3000000 nano", 3],
  ["3000000 nanos", 3],
  ["3000000 nanosecond", 3],
  ["3000000 nanoseconds", 3],
  ["  7   Seconds  ", 7000],
  ["7 SEC", 7000],
  ["1.5 s", 1500],
  ["0.1 s", 100],
  ["1.1 min", 66_000],
  ["1e3 ms", 1000],
  ["PT1H30M", 5_400_000],
  ["pt10s", 10_000],
  ["P2DT3H4M", 183_840_000],
  ["PT0.5S", 500],
  ["PT-6H+3M", -21_420_000],
];

Deno.test("text in all of Flink's unit words, and ISO-8601", () => {
  for (const [text, millis] of TEXTS) {
    assert.equal(toMillis(text as DurationText), millis, text);
    if (millis >= 0) assert.equal(parseDuration(text), millis, text);
  }
});

Deno.test("what is no duration is refused, with the units named", () => {
  for (
    const text of [
      "",
      " ",
      "s",
      "10 parsecs",
      "ten s",
      "10 s s",
      "P",
      "PT",
      "P1Y",
      "P1M",
      "P1W",
      "-",
      "1e400 s",
      "0x10 s",
    ]
  ) {
    assert.throws(() => parseDuration(text), { code: "TSF-2107" }, JSON.stringify(text));
  }
  assert.throws(() => parseDuration("10 secc"), /SECONDS: \(s \| sec \| secs \| second \| seconds\)/);
  for (const bad of [NaN, Infinity, -Infinity, 1e300, null, undefined, {}, true, new Date()]) {
    assert.throws(() => toMillis(bad as DurationLike), { code: "TSF-2107" }, String(bad));
  }
});

Deno.test("negative text is a bound, not a setting", () => {
  assert.equal(toMillis("-5 s"), -5000);
  assert.equal(toMillis("-1.5s"), -1500);
  for (const text of ["-5 s", "-PT5S", "PT-5S", "-1"]) assert.throws(() => parseDuration(text), { code: "TSF-2107" });
  assert.equal(parseDuration("-0 s"), 0);
});

Deno.test("Temporal.Duration: exact units only", () => {
  assert.equal(
    toMillis(Temporal.Duration.from({ days: 1, hours: 2, minutes: 3, seconds: 4, milliseconds: 5 })),
    93784005,
  );
  assert.equal(toMillis(Temporal.Duration.from({ microseconds: 1999 })), 1);
  assert.equal(toMillis(Temporal.Duration.from({ milliseconds: 1, microseconds: 999, nanoseconds: 1000 })), 2);
  assert.equal(toMillis(Temporal.Duration.from({ seconds: -3 })), -3000);
  for (const inexact of [{ weeks: 1 }, { months: 1 }, { years: 1 }, { years: 1, hours: 1 }]) {
    assert.throws(() => toMillis(Temporal.Duration.from(inexact)), { code: "TSF-2107" });
  }
});

Deno.test("Duration", () => {
  assert.equal(Duration.ofMillis(1.9).toMillis(), 1);
  assert.equal(Duration.ofSeconds(1.1).toMillis(), 1100);
  assert.equal(Duration.ofMinutes(2).toMillis(), 120_000);
  assert.equal(Duration.ofHours(-1).toMillis(), -3_600_000);
  assert.equal(Duration.ofDays(1).toMillis(), 86_400_000);
  assert.equal(toMillis(Duration.parse("10 sec")), 10_000);
  assert.equal(toMillis({ toMillis: () => 5 } as unknown as Duration), 5, "of another copy of tsflink");
  const printed = [[0, "0 ms"], [1, "1 ms"], [60_000, "1 min"], [3_601_000, "3601 s"], [172_800_000, "2 d"]] as const;
  for (const [ms, text] of printed) assert.equal(String(Duration.ofMillis(ms)), text);
});

Deno.test("what is printed reads back", () => {
  fc.assert(fc.property(fc.nat(), (ms) => parseDuration(String(Duration.ofMillis(ms))) === ms));
});

Deno.test("only the short units compile", () => {
  const good: DurationLike[] = [
    "10 s",
    "10s",
    "5 min",
    "250ms",
    "1 h",
    "2 d",
    "-5 s",
    "1.5 s",
    10,
    Duration.ofMillis(1),
  ];
  good.push(Temporal.Duration.from("PT1S"));
  // @ts-expect-error "sec" is for the run-time parser
  const sec: DurationText = "10 sec";
  // @ts-expect-error spelled out
  const minutes: DurationText = "5 minutes";
  // @ts-expect-error "m" is easily taken for months
  const m: DurationText = "5 m";
  // @ts-expect-error no unit
  const none: DurationText = "5";
  for (const each of [sec, minutes, m, none, ...good]) assert.ok(Number.isInteger(toMillis(each)));
});
