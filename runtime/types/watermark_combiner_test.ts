import assert from "node:assert/strict";
import fc from "fast-check";
import { MAX_WATERMARK, MIN_WATERMARK, type WatermarkStatus } from "./stream_element.ts";
import { WatermarkCombiner, type WatermarkCombinerMode } from "./watermark_combiner.ts";

type Step = readonly [input: number, what: number | WatermarkStatus];

/** What is passed on for one step: the risen watermark, then a changed status. */
function feed(combiner: WatermarkCombiner, [input, what]: Step): string {
  const before = combiner.status;
  const rose = typeof what === "number" ? combiner.watermark(input, what) : combiner.setStatus(input, what);
  const out: string[] = [];
  if (rose) out.push(combiner.current === MAX_WATERMARK ? "max" : String(combiner.current));
  if (combiner.status !== before) out.push(combiner.status);
  return out.join(" ");
}

/** "0 25" = watermark 25 on input 0, "1 idle" = a status, "0 max" = the end of input 0. */
function parse(text: string): Step {
  const [input, what] = text.split(" ");
  if (what === "max") return [Number(input), MAX_WATERMARK];
  return [Number(input), /^-?\d+$/.test(what) ? Number(what) : what as WatermarkStatus];
}

/** Each line is "step -> expected output"; a name, the number of inputs and the modes it holds for come first. */
const CASES: readonly [name: string, inputs: number, modes: WatermarkCombinerMode[], script: string][] = [
  ["one input, rising", 1, ["channels", "inputs"], "0 0 -> 0; 0 25 -> 25; 0 18 ->; 0 25 ->; 0 42 -> 42"],
  ["below zero", 2, ["channels", "inputs"], "0 -50 ->; 1 -20 -> -50; 0 -10 -> -20"],
  ["toggling", 1, ["channels", "inputs"], "0 active ->; 0 idle -> idle; 0 idle ->; 0 active -> active; 0 active ->"],
  ["toggling of two", 2, ["channels", "inputs"], "1 idle ->; 0 idle -> idle; 1 active -> active; 0 active ->"],
  [
    "a valve ignores watermarks while idle",
    1,
    ["channels"],
    "0 25 -> 25; 0 idle -> idle; 0 50 ->; 0 active -> active; 0 50 -> 50",
  ],
  ["an idle input is woken by a watermark", 1, ["inputs"], "0 25 -> 25; 0 idle -> idle; 0 50 -> 50 active"],
  ["first watermark needs all", 3, ["channels", "inputs"], "0 0 ->; 1 0 ->; 2 0 -> 0"],
  [
    "rising",
    3,
    ["channels", "inputs"],
    "0 0 ->; 1 0 ->; 2 0 -> 0; 0 12 ->; 2 8 ->; 2 10 ->; 1 15 -> 10; 2 17 -> 12; 0 20 -> 15",
  ],
  ["falling", 3, ["channels", "inputs"], "0 25 ->; 1 10 ->; 2 17 -> 10; 0 12 ->; 1 8 ->; 2 15 ->"],
  ["partly idle", 3, ["channels", "inputs"], "0 15 ->; 1 10 ->; 2 idle -> 10; 1 18 -> 15; 0 20 -> 18"],
  [
    "idle one by one",
    3,
    ["channels", "inputs"],
    "0 25 ->; 1 10 ->; 2 17 -> 10; 1 idle -> 17; 2 idle -> 25; 0 idle -> idle",
  ],
  [
    "the largest is let out when all are idle",
    3,
    ["channels", "inputs"],
    "0 10 ->; 1 5 ->; 2 3 -> 3; 0 idle ->; 1 idle ->; 2 idle -> 10 idle",
  ],
  [
    "any order of going idle ends at the largest",
    2,
    ["channels", "inputs"],
    "0 5 ->; 1 4 -> 4; 1 idle -> 5; 0 idle -> idle",
  ],
  ["idle before any watermark", 2, ["channels", "inputs"], "0 idle ->; 1 idle -> idle; 0 active -> active; 0 7 -> 7"],
  [
    "a channel that comes back catches up first",
    3,
    ["channels"],
    "0 10 ->; 1 7 ->; 2 3 -> 3; 2 idle -> 7; 2 active ->; 2 5 ->; 2 9 ->; 1 12 -> 9",
  ],
  [
    "an input that comes back holds the others back",
    2,
    ["inputs"],
    "0 10 ->; 1 3 -> 3; 1 idle -> 10; 1 active ->; 0 20 ->; 1 15 -> 15",
  ],
  [
    "a channel that comes back does not",
    2,
    ["channels"],
    "0 10 ->; 1 3 -> 3; 1 idle -> 10; 1 active ->; 0 20 -> 20; 1 15 ->; 1 21 ->; 0 22 -> 21",
  ],
  [
    "nothing moves while the only active channel lags",
    3,
    ["channels"],
    "0 10 ->; 1 7 ->; 2 idle -> 7; 2 active ->; 0 idle ->; 1 idle ->; 2 5 ->; 2 7 ->; 2 8 -> 8",
  ],
  // The lagging channel was not the minimum, so Flink's valve does not flush.
  [
    "a lagging last channel does not flush",
    3,
    ["channels"],
    "0 20 ->; 1 10 ->; 2 idle -> 10; 2 active ->; 0 idle ->; 1 idle ->; 2 idle -> idle",
  ],
  [
    "inputs flush then",
    3,
    ["inputs"],
    "0 20 ->; 1 10 ->; 2 idle -> 10; 2 active ->; 0 idle ->; 1 idle ->; 2 idle -> 20 idle",
  ],
  [
    "coming back above the minimum moves nothing by itself",
    2,
    ["channels"],
    "0 20 ->; 1 5 -> 5; 0 idle ->; 0 active ->; 1 6 -> 6",
  ],
  // FLINK-38477 and around it.
  [
    "max of the only input",
    1,
    ["channels", "inputs"],
    "0 5 -> 5; 0 max -> max finished; 0 idle ->; 0 active ->; 0 max ->",
  ],
  [
    "a finished input does not dominate an active one",
    2,
    ["channels", "inputs"],
    "0 5 ->; 1 3 -> 3; 0 max ->; 1 9 -> 9; 1 max -> max finished",
  ],
  ["a finished input does not hold back", 2, ["channels", "inputs"], "0 1 ->; 1 9 -> 1; 0 max -> 9; 1 10 -> 10"],
  [
    "a finished input does not dominate an idle one",
    2,
    ["channels", "inputs"],
    "0 5 ->; 1 3 -> 3; 0 max ->; 1 idle -> idle; 1 active -> active; 1 4 -> 4",
  ],
  [
    "the last active input finishes, the idle ones flush",
    2,
    ["channels", "inputs"],
    "0 5 ->; 1 3 -> 3; 0 idle ->; 1 max -> 5 idle; 0 active -> active; 0 8 -> 8; 0 max -> max finished",
  ],
  [
    "an idle input finishes",
    2,
    ["channels", "inputs"],
    "0 5 ->; 1 3 -> 3; 0 idle ->; 0 max ->; 1 7 -> 7; 1 max -> max finished",
  ],
  [
    "all idle, then finished one by one",
    2,
    ["channels", "inputs"],
    "0 5 ->; 1 3 -> 3; 0 idle ->; 1 idle -> 5 idle; 0 max ->; 1 max -> max finished",
  ],
  [
    "the status alone finishes",
    2,
    ["channels", "inputs"],
    "0 5 ->; 1 3 -> 3; 1 finished -> 5; 0 finished -> max finished",
  ],
  ["finished is for good", 2, ["channels", "inputs"], "0 max ->; 0 active ->; 0 50 ->; 1 3 -> 3; 1 idle -> idle"],
  [
    "a lagging channel and a finished one",
    3,
    ["channels"],
    "0 10 ->; 1 7 ->; 2 idle -> 7; 2 active ->; 0 max ->; 1 max ->; 2 6 ->; 2 8 -> 8",
  ],
];

for (const [name, inputs, modes, script] of CASES) {
  for (const mode of modes) {
    Deno.test(`combiner of ${mode}: ${name}`, () => {
      const combiner = new WatermarkCombiner(inputs, mode);
      for (const line of script.split(";")) {
        const [step, expected] = line.split("->").map((part) => part.trim());
        assert.equal(feed(combiner, parse(step)), expected, `after "${step}" in "${script}"`);
      }
    });
  }
}

Deno.test("a combiner starts active at the lowest watermark and shows its inputs", () => {
  const combiner = new WatermarkCombiner(2);
  assert.deepEqual([combiner.current, combiner.status], [MIN_WATERMARK, "active"]);
  combiner.watermark(0, 7);
  combiner.setStatus(1, "finished");
  assert.deepEqual([combiner.inputWatermark(0), combiner.inputStatus(0)], [7, "active"]);
  assert.deepEqual([combiner.inputWatermark(1), combiner.inputStatus(1)], [MAX_WATERMARK, "finished"]);
});

/** Recomputes everything from a list of plain records, as the rules are told; shares no code with the combiner. */
class Oracle {
  readonly inputs: { wm: number; status: WatermarkStatus; lags: boolean }[];
  current = MIN_WATERMARK;
  status: WatermarkStatus = "active";
  constructor(n: number, readonly mode: WatermarkCombinerMode) {
    this.inputs = Array.from({ length: n }, () => ({ wm: MIN_WATERMARK, status: "active" as const, lags: false }));
  }
  step([index, what]: Step): string {
    const input = this.inputs[index];
    if (input.status === "finished") return "";
    const out: string[] = [];
    const emit = (wm: number) => {
      if (wm <= this.current) return;
      this.current = wm;
      out.push(wm === MAX_WATERMARK ? "max" : String(wm));
    };
    const of = (status: WatermarkStatus) => this.inputs.filter((one) => one.status === status);
    const minimum = (all: { wm: number }[]) => all.length > 0 && emit(Math.min(...all.map((one) => one.wm)));
    const maximum = () => emit(Math.max(...of("idle").map((one) => one.wm)));
    const change = what === MAX_WATERMARK ? "finished" : what;
    if (this.mode === "inputs") {
      if (typeof change === "number") Object.assign(input, { wm: Math.max(input.wm, change), status: "active" });
      else input.status = change;
      if (of("active").length > 0) minimum(of("active"));
      else if (of("idle").length > 0) maximum();
    } else if (typeof change === "number") {
      if (input.status === "idle" || change <= input.wm) return "";
      input.wm = change;
      if (change >= this.current) input.lags = false;
      minimum(of("active").filter((one) => !one.lags));
    } else if (change !== input.status) {
      const held = input.wm === this.current || change === "finished";
      input.status = change;
      input.lags = change === "active" && input.wm < this.current;
      if (change !== "active" && held) {
        if (of("active").length > 0) minimum(of("active").filter((one) => !one.lags));
        else if (of("idle").length > 0) maximum();
      }
    }
    const status = of("active").length > 0 ? "active" : of("idle").length > 0 ? "idle" : "finished";
    if (status === "finished") emit(MAX_WATERMARK);
    if (status !== this.status) out.push(status);
    this.status = status;
    return out.join(" ");
  }
}

for (const mode of ["channels", "inputs"] as const) {
  Deno.test(`combiner of ${mode} does what the slow oracle does, never goes back, reaches MAX only at the end`, () => {
    const inputs = 4;
    const step: fc.Arbitrary<Step> = fc.tuple(
      fc.nat({ max: inputs - 1 }),
      fc.oneof(
        { weight: 10, arbitrary: fc.integer({ min: -5, max: 30 }) },
        { weight: 4, arbitrary: fc.constantFrom<WatermarkStatus>("idle", "active") },
        { weight: 1, arbitrary: fc.constantFrom<number | WatermarkStatus>("finished", MAX_WATERMARK) },
      ),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: inputs }), fc.array(step, { maxLength: 60, size: "max" }), (n, steps) => {
        const combiner = new WatermarkCombiner(n, mode);
        const oracle = new Oracle(n, mode);
        let last = MIN_WATERMARK;
        for (const one of steps) {
          if (one[0] >= n) continue;
          assert.equal(feed(combiner, one), oracle.step(one), JSON.stringify(one));
          assert.ok(combiner.current >= last);
          assert.equal(combiner.current === MAX_WATERMARK, combiner.status === "finished");
          last = combiner.current;
        }
      }),
      { numRuns: 500, seed: 20260723 },
    );
  });
}
