import assert from "node:assert/strict";
import { OutputTag } from "../functions/output_tag.ts";
import { type KeyedProcessContext, KeyedProcessFunction, type OnTimerContext } from "../functions/process_function.ts";
import type { Collector } from "../functions/functions.ts";
import { valueState } from "../functions/state_descriptor.ts";
import { KeyedProcessOperator } from "../operators/keyed_process.ts";
import { mapOperator } from "../operators/map.ts";
import { processOperator } from "../operators/process.ts";
import { FlinkError } from "../errors.ts";
import {
  KeyedOneInputStreamOperatorTestHarness,
  OneInputStreamOperatorTestHarness,
  ProcessFunctionTestHarnesses,
  StreamOperator,
  streamRecord,
  watermark,
  watermarkStatus,
} from "./mod.ts";

const side = new OutputTag<string>("side");
const state = { count: valueState<number>({ defaultValue: 0 }) };
type S = typeof state;

class Counting extends KeyedProcessFunction<string, string, string, S> {
  override readonly state = state;
  opened = 0;
  closed = 0;
  #seen = 0;
  override open(): void {
    this.opened++;
  }
  override processElement(value: string, ctx: KeyedProcessContext<string, S>, out: Collector<string>): void {
    this.#seen++;
    ctx.state.count.update(ctx.state.count.value() + 1);
    ctx.timerService().registerEventTimeTimer(ctx.timestamp()! + 5);
    ctx.timerService().registerProcessingTimeTimer(ctx.timerService().currentProcessingTime() + 5);
    out.collect(`${value} ${ctx.state.count.value()}/${this.#seen}`);
    ctx.output(side, value);
  }
  override onTimer(timestamp: number, ctx: OnTimerContext<string, S>, out: Collector<string>): void {
    out.collect(`${ctx.timeDomain()} ${ctx.getCurrentKey()} ${timestamp}`);
  }
  override close(): void {
    this.closed++;
  }
}

Deno.test("the whole life of a harness: inputs, clocks, outputs, counts, snapshot, restore, close", async () => {
  const fn = new Counting();
  const harness = ProcessFunctionTestHarnesses.forKeyedProcessFunction<string, string, string, S>(fn, (v) => v);
  assert.deepEqual([fn.opened, harness.getProcessingTime()], [1, 0]);
  harness.processElement("a", 1);
  harness.setProcessingTime(2);
  harness.processElement("b", 2);
  harness.processElement("a", 1);
  assert.deepEqual(
    [harness.numKeyedStateEntries(), harness.numEventTimeTimers(), harness.numProcessingTimeTimers()],
    [2, 2, 3],
  );
  const snapshot = harness.snapshot(4, 100);
  harness.processWatermark(watermark(6));
  assert.equal(harness.getCurrentWatermark(), 6);
  harness.processWatermarkStatus("idle");
  harness.setProcessingTime(5);
  assert.deepEqual(harness.getOutput(), [
    streamRecord("a 1/1", 1),
    streamRecord("b 1/2", 2),
    streamRecord("a 2/3", 1),
    streamRecord("event-time a 6", 6),
    watermark(6),
    watermarkStatus("idle"),
    streamRecord("processing-time a 5"),
  ]);
  assert.deepEqual(harness.extractOutputStreamRecords().length, 5);
  assert.deepEqual(harness.getSideOutput(side), [streamRecord("a", 1), streamRecord("b", 2), streamRecord("a", 1)]);
  assert.deepEqual(harness.getSideOutput(new OutputTag("other")), []);
  harness.clearOutput();
  assert.deepEqual([harness.getOutput(), harness.getSideOutput(side)], [[], []]);
  await harness.close();
  assert.equal(fn.closed, 1);

  const again = new KeyedOneInputStreamOperatorTestHarness<string, string, string>(
    new KeyedProcessOperator(new Counting()),
    (v) => v,
  );
  again.initializeState(snapshot);
  again.open();
  again.processElement("a", 9);
  again.processWatermark(7);
  again.setProcessingTime(7);
  assert.deepEqual(
    again.extractOutputValues(),
    [
      "a 3/1",
      "event-time a 6",
      "event-time b 7",
      "processing-time a 5",
      "processing-time a 5",
      "processing-time b 7",
      "processing-time a 7",
    ].filter((text, i, all) => all.indexOf(text) === i),
  );
});

Deno.test("an operator instance runs as it is, a factory makes a copy", () => {
  const fn = {
    seen: 0,
    processElement(): void {
      this.seen++;
    },
  };
  const copied = new OneInputStreamOperatorTestHarness(processOperator(fn));
  copied.processElement(1);
  assert.equal(fn.seen, 0);
  const own = ProcessFunctionTestHarnesses.forProcessFunction<number, number>(fn);
  own.processElement(1);
  assert.equal(fn.seen, 1);
});

Deno.test("inputs wait while an asynchronous operator works; settle brings the results", async () => {
  class Later extends StreamOperator<string> {
    override processElement(value: unknown, timestamp: number): void {
      let result: string | undefined;
      Promise.resolve(`later ${value}`).then((text) => this.ctx.post(() => void (result = text)));
      this.begin(() => {
        if (result === undefined) return false;
        this.output.emit(result, timestamp);
        return true;
      });
    }
  }
  const harness = new OneInputStreamOperatorTestHarness<number, string>(new Later());
  harness.processElement(1, 1);
  harness.processElement(2, 2);
  harness.processWatermark(2);
  assert.deepEqual([harness.isBusy, harness.getOutput()], [true, []]);
  assert.throws(() => harness.snapshot(), { code: "TSF-0006" });
  await harness.settle();
  assert.deepEqual([harness.isBusy, harness.getOutput()], [
    false,
    [streamRecord("later 1", 1), streamRecord("later 2", 2), watermark(2)],
  ]);
});

Deno.test("failures from outside a call come out of the next one", async () => {
  class Fails extends StreamOperator<string> {
    override processElement(): void {
      Promise.resolve().then(() => this.ctx.fail(new Error("in the background")));
    }
  }
  const harness = new OneInputStreamOperatorTestHarness<number, string>(new Fails(), { name: "bg" });
  harness.processElement(1);
  await assert.rejects(harness.settle(), { code: "TSF-2001", message: /in the background[^]*bg/ });
});

Deno.test("close aborts the operator's signal, also when it never opened", async () => {
  const harness = new OneInputStreamOperatorTestHarness<number, number>(mapOperator((n: number) => n));
  await harness.close();
  await using opened = new OneInputStreamOperatorTestHarness<number, number>(mapOperator((n: number) => n));
  opened.open();
  const { signal } = opened.runtime.context;
  assert.equal(signal.aborted, false);
  await opened.close();
  assert.equal(signal.aborted, true);
});

Deno.test("an opened harness starts from the snapshot it is given, and from no later one", () => {
  const count = (options = {}) =>
    ProcessFunctionTestHarnesses.forKeyedProcessFunction({
      state,
      processElement(word: string, ctx, out: Collector<string>) {
        ctx.state.count.update(ctx.state.count.value() + 1);
        out.collect(`${word} ${ctx.state.count.value()}`);
      },
    }, (word: string) =>
      word, options);
  const first = count();
  first.processElement("a");
  const snapshot = first.snapshot(1);
  first.processElement("a");
  assert.deepEqual(first.extractOutputValues(), ["a 1", "a 2"]);
  const second = count({ snapshot });
  second.processElement("a");
  second.processElement("b");
  assert.deepEqual(second.extractOutputValues(), ["a 2", "b 1"]);
  const codeIs = (error: unknown) => error instanceof FlinkError && error.code === "TSF-2041";
  assert.throws(() => second.initializeState(snapshot), codeIs);
});
