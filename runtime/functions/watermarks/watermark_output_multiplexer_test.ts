import assert from "node:assert/strict";
import fc from "fast-check";
import { MAX_WATERMARK } from "../../types/stream_element.ts";
import { WatermarkOutputMultiplexer } from "./watermark_output_multiplexer.ts";
import type { WatermarkOutput } from "./watermark_strategy.ts";

/** What reaches the underlying output; a watermark ends its idleness, repeated idle marks are dropped. */
class Underlying implements WatermarkOutput {
  out: string[] = [];
  idle = false;
  emitWatermark(timestamp: number): void {
    this.out.push(timestamp === MAX_WATERMARK ? "max" : String(timestamp));
    this.idle = false;
  }
  markIdle(): void {
    if (!this.idle) this.out.push("idle");
    this.idle = true;
  }
  markActive(): void {
    this.idle = false;
  }
  take(): string {
    const text = this.out.join(" ");
    this.out = [];
    return text;
  }
}

/**
 * Steps are "split what", with `i5` / `d5` a watermark on the immediate / deferred face, `iidle`, `didle`, `iactive`,
 * `dactive`, `+` register, `-` unregister; "emit" is the periodic emission. Each names what comes out of it.
 */
const CASES: readonly [name: string, script: string][] = [
  ["one immediate output", "a + ->; a i0 -> 0"],
  ["one immediate output goes idle", "a + ->; a iidle -> idle; a i0 -> 0"],
  ["three immediate", "a + ->; b + ->; c + ->; a i2 ->; b i5 ->; c iidle -> 2"],
  ["the lowest goes idle", "a + ->; b + ->; a i2 ->; b i5 -> 2; a iidle -> 5"],
  ["all go idle", "a + ->; b + ->; a i5 ->; b i2 -> 2; a iidle ->; b iidle -> 5 idle"],
  ["all deferred emit and go idle", "a + ->; b + ->; a d5 ->; a didle ->; b d2 ->; b didle ->; emit -> 5 idle"],
  ["no going back after idleness", "a + ->; b + ->; a i2 ->; b i5 -> 2; a iidle -> 5; a i3 ->; b i9 ->; a i7 -> 7"],
  ["no output at all", "emit ->"],
  ["deferred waits for the emission", "a + ->; b + ->; a d0 ->; b d1 ->; emit -> 0; emit ->"],
  ["one deferred output goes idle and comes back", "a + ->; a didle ->; emit -> idle; a d0 ->; emit -> 0"],
  ["three deferred", "a + ->; b + ->; c + ->; a d2 ->; b d5 ->; c didle ->; emit -> 2"],
  ["immediate sees what is deferred", "a + ->; b + ->; a d5 ->; b i2 -> 2"],
  ["both faces of one split", "a + ->; a d5 ->; emit -> 5; a i2 ->; emit ->"],
  ["lower on the other face emits nothing", "a + ->; a d5 ->; a i2 ->; emit -> 5"],
  ["removal unblocks at the next update", "a + ->; b + ->; a i156 ->; b i500 -> 156; a - ->; b i600 -> 600"],
  ["removal of the highest takes nothing back", "a + ->; b + ->; b i5 ->; a iidle -> 5; b - ->; a i3 ->; a i6 -> 6"],
  ["removal of all is not idleness", "a + ->; a i4 -> 4; a - ->; emit ->"],
  ["a split added late holds back", "a + ->; a i4 -> 4; b + ->; a i9 ->; b i6 -> 6"],
  ["a split that reached MAX is out", "a + ->; b + ->; a i9007199254740991 ->; b i3 -> 3; b iidle -> idle; b i5 -> 5"],
  ["all splits reached MAX", "a + ->; b + ->; a i9007199254740991 ->; b i9007199254740991 -> max"],
  [
    "an immediate active mark counts at once",
    "a + ->; b + ->; a i2 ->; b i5 -> 2; a iidle -> 5; b i7 -> 7; a iactive ->; b i8 ->",
  ],
];

for (const [name, script] of CASES) {
  Deno.test(`multiplexer: ${name}`, () => {
    const underlying = new Underlying();
    const multiplexer = new WatermarkOutputMultiplexer(underlying);
    for (const line of script.split(";")) {
      const [step, expected] = line.split("->").map((part) => part.trim());
      const [id, what] = step.split(" ");
      if (id === "emit") multiplexer.onPeriodicEmit();
      else if (what === "+") multiplexer.registerNewOutput(id);
      else if (what === "-") assert.equal(multiplexer.unregisterOutput(id), true);
      else {
        const face = what[0] === "i" ? multiplexer.getImmediateOutput(id) : multiplexer.getDeferredOutput(id);
        const mark = what.slice(1);
        if (mark === "idle") face.markIdle();
        else if (mark === "active") face.markActive();
        else face.emitWatermark(Number(mark));
      }
      assert.equal(underlying.take(), expected, `after "${step}"`);
    }
  });
}

Deno.test("multiplexer: ids are checked, listeners hear rises and every idle mark", () => {
  const heard: string[] = [];
  const multiplexer = new WatermarkOutputMultiplexer(new Underlying());
  multiplexer.registerNewOutput("a", {
    onWatermarkUpdate: (timestamp) => heard.push(String(timestamp)),
    onIdleUpdate: (idle) => heard.push(idle ? "idle" : "active"),
  });
  assert.throws(() => multiplexer.registerNewOutput("a"), /registered already/);
  assert.throws(() => multiplexer.getDeferredOutput("b"), /no output is registered/);
  assert.equal(multiplexer.unregisterOutput("b"), false);
  const output = multiplexer.getDeferredOutput("a");
  output.emitWatermark(5);
  output.emitWatermark(4);
  output.markIdle();
  assert.deepEqual(heard, ["active", "5", "active", "idle"]);
});

Deno.test("multiplexer: emissions rise and equal the minimum over active splits, else the maximum", () => {
  const op = fc.tuple(
    fc.constantFrom("a", "b", "c"),
    fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constantFrom("idle")),
  );
  fc.assert(
    fc.property(fc.array(op, { maxLength: 40, size: "max" }), (ops) => {
      const underlying = new Underlying();
      const multiplexer = new WatermarkOutputMultiplexer(underlying);
      const splits = new Map(["a", "b", "c"].map((id) => [id, { wm: -Infinity, idle: false }]));
      for (const id of splits.keys()) multiplexer.registerNewOutput(id);
      let best = -Infinity;
      for (const [id, what] of ops) {
        const split = splits.get(id)!;
        const output = multiplexer.getDeferredOutput(id);
        if (what === "idle") {
          split.idle = true;
          output.markIdle();
        } else {
          split.idle = false;
          split.wm = Math.max(split.wm, what as number);
          output.emitWatermark(what as number);
        }
        multiplexer.onPeriodicEmit();
        const active = [...splits.values()].filter((one) => !one.idle).map((one) => one.wm);
        const combined = active.length > 0
          ? Math.min(...active)
          : Math.max(...[...splits.values()].map((one) => one.wm));
        const emitted = underlying.take().split(" ").filter((part) => /\d/.test(part)).map(Number);
        assert.deepEqual(emitted, combined > best ? [combined] : []);
        best = Math.max(best, combined);
        assert.equal(underlying.idle && active.length > 0 && emitted.length > 0, false);
      }
    }),
    { numRuns: 200, seed: 7 },
  );
});
