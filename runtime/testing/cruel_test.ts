import assert from "node:assert/strict";
import {
  type ListState,
  ListStateDescriptor,
  type ValueState,
  ValueStateDescriptor,
} from "../functions/state_descriptor.ts";
import { VOID_NAMESPACE } from "../state/keyed_state_backend.ts";
import type { InternalTimerService } from "../operators/timers/timer_service.ts";
import { endOfInput, onInput, processingTime, runCruelly, StreamOperator, streamRecord, watermark } from "./mod.ts";
import { overwrite } from "./overwrite.ts";

type Row = { k: string; n: number };
const byKey = { keySelectors: [(row: Row) => row.k], rescaleTo: 2 };
const rows = [1, 2, 3, 4, 5, 6].map((n) => streamRecord({ k: "abc"[n % 3], n }, n));

/** Sums per key with a timer per record: right in every mode. */
class Sum extends StreamOperator<unknown> {
  protected sum!: ValueState<Row>;
  protected timers!: InternalTimerService;
  override open(): void {
    this.sum = this.ctx.keyedState!.state<ValueState<Row>>(new ValueStateDescriptor<Row>("sum"));
    this.timers = this.ctx.timers.getInternalTimerService("t", {
      onEventTime: (timestamp) => this.output.emit({ at: timestamp, sum: this.sum.value()! }, timestamp),
      onProcessingTime: () => {},
    });
  }
  override processElement(value: unknown, timestamp: number): void {
    const row = value as Row;
    const sum = { k: row.k, n: (this.sum.value()?.n ?? 0) + row.n };
    this.sum.update(sum);
    this.timers.registerEventTimeTimer(VOID_NAMESPACE, timestamp + 10);
    this.output.emit(sum, timestamp);
  }
}
const script = [
  ...rows,
  watermark(13),
  processingTime(5),
  streamRecord({ k: "a", n: 7 }, 9),
  watermark(20),
  endOfInput(),
];

Deno.test("a right operator passes every mode and its output comes back", () => {
  const { output, side } = runCruelly(() => new Sum(), script, byKey);
  // Six sums, three timers, a watermark, a sum, four timers, a watermark.
  assert.deepEqual([output.length, side], [6 + 3 + 1 + 1 + 4 + 1, {}]);
  assert.deepEqual(output[0], streamRecord({ k: "b", n: 1 }, 1));
});

/** Operators with one defect each, and the mode that must find it. */
const MUTANTS: [mode: string, make: () => StreamOperator<unknown>, options?: object][] = [
  [
    "restored after every step",
    () => {
      return new (class FieldInsteadOfState extends StreamOperator<unknown> {
        #count = 0;
        override processElement(): void {
          this.output.emit(++this.#count, 0);
        }
      })();
    },
  ],
  [
    "full every other call",
    () =>
      new (class LosesTheRest extends StreamOperator<unknown> {
        override processElement(value: unknown): void {
          for (let i = 0; i < 3; i++) {
            this.output.emit((value as Row).n + i, 0);
            if (!this.ctx.proceed()) return;
          }
        }
      })(),
  ],
  [
    "always full",
    () =>
      new (class StartsAgain extends StreamOperator<unknown> {
        override processElement(value: unknown): void {
          let tries = 0;
          this.begin(() => {
            this.output.emit((value as Row).n, 0);
            // Forgets what it did when it has to stop twice.
            return this.ctx.proceed() || ++tries > 2;
          });
        }
      })(),
    { without: ["full every other call"] },
  ],
  [
    "mutated",
    () =>
      new (class KeepsItsOutput extends StreamOperator<unknown> {
        #last: Row = { k: "", n: 0 };
        override processElement(value: unknown): void {
          this.output.emit(this.#last, 0);
          this.#last.n += (value as Row).n;
        }
      })(),
    { without: ["restored after every step", "restored once"] },
  ],
  [
    "mutated",
    () =>
      new (class KeepsItsInput extends StreamOperator<unknown> {
        readonly #seen: Row[] = [];
        override processElement(value: unknown): void {
          this.#seen.push(value as Row);
          this.output.emit(this.#seen.map((row) => row.n).join(), 0);
        }
      })(),
    { without: ["restored after every step", "restored once"] },
  ],
  [
    "restored in the middle",
    () =>
      new (class ForgetsTheRestOfATimer extends Sum {
        override advanceWatermark(timestamp: number): void {
          let left = 3;
          // Claims that its work is in state, which it is not.
          this.begin(() => {
            this.output.emit(left--, timestamp);
            if (left > 0) return false;
            this.output.emitWatermark(timestamp);
            return true;
          }, true);
        }
      })(),
    { without: ["restored after every step", "restored once"] },
  ],
  [
    "rescaled",
    () =>
      new (class StateWithoutKey extends StreamOperator<unknown> {
        #all!: ListState<number>;
        override initializeState(): void {
          this.#all = this.ctx.operatorState.getListState(new ListStateDescriptor<number>("all"));
        }
        override processElement(value: unknown): void {
          this.#all.add((value as Row).n);
          this.output.emit(this.#all.get().length, 0);
        }
      })(),
  ],
];

Deno.test("every mutant is caught, by the mode that is made for it", () => {
  for (const [mode, make, options] of MUTANTS) {
    assert.throws(
      () => runCruelly(make, script, { ...byKey, ...options }),
      (error: Error) => {
        assert.equal(/The run "(.*?)"/.exec(error.message)?.[1], mode, `${make().constructor.name}: ${error.message}`);
        return true;
      },
      make().constructor.name,
    );
  }
});

Deno.test("an operator that makes no progress is stopped", () => {
  class Stuck extends StreamOperator<unknown> {
    override processElement(): void {
      this.begin(() => false);
    }
  }
  assert.throws(() => runCruelly(() => new Stuck(), [streamRecord(1)]), { code: "TSF-0001", message: /no progress/ });
});

Deno.test("wrong expectations fail", () => {
  assert.throws(() => runCruelly(() => new Sum(), rows, { ...byKey, expected: [] }), { name: "AssertionError" });
  assert.throws(() => runCruelly(() => new Sum(), rows, { ...byKey, expectedSide: { x: [] } }), {
    name: "AssertionError",
  });
});

Deno.test("steps go to the input they name, ends included", () => {
  class Shows extends StreamOperator<unknown> {
    constructor() {
      super(2);
    }
    override processElement1(value: unknown): void {
      this.output.emit(["first", value], 0);
    }
    override processElement2(value: unknown): void {
      this.output.emit(["second", value], 0);
    }
    override endInput(input: number): void {
      this.output.emit(["end", input], 0);
    }
    override finish(): void {
      this.output.emit(["finish"], 0);
    }
  }
  runCruelly(
    () => new Shows(),
    [streamRecord(1), onInput(1, streamRecord(2)), onInput(1, endOfInput()), streamRecord(3), endOfInput()],
    {
      expected: [["first", 1], ["second", 2], ["end", 1], ["first", 3], ["end", 0], ["finish"]].map((v) =>
        streamRecord(v, 0)
      ),
    },
  );
});

Deno.test("overwrite spoils everything that can be spoiled", () => {
  const value = {
    text: "a",
    list: [1, { deep: 2 }],
    map: new Map([["k", { v: 1 }]]),
    set: new Set([1]),
    date: new Date(7),
    bytes: new Uint8Array([1, 2]),
    frozen: Object.freeze({ n: 1 }),
  };
  const { list, map, set, date, bytes, frozen } = value;
  const inner = map.get("k")!;
  overwrite(value);
  assert.ok(Object.values(value).every((field) => field === "overwritten by the harness" as never));
  assert.deepEqual(list, ["overwritten by the harness", "overwritten by the harness"]);
  assert.deepEqual([map.size, set.size, date.getTime(), [...bytes], frozen.n], [0, 0, -1, [255, 255], 1]);
  assert.equal(inner.v, "overwritten by the harness" as never);
});
