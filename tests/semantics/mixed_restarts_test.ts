/** Jobs that stop in the middle and go on from a snapshot; the watermark itself is in no snapshot, as in Flink. */

import assert from "node:assert/strict";
import { EventTimeSessionWindows, type SingleOutputStreamOperator, TumblingEventTimeWindows } from "tsflink";
import { add, type AnyStream, LATE, type Rec, runJob, showing, total } from "./job_script.ts";

type Stream = SingleOutputStreamOperator<Rec>;
const key = (rec: Rec): string => rec.k;
const T5 = TumblingEventTimeWindows.of(5);

const table: [
  name: string,
  scripts: string | string[],
  build: (a: Stream, b: Stream) => AnyStream,
  expected: string,
][] = [
  [
    "a window join: both sides of a window",
    ["a1@1 | w3 a3@4 w20", "a10@2 | w3 a30@3 w20"],
    (a, b) => a.join(b).where(key).equalTo(key).window(T5).apply((l, r) => `${l.v},${r.v}`),
    "w3 1,10@4 1,30@4 3,10@4 3,30@4 w20 W",
  ],
  [
    "an interval join: what waits on both sides",
    ["a1@1 a2@4 | a3@5 w20", "t1 | a10@2 a30@5 w20"],
    (a, b) =>
      a.keyBy(key).intervalJoin(b.keyBy(key)).between(-1, 1)
        .process<string>({ processElement: (l, r, _ctx, out) => out.collect(`${l.v},${r.v}`) }),
    "1,10@2 2,30@5 3,30@5 w20 W",
  ],
  [
    "a sliding count window: count and elements",
    "a1 a2 | a3 a4 | a5",
    (a) => a.keyBy(key).countWindow(3, 2).process(showing),
    "a=1+2[*]@max a=2+3+4[*]@max W",
  ],
  [
    "late before is not late after: event time starts anew",
    "a1@1 w10 | a2@3 a3@11",
    (a) => a.keyBy(key).window(T5).sideOutputLateData(LATE).process(showing),
    "a=1[0..5)@4 w10 a=2[0..5)@4 a=3[10..15)@14 W",
  ],
  [
    "a window kept by its lateness: its content comes along",
    "a1@1 w4 | a2@2 w20",
    (a) => a.windowAll(T5).allowedLateness(5).reduce(add),
    "a1@4 w4 a3@4 w20 W",
  ],
  [
    "sessions from before grow together",
    "a1@0 a2@9 | a3@4 w50",
    (a) => a.keyBy(key).window(EventTimeSessionWindows.withGap(6)).aggregate(total),
    "6@14 w50 W",
  ],
];
for (const [name, scripts, build, expected] of table) {
  Deno.test(`restart: ${name}`, async () => {
    assert.equal(await runJob(scripts, { build: ([a, b]) => build(a, b) }), expected);
  });
}
