import assert from "node:assert/strict";
import { TwoInputStreamOperatorTestHarness } from "../testing/two_input_harness.ts";
import { MAX_WATERMARK } from "../types/stream_element.ts";
import { StreamOperator } from "./operator.ts";

class Forward extends StreamOperator<string> {
  constructor() {
    super(2);
  }
  override processElement1(value: unknown, timestamp: number): void {
    this.output.emit(value as string, timestamp);
  }
  override processElement2(value: unknown, timestamp: number): void {
    this.output.emit(value as string, timestamp);
  }
}

/** "1 5" a watermark of input 1, "2 idle" a status; gives what an operator with two inputs passes on. */
function run(script: string): string {
  const harness = new TwoInputStreamOperatorTestHarness<string, string, string>(new Forward());
  harness.open();
  const operator = harness.getOperator();
  for (const step of script.split(", ")) {
    const [input, what] = step.split(" ");
    const index = Number(input) - 1;
    if (what === "max") operator.processWatermark(MAX_WATERMARK, index);
    else if (/\d/.test(what)) operator.processWatermark(Number(what), index);
    else operator.processStatus(what as "idle", index);
  }
  return harness.getOutput().map((element) => {
    if (element.kind === "watermark") return element.timestamp === MAX_WATERMARK ? "max" : `w${element.timestamp}`;
    return element.kind === "status" ? element.status : element.kind;
  }).join(" ");
}

const CASES: readonly [name: string, script: string, expected: string][] = [
  ["the minimum of both", "1 5, 2 3, 2 9, 1 7", "w3 w5 w7"],
  ["an idle input holds nothing back", "1 5, 2 idle, 1 7", "w5 w7"],
  ["both idle: the largest watermark, then the status", "1 5, 2 3, 1 idle, 2 idle", "w3 w5 idle"],
  ["active as soon as one is", "1 idle, 2 idle, 1 active, 2 active", "idle active"],
  ["MAX only when both have ended", "1 5, 2 3, 1 max, 2 7, 2 max", "w3 w7 max"],
  ["an ended input and an idle one: idle, not MAX", "1 5, 2 3, 1 max, 2 idle, 2 active, 2 4", "w3 idle active w4"],
  [
    "the last active input ends beside an idle one",
    "1 5, 2 3, 1 idle, 2 max, 1 active, 1 8, 1 max",
    "w3 w5 idle active w8 max",
  ],
];
for (const [name, script, expected] of CASES) {
  Deno.test(`watermarks of an operator with two inputs: ${name}`, () => assert.equal(run(script), expected));
}
