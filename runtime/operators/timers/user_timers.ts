/**
 * Calls `onTimer` of a user function.
 *
 * Flink's rules: what an event-time timer emits has the timer's timestamp, what a processing-time timer emits has none;
 * side outputs and `ctx.timestamp()` have the timer's timestamp in both domains.
 * Who calls: the keyed process operators.
 *
 * @module
 */

import type { Collector } from "../../functions/functions.ts";
import type { TimeDomain } from "../../functions/process_function.ts";
import { NO_TIMESTAMP } from "../../types/stream_element.ts";
import type { ProcessBinding } from "../process_context.ts";

interface WithTimer<O> {
  onTimer?(timestamp: number, ctx: never, out: Collector<O>): void;
}

/** Calls `fn.onTimer`, when there is one. */
export function onTimer<O>(binding: ProcessBinding<O>, fn: WithTimer<O>, timestamp: number, domain: TimeDomain): void {
  if (fn.onTimer === undefined) return;
  binding.call(
    "onTimer()",
    { timestamp: domain === "event-time" ? timestamp : NO_TIMESTAMP, contextTimestamp: timestamp, domain },
    (ctx, out) => fn.onTimer!(timestamp, ctx as never, out),
  );
}
