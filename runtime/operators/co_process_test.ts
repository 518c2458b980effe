import assert from "node:assert/strict";
import { OutputTag } from "../functions/output_tag.ts";
import type { CoProcess, KeyedCoProcess } from "../functions/process_function.ts";
import { valueState } from "../functions/state_descriptor.ts";
import {
  onInput,
  ProcessFunctionTestHarnesses,
  processingTime,
  runCruelly,
  streamRecord,
  watermark,
  watermarkStatus,
} from "../testing/mod.ts";
import { MIN_WATERMARK } from "../types/stream_element.ts";
import { coProcessOperator, keyedCoProcessOperator } from "./co_process.ts";

const side = new OutputTag<number>("side");
const second = <S extends Parameters<typeof onInput>[1]>(step: S) => onInput(1, step);

Deno.test("coProcess sees both inputs and the smaller watermark, in every mode", () => {
  const fn: CoProcess<string, number, unknown> = {
    processElement1: (value, ctx, out) => out.collect([value, ctx.timerService().currentWatermark()]),
    processElement2(value, ctx, out) {
      out.collect([value, ctx.timestamp() ?? "none", ctx.timerService().currentProcessingTime()]);
      ctx.output(side, value);
    },
  };
  runCruelly(() => coProcessOperator(fn), [
    streamRecord("a", 1),
    watermark(10),
    second(streamRecord(5)),
    second(watermark(7)),
    streamRecord("b", 2),
    processingTime(30),
    second(streamRecord(6, 3)),
    second(watermark(20)),
    streamRecord("c"),
  ], {
    expected: [
      streamRecord(["a", MIN_WATERMARK], 1),
      streamRecord([5, "none", 0]),
      watermark(7),
      streamRecord(["b", 7], 2),
      streamRecord([6, 3, 30], 3),
      watermark(10),
      streamRecord(["c", 10]),
    ],
    expectedSide: { side: [streamRecord(5), streamRecord(6, 3)] },
  });
});

Deno.test("statuses of two inputs: idle ones do not hold the watermark back, in every mode", () => {
  const fn: CoProcess<string, string, string> = {
    processElement1: (value, _ctx, out) => out.collect(value),
    processElement2: (value, _ctx, out) => out.collect(value),
  };
  runCruelly(() => coProcessOperator(fn), [
    watermark(5),
    second(watermarkStatus("idle")),
    watermark(8),
    second(watermarkStatus("active")),
    second(watermark(6)),
    watermark(12),
    second(watermark(9)),
    watermarkStatus("idle"),
    second(watermarkStatus("idle")),
    watermarkStatus("active"),
  ], {
    expected: [
      watermark(5),
      watermark(8),
      watermark(9),
      // Both idle: what the idle ones had reached is let out before the status.
      watermark(12),
      watermarkStatus("idle"),
      watermarkStatus("active"),
    ],
  });
});

type Order = { id: string; item?: string };
type Payment = { order: string; sum: number };

/** Waits for the other half of an order until a timer gives up. */
const joinHalves: KeyedCoProcess<string, Order, Payment, unknown, typeof halves> = {
  get state() {
    return halves;
  },
  processElement1(order, ctx, out) {
    const payment = ctx.state.payment.value();
    if (payment === undefined) {
      ctx.state.order.update(order);
      ctx.timerService().registerEventTimeTimer(ctx.timestamp()! + 10);
    } else out.collect([ctx.getCurrentKey(), order.item, payment.sum]);
  },
  processElement2(payment, ctx, out) {
    const order = ctx.state.order.value();
    if (order === undefined) ctx.state.payment.update(payment);
    else out.collect([ctx.getCurrentKey(), order.item, payment.sum]);
    ctx.timerService().registerProcessingTimeTimer(50);
  },
  onTimer(timestamp, ctx, out) {
    out.collect([ctx.timeDomain(), timestamp, ctx.getCurrentKey(), ctx.state.order.value() ?? null]);
  },
};
const halves = { order: valueState<Order>(), payment: valueState<Payment>() };

Deno.test("keyedCoProcess shares state and timers between its inputs, in every mode", () => {
  runCruelly(() => keyedCoProcessOperator(joinHalves), [
    streamRecord({ id: "a", item: "tea" }, 1),
    second(streamRecord({ order: "b", sum: 3 }, 2)),
    second(streamRecord({ order: "a", sum: 4 }, 5)),
    watermark(20),
    streamRecord({ id: "b", item: "milk" }, 6),
    second(watermark(11)),
    processingTime(60),
  ], {
    keySelectors: [(o: Order) => o.id, (p: Payment) => p.order],
    rescaleTo: 4,
    expected: [
      streamRecord(["a", "tea", 4], 5),
      streamRecord(["b", "milk", 3], 6),
      streamRecord(["event-time", 11, "a", { id: "a", item: "tea" }], 11),
      watermark(11),
      streamRecord(["processing-time", 50, "b", null]),
      streamRecord(["processing-time", 50, "a", { id: "a", item: "tea" }]),
    ],
  });
});

Deno.test("errors of either side name the operator", () => {
  const broken = {
    processElement1: () => {
      throw new Error("left");
    },
    processElement2: (async () => {}) as never,
  };
  const options = { name: "both", uid: "2" };
  for (
    const harness of [
      ProcessFunctionTestHarnesses.forCoProcessFunction<string, string, string>(broken, options),
      ProcessFunctionTestHarnesses.forKeyedCoProcessFunction<string, string, string, string>(
        broken,
        (k) => k,
        (k) => k,
        options,
      ),
    ]
  ) {
    assert.throws(() => harness.processElement1("x"), { code: "TSF-2001", operator: { name: "both", uid: "2" } });
    assert.throws(() => harness.processElement2("x"), { code: "TSF-2002", operator: { name: "both", uid: "2" } });
  }
});
