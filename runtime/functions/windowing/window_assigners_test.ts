import assert from "node:assert/strict";
import fc from "fast-check";
import { NO_TIMESTAMP } from "../../types/stream_element.ts";
import { staggerOffset } from "./time_window.ts";
import type { DurationLike } from "../../types/duration.ts";
import {
  CumulativeEventTimeWindows,
  CumulativeProcessingTimeWindows,
  EventTimeSessionWindows,
  GlobalWindow,
  GlobalWindows,
  ProcessingTimeSessionWindows,
  SlidingEventTimeWindows,
  SlidingProcessingTimeWindows,
  TimeWindow,
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
  WindowStagger,
} from "./window_assigners.ts";
import type { Window, WindowAssigner, WindowAssignerContext } from "./windows.ts";

type TimeAssigner = WindowAssigner<unknown, TimeWindow>;

/** A context whose clock stands at `now`. */
function at(now: number, nextRandom?: () => number): WindowAssignerContext {
  return { getCurrentProcessingTime: () => now, ...(nextRandom && { nextRandom }) };
}
/** Windows as "start..end", in the order the assigner gives them. */
function windows(assigner: TimeAssigner, timestamp: number, now = -1): string {
  return assigner.assignWindows("x", timestamp, at(now)).map((w) => `${w.start}..${w.end}`).join(" ");
}
/** The processing-time twin gets its time from the clock and must ignore the timestamp. */
function check(assigners: { event: TimeAssigner; processing: TimeAssigner }, time: number, expected: string): void {
  assert.equal(windows(assigners.event, time), expected, `${assigners.event} at ${time}`);
  assert.equal(windows(assigners.processing, NO_TIMESTAMP, time), expected, `${assigners.processing} at ${time}`);
}

Deno.test("tumbling windows: grid, offsets of both signs, times before the epoch", () => {
  const cases: [size: DurationLike, offset: DurationLike, time: number, expected: string][] = [
    [5000, 0, 0, "0..5000"],
    [5000, 0, 4999, "0..5000"],
    [5000, 0, 5000, "5000..10000"],
    [5000, 0, -1, "-5000..0"],
    [5000, 0, -5000, "-5000..0"],
    [5000, 0, -5001, "-10000..-5000"],
    [5000, 100, 0, "-4900..100"],
    [5000, 100, 100, "100..5100"],
    [5000, 100, 5099, "100..5100"],
    [5000, 100, 5100, "5100..10100"],
    [5000, -100, 0, "-100..4900"],
    [5000, -100, 4899, "-100..4900"],
    [5000, -100, 4900, "4900..9900"],
    [5000, -100, -101, "-5100..-100"],
    ["1 s", "500 ms", 5099, "4500..5500"],
    ["1 d", "-8 h", 0, "-28800000..57600000"],
    ["1 d", "-8 h", 57_599_999, "-28800000..57600000"],
    ["1 d", "-8 h", 57_600_000, "57600000..144000000"],
    [7, 6, -1, "-1..6"],
    [7, -6, -1, "-6..1"],
    [1, 0, 3, "3..4"],
  ];
  for (const [size, offset, time, expected] of cases) {
    check(
      {
        event: TumblingEventTimeWindows.of(size, offset),
        processing: TumblingProcessingTimeWindows.of(size, offset),
      },
      time,
      expected,
    );
  }
});

Deno.test("sliding windows: latest first; gaps when the slide is larger than the size", () => {
  const cases: [size: DurationLike, slide: DurationLike, offset: DurationLike, time: number, expected: string][] = [
    [5000, 1000, 0, 0, "0..5000 -1000..4000 -2000..3000 -3000..2000 -4000..1000"],
    [5000, 1000, 0, 4999, "4000..9000 3000..8000 2000..7000 1000..6000 0..5000"],
    [5000, 1000, 0, 5000, "5000..10000 4000..9000 3000..8000 2000..7000 1000..6000"],
    [5000, 1000, 100, 0, "-900..4100 -1900..3100 -2900..2100 -3900..1100 -4900..100"],
    [5000, 1000, -100, 4899, "3900..8900 2900..7900 1900..6900 900..5900 -100..4900"],
    [10, 3, 0, 10, "9..19 6..16 3..13"],
    [10, 3, 0, 11, "9..19 6..16 3..13"],
    [10, 3, 0, 12, "12..22 9..19 6..16 3..13"],
    [10, 3, 0, -1, "-3..7 -6..4 -9..1"],
    [5, 10, 0, 4, "0..5"],
    [5, 10, 0, 5, ""],
    [5, 10, 0, 9, ""],
    [5, 10, 0, -7, "-10..-5"],
    [5, 10, 3, -3, "-7..-2"],
    [5, 5, 0, 7, "5..10"],
  ];
  for (const [size, slide, offset, time, expected] of cases) {
    check(
      {
        event: SlidingEventTimeWindows.of(size, slide, offset),
        processing: SlidingProcessingTimeWindows.of(size, slide, offset),
      },
      time,
      expected,
    );
  }
});

Deno.test("cumulative windows: one start, ends growing by the step", () => {
  const cases: [size: DurationLike, step: DurationLike, offset: DurationLike, time: number, expected: string][] = [
    [30, 10, 0, 0, "0..10 0..20 0..30"],
    [30, 10, 0, 9, "0..10 0..20 0..30"],
    [30, 10, 0, 10, "0..20 0..30"],
    [30, 10, 0, 29, "0..30"],
    [30, 10, 0, 30, "30..40 30..50 30..60"],
    [30, 10, 0, -1, "-30..0"],
    [30, 10, 0, -11, "-30..-10 -30..0"],
    [30, 10, 5, 4, "-25..5"],
    [30, 10, 5, 5, "5..15 5..25 5..35"],
    [30, 10, -5, 24, "-5..25"],
    [10, 10, 0, 3, "0..10"],
  ];
  for (const [size, step, offset, time, expected] of cases) {
    check(
      {
        event: CumulativeEventTimeWindows.of(size, step, offset),
        processing: CumulativeProcessingTimeWindows.of(size, step, offset),
      },
      time,
      expected,
    );
  }
});

Deno.test("windows contain the time, and no other window of the grid does", () => {
  const time = fc.integer({ min: -1e12, max: 1e12 });
  const length = fc.integer({ min: 1, max: 1000 });
  fc.assert(
    fc.property(time, length, length, fc.double({ min: -0.99, max: 0.99, noNaN: true }), (t, size, slide, f) => {
      const offset = Math.trunc(slide * f);
      const starts = SlidingEventTimeWindows.of(size, slide, offset).assignWindows("x", t, at(0)).map((w) => w.start);
      // Oracle: walk over all starts near t and keep those whose window contains it.
      const expected: number[] = [];
      for (let s = t; s > t - size; s--) if ((((s - offset) % slide) + slide) % slide === 0) expected.push(s);
      assert.deepEqual(starts, expected);
      const [tumbling] = TumblingEventTimeWindows.of(slide, offset).assignWindows("x", t, at(0));
      assert.ok(tumbling.start <= t && t < tumbling.end && tumbling.end - tumbling.start === slide);
      assert.equal((((tumbling.start - offset) % slide) + slide) % slide, 0);
    }),
  );
});

Deno.test("session windows open a window of the length of the gap", () => {
  const dynamic = (element: { gap: DurationLike }) => element.gap;
  assert.equal(windows(EventTimeSessionWindows.withGap("5 s"), 4999), "4999..9999");
  assert.equal(windows(EventTimeSessionWindows.withGap(1), -1), "-1..0");
  assert.equal(windows(ProcessingTimeSessionWindows.withGap(5000), NO_TIMESTAMP, 7), "7..5007");
  for (const extractor of [dynamic, { extract: dynamic }]) {
    const event = EventTimeSessionWindows.withDynamicGap(extractor);
    const processing = ProcessingTimeSessionWindows.withDynamicGap(extractor);
    assert.deepEqual(event.assignWindows({ gap: "3 ms" }, 10, at(0)), [new TimeWindow(10, 13)]);
    assert.deepEqual(processing.assignWindows({ gap: 4 }, NO_TIMESTAMP, at(20)), [new TimeWindow(20, 24)]);
    for (const gap of [0, -1]) {
      assert.throws(() => event.assignWindows({ gap }, 10, at(0)), { code: "TSF-2204" });
      assert.throws(() => processing.assignWindows({ gap }, 10, at(0)), { code: "TSF-2204" });
    }
    assert.equal(String(event), "DynamicEventTimeSessionWindows()");
    assert.equal(String(processing), "DynamicProcessingTimeSessionWindows()");
  }
});

Deno.test("merging: overlapping and touching windows become one, equal ones are no merge", () => {
  const cases: [windows: [number, number][], expected: string][] = [
    [[], ""],
    [[[0, 1]], ""],
    [[[0, 1], [0, 1]], ""],
    [[[0, 1], [2, 3]], ""],
    [[[0, 1], [1, 2]], "0..2=0..1+1..2"],
    [[[1, 2], [0, 1]], "0..2=0..1+1..2"],
    [[[0, 1], [1, 2], [2, 3], [4, 5], [5, 6]], "0..3=0..1+1..2+2..3 4..6=4..5+5..6"],
    [[[0, 10], [2, 3]], "0..10=0..10+2..3"],
    [[[0, 10], [2, 3], [11, 12]], "0..10=0..10+2..3"],
    [[[0, 10], [0, 10], [2, 3], [2, 3]], "0..10=0..10+2..3"],
    [[[-5, -1], [-1, 0]], "-5..0=-5..-1+-1..0"],
    [[[0, 5], [0, 3], [4, 8]], "0..8=0..3+0..5+4..8"],
  ];
  const show = (w: TimeWindow) => `${w.start}..${w.end}`;
  for (const assigner of [EventTimeSessionWindows.withGap(1), ProcessingTimeSessionWindows.withGap(1)]) {
    for (const [given, expected] of cases) {
      const merges: string[] = [];
      assigner.mergeWindows(
        given.map(([start, end]) => new TimeWindow(start, end)),
        (parts, result) => merges.push(`${show(result)}=${parts.map(show).join("+")}`),
      );
      assert.equal(merges.join(" "), expected, JSON.stringify(given));
    }
  }
});

Deno.test("parameters that do not fit are refused", () => {
  const cases: [string, () => unknown, RegExp][] = [
    ["tumbling size 0", () => TumblingEventTimeWindows.of(0), /abs\(offset\) < size/],
    ["tumbling size < 0", () => TumblingProcessingTimeWindows.of(-1), /size > 0/],
    ["tumbling offset = size", () => TumblingEventTimeWindows.of("10 s", "10 s"), /offset 10000 ms/],
    ["tumbling offset > size", () => TumblingEventTimeWindows.of("10 s", "20 s"), /abs\(offset\) < size/],
    ["tumbling offset = -size", () => TumblingProcessingTimeWindows.of("10 s", "-10 s"), /offset -10000 ms/],
    ["tumbling stagger", () => TumblingEventTimeWindows.of(1, 0, "LATE" as never), /ALIGNED, RANDOM or NATURAL/],
    ["sliding size 0", () => SlidingEventTimeWindows.of(0, 5), /size > 0/],
    ["sliding size < 0", () => SlidingProcessingTimeWindows.of(-2, 1), /size > 0/],
    ["sliding slide 0", () => SlidingEventTimeWindows.of(5, 0), /abs\(offset\) < slide/],
    ["sliding slide < 0", () => SlidingProcessingTimeWindows.of(5, -1), /abs\(offset\) < slide/],
    ["sliding offset = slide", () => SlidingEventTimeWindows.of(20, 10, 10), /offset 10 ms/],
    ["sliding offset = -slide", () => SlidingProcessingTimeWindows.of(20, 10, -10), /offset -10 ms/],
    ["sliding too many", () => SlidingEventTimeWindows.of(10_000_001, 1), /size \/ slide <= 10000000/],
    ["cumulative size 0", () => CumulativeEventTimeWindows.of(0, 1), /size > 0 and step > 0/],
    ["cumulative step 0", () => CumulativeProcessingTimeWindows.of(1, 0), /size > 0 and step > 0/],
    ["cumulative no multiple", () => CumulativeEventTimeWindows.of(10, 3), /multiple of the step/],
    ["cumulative step > size", () => CumulativeProcessingTimeWindows.of(10, 20), /multiple of the step/],
    ["cumulative offset", () => CumulativeEventTimeWindows.of(10, 5, -10), /abs\(offset\) < size/],
    ["session gap 0", () => EventTimeSessionWindows.withGap(0), /gap > 0/],
    ["session gap < 0", () => ProcessingTimeSessionWindows.withGap(-1), /gap > 0/],
  ];
  for (const [name, make, expected] of cases) {
    assert.throws(
      make,
      (e: { code: string; message: string }) => e.code === "TSF-1701" && expected.test(e.message),
      name,
    );
  }
});

Deno.test("event-time assigners refuse a record without timestamp and say how to get one", () => {
  const assigners: TimeAssigner[] = [
    TumblingEventTimeWindows.of(5),
    SlidingEventTimeWindows.of(10, 5),
    CumulativeEventTimeWindows.of(10, 5),
    EventTimeSessionWindows.withGap(5),
    EventTimeSessionWindows.withDynamicGap(() => 5),
  ];
  for (const assigner of assigners) {
    assert.throws(
      () => assigner.assignWindows("x", NO_TIMESTAMP, at(0)),
      (e: { code: string; message: string }) =>
        e.code === "TSF-2201" && /assignTimestampsAndWatermarks/.test(e.message) &&
        e.message.includes(String(assigner)),
    );
  }
});

Deno.test("stagger shifts the grid once, at the first record", () => {
  for (const { of } of [TumblingEventTimeWindows, TumblingProcessingTimeWindows]) {
    const start = (assigner: TimeAssigner, time: number, now: number, random?: () => number) =>
      assigner.assignWindows("x", time, at(now, random))[0].start;
    const isEvent = of(1).isEventTime();
    // NATURAL: the first record comes 150 ms after the start of an aligned window.
    const natural = of(5000, 0, WindowStagger.NATURAL);
    assert.equal(start(natural, 150, 150), 150);
    assert.equal(start(natural, 5149, isEvent ? 777 : 5149), 150, "the shift stays");
    assert.equal(start(natural, 5150, isEvent ? 777 : 5150), 5150);
    // With an offset both shifts add up, modulo the size.
    assert.equal(start(of(5000, 4900, WindowStagger.NATURAL), 5150, 5150), 5050);
    assert.equal(start(of(5000, -200, WindowStagger.NATURAL), 5150, 5150), 4950);
    const random = of(5000, 0, WindowStagger.RANDOM);
    assert.equal(start(random, 10_000, 10_000, () => 0.5), 7500);
    assert.equal(start(random, 12_500, 12_500, () => 0.1), 12_500, "drawn once");
    assert.equal(start(of(5000, 0, "ALIGNED"), 10_007, 10_007, () => 0.5), 10_000);
  }
  assert.equal(staggerOffset("NATURAL", 1000, at(-1)), 999);
  for (let now = 0; now < 2000; now += 7) {
    const shift = staggerOffset("RANDOM", 10, at(now));
    assert.ok(Number.isInteger(shift) && shift >= 0 && shift < 10);
  }
});

Deno.test("names, triggers and time domains", () => {
  const cases: [WindowAssigner<unknown, Window>, string, string, boolean][] = [
    [TumblingEventTimeWindows.of(5000, 100), "TumblingEventTimeWindows(5000)", "EventTimeTrigger()", true],
    [TumblingProcessingTimeWindows.of(5000), "TumblingProcessingTimeWindows(5000)", "ProcessingTimeTrigger()", false],
    [SlidingEventTimeWindows.of(50, 10), "SlidingEventTimeWindows(50, 10)", "EventTimeTrigger()", true],
    [SlidingProcessingTimeWindows.of(50, 10), "SlidingProcessingTimeWindows(50, 10)", "ProcessingTimeTrigger()", false],
    [CumulativeEventTimeWindows.of(50, 10), "CumulativeEventTimeWindows(50, 10)", "EventTimeTrigger()", true],
    [
      CumulativeProcessingTimeWindows.of(50, 10),
      "CumulativeProcessingTimeWindows(50, 10)",
      "ProcessingTimeTrigger()",
      false,
    ],
    [EventTimeSessionWindows.withGap(7), "EventTimeSessionWindows(7)", "EventTimeTrigger()", true],
    [ProcessingTimeSessionWindows.withGap(7), "ProcessingTimeSessionWindows(7)", "ProcessingTimeTrigger()", false],
    [GlobalWindows.create(), "GlobalWindows(trigger=NeverTrigger)", "NeverTrigger", false],
    [
      GlobalWindows.createWithEndOfStreamTrigger(),
      "GlobalWindows(trigger=EndOfStreamTrigger)",
      "EndOfStreamTrigger",
      false,
    ],
  ];
  for (const [assigner, text, trigger, isEventTime] of cases) {
    assert.equal(String(assigner), text);
    assert.equal(String(assigner.getDefaultTrigger()), trigger);
    assert.equal(assigner.isEventTime(), isEventTime);
  }
  assert.equal(SlidingEventTimeWindows.of("1 s", 200).getSize(), 1000);
  assert.equal(SlidingProcessingTimeWindows.of("1 s", 200).getSlide(), 200);
});

Deno.test("windows and their namespaces: equal windows, equal texts", () => {
  const codec = TumblingEventTimeWindows.of(5).windowCodec;
  for (const [start, end] of [[0, 5], [-5, 0], [-1, 1], [1_700_000_000_000, 1_700_000_005_000]]) {
    const window = new TimeWindow(start, end);
    assert.deepEqual(codec.fromNamespace(codec.toNamespace(window)), window);
    assert.ok(window.equals(new TimeWindow(start, end)) && !window.equals(new TimeWindow(start, end + 1)));
    assert.equal(window.maxTimestamp(), end - 1);
  }
  assert.equal(codec.toNamespace(new TimeWindow(-0, 1)), codec.toNamespace(new TimeWindow(0, 1)));
  assert.deepEqual(new TimeWindow(-0, 1), new TimeWindow(0, 1));
  assert.notEqual(codec.toNamespace(new TimeWindow(1, 23)), codec.toNamespace(new TimeWindow(12, 3)));
  assert.equal(String(new TimeWindow(-1, 2)), "TimeWindow{start=-1, end=2}");

  const global = GlobalWindows.create();
  const [window] = global.assignWindows("x", NO_TIMESTAMP, at(0));
  assert.equal(window, GlobalWindow.get());
  assert.equal(window.maxTimestamp(), Number.MAX_SAFE_INTEGER);
  assert.equal(global.windowCodec.fromNamespace(global.windowCodec.toNamespace(window)), window);
  assert.notEqual(global.windowCodec.toNamespace(window), "", "the empty namespace belongs to the key alone");
});

Deno.test("window geometry: touching windows intersect, covers span both", () => {
  const cases: [a: [number, number], b: [number, number], intersects: boolean][] = [
    [[0, 5], [5, 8], true],
    [[0, 5], [6, 8], false],
    [[0, 5], [1, 2], true],
    [[0, 5], [-3, 0], true],
    [[0, 5], [-3, -1], false],
  ];
  for (const [a, b, expected] of cases) {
    const [x, y] = [new TimeWindow(...a), new TimeWindow(...b)];
    assert.equal(x.intersects(y), expected);
    assert.equal(y.intersects(x), expected);
    assert.deepEqual(x.cover(y), new TimeWindow(Math.min(a[0], b[0]), Math.max(a[1], b[1])));
  }
});
