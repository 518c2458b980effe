/**
 * Records joins: window joins and coGroups as the maps, union and window that Flink makes of them, and interval joins.
 *
 * @module
 */

import type { KeySelector } from "../../functions/functions.ts";
import type { OutputTag } from "../../functions/output_tag.ts";
import type { Evictor, Trigger, Window, WindowAssigner } from "../../functions/windowing/windows.ts";
import { UnionTransformation } from "../../graph/virtual_transformation.ts";
import { intervalJoinOperator } from "../../operators/interval_join.ts";
import { mapOperator, WRAPS_RECORD } from "../../operators/map.ts";
import { type DurationLike, toMillis } from "../../types/duration.ts";
import type { Key, KeyHashRule } from "../../types/key.ts";
import type { TypeInformation } from "../../types/type_information.ts";
import type { IntervalJoin, IntervalJoined } from "../interval_join.ts";
import type { JoinedEqualTo, JoinedStreams, JoinedWhere, TaggedUnion, WindowedJoin } from "../joined_streams.ts";
import { programError, requireFunction, requireObject, requirePresent, requireTag } from "./checks.ts";
import { hashRuleOf, keySelectorOf } from "./keys.ts";
import { pairsOfWindow } from "./pairs_of_window.ts";
import { recordTwoInput } from "./recorded_connected_streams.ts";
import type { RecordedKeyedStream } from "./recorded_keyed_stream.ts";
import type { RecordedStream } from "./recorded_stream.ts";
import type { MethodsOf, StreamFactory } from "./stream_factory.ts";

/** What a join is made of so far. */
interface JoinParts {
  readonly factory: StreamFactory;
  readonly left: RecordedStream;
  readonly right: RecordedStream;
  readonly kind: "join" | "coGroup";
  readonly leftKey?: KeySelector<unknown, Key>;
  readonly rightKey?: KeySelector<unknown, Key>;
  readonly rule?: KeyHashRule;
  readonly assigner?: WindowAssigner<unknown, Window>;
  readonly trigger?: Trigger<unknown, Window>;
  readonly evictor?: Evictor<unknown, Window>;
  readonly allowedLateness?: DurationLike;
}

/** Implements the steps of a join or coGroup; each gives a new one. */
export class RecordedJoin
  implements
    MethodsOf<JoinedStreams<unknown, unknown>>,
    MethodsOf<JoinedWhere<unknown, unknown, unknown>>,
    MethodsOf<JoinedEqualTo<unknown, unknown, unknown>>,
    MethodsOf<WindowedJoin<unknown, unknown, unknown, Window>> {
  readonly #parts: JoinParts;

  constructor(parts: JoinParts) {
    this.#parts = parts;
  }

  where(key: unknown, keyType?: TypeInformation<unknown>): RecordedJoin {
    return this.#with({ leftKey: keySelectorOf(key, "where()"), rule: hashRuleOf(keyType) });
  }
  equalTo(key: unknown, keyType?: TypeInformation<unknown>): RecordedJoin {
    const rule = hashRuleOf(keyType) ?? this.#parts.rule;
    if (this.#parts.rule !== undefined && rule !== this.#parts.rule) {
      throw programError("TSF-1220", "The key types of a join differ", {
        expected: `${this.#parts.rule}, as in where()`,
        found: String(rule),
      });
    }
    return this.#with({ rightKey: keySelectorOf(key, "equalTo()"), rule });
  }
  window(assigner: WindowAssigner<unknown, Window>): RecordedJoin {
    return this.#with({ assigner: requirePresent(assigner, "a window assigner") });
  }
  trigger(trigger: Trigger<unknown, Window>): RecordedJoin {
    return this.#with({ trigger });
  }
  evictor(evictor: Evictor<unknown, Window>): RecordedJoin {
    return this.#with({ evictor });
  }
  allowedLateness(allowedLateness: DurationLike): RecordedJoin {
    return this.#with({ allowedLateness });
  }
  apply(fn: unknown): object {
    const { kind } = this.#parts;
    const checked = kind === "coGroup"
      ? requireFunction(fn, "apply()", "coGroup")
      : requireFunction(fn, "apply()", "join", "flatJoin");
    return this.#record(pairsOfWindow(checked, kind));
  }

  #with(parts: Partial<JoinParts>): RecordedJoin {
    return new RecordedJoin({ ...this.#parts, ...parts });
  }
  /** Tags both sides, unites them, keys them and evaluates windows of both. */
  #record(fn: object): object {
    const { factory, left, right, leftKey, rightKey, rule, assigner, trigger, evictor, allowedLateness } = this.#parts;
    if (leftKey === undefined || rightKey === undefined) {
      throw missingStep("where(...).equalTo(...)", "apply() without keys");
    }
    const tag = (stream: RecordedStream, map: (value: unknown) => TaggedUnion<unknown, unknown>) => {
      const tagged = factory.oneInput(stream.getTransformation(), { name: "Map", factory: mapOperator(map) });
      tagged.getTransformation().inheritParallelism(stream.getParallelism());
      return tagged.getTransformation();
    };
    const wraps = { [WRAPS_RECORD]: true };
    const union = new UnionTransformation([
      tag(left, Object.assign((one: unknown) => ({ one }), wraps)),
      tag(right, Object.assign((two: unknown) => ({ two }), wraps)),
    ]);
    const selector = (value: unknown): Key =>
      "one" in (value as object) ? leftKey((value as { one: unknown }).one) : rightKey((value as { two: unknown }).two);
    const keyed = factory.keyed(union, { selector, rule });
    let windows = keyed.window(assigner!) as Windows;
    if (trigger !== undefined) windows = windows.trigger(trigger);
    if (evictor !== undefined) windows = windows.evictor(evictor);
    if (allowedLateness !== undefined) windows = windows.allowedLateness(allowedLateness);
    return windows.apply(fn);
  }
}

/** A step of the fluent form was left out, which only a program without types can do. */
function missingStep(expected: string, found: string): Error {
  return programError("TSF-1218", "A step of the join is missing", { expected, found });
}

interface Windows {
  trigger(trigger: unknown): Windows;
  evictor(evictor: unknown): Windows;
  allowedLateness(lateness: DurationLike): Windows;
  apply(fn: unknown): object;
}

/** Implements {@link IntervalJoin} and {@link IntervalJoined}. */
export class RecordedIntervalJoin
  implements MethodsOf<IntervalJoin<unknown, unknown, unknown>>, MethodsOf<IntervalJoined<unknown, unknown, unknown>> {
  #isEventTime = true;
  #lowerBoundMs: number | undefined;
  #upperBoundMs: number | undefined;
  #lowerInclusive = true;
  #upperInclusive = true;
  #leftLateTag: OutputTag<unknown> | undefined;
  #rightLateTag: OutputTag<unknown> | undefined;

  constructor(
    private readonly factory: StreamFactory,
    private readonly left: RecordedKeyedStream,
    private readonly right: RecordedKeyedStream,
  ) {}

  inEventTime(): this {
    this.#isEventTime = true;
    return this;
  }
  inProcessingTime(): this {
    this.#isEventTime = false;
    return this;
  }
  between(lowerBound: DurationLike, upperBound: DurationLike): this {
    if (!this.#isEventTime) {
      throw programError("TSF-1213", "An interval join works in event time only", {
        expected: "inEventTime(), the default",
        found: "inProcessingTime()",
      });
    }
    this.#lowerBoundMs = toMillis(requirePresent(lowerBound, "a lower bound"));
    this.#upperBoundMs = toMillis(requirePresent(upperBound, "an upper bound"));
    return this;
  }
  lowerBoundExclusive(): this {
    this.#lowerInclusive = false;
    return this;
  }
  upperBoundExclusive(): this {
    this.#upperInclusive = false;
    return this;
  }
  sideOutputLeftLateData(tag: OutputTag<unknown>): this {
    this.#leftLateTag = requireTag(tag, "a tag for late data");
    return this;
  }
  sideOutputRightLateData(tag: OutputTag<unknown>): this {
    this.#rightLateTag = requireTag(tag, "a tag for late data");
    return this;
  }
  process(fn: unknown): object {
    const [lowerBoundMs, upperBoundMs] = [this.#lowerBoundMs, this.#upperBoundMs];
    if (lowerBoundMs === undefined || upperBoundMs === undefined) {
      throw missingStep("between(...)", "process() without it");
    }
    const operator = intervalJoinOperator({
      lowerBoundMs,
      upperBoundMs,
      lowerInclusive: this.#lowerInclusive,
      upperInclusive: this.#upperInclusive,
      leftLateTag: this.#leftLateTag,
      rightLateTag: this.#rightLateTag,
      fn: requireObject(fn, "process()", "processElement") as never,
    });
    // Flink connects and keys both streams again: two more partitionings, which count in the ids.
    const first = this.factory.keyed(this.left.getTransformation(), this.left.key);
    const second = this.factory.keyed(this.right.getTransformation(), this.right.key);
    const inputs = { transformation: second.getTransformation(), key: second.key };
    return recordTwoInput({ factory: this.factory, first, second: inputs }, "Interval Join", operator);
  }
}
