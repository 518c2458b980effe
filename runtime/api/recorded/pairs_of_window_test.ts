/** The function behind join and coGroup: both sides in order, life cycle, no promises. */

import assert from "node:assert/strict";
import { FlinkError } from "../../errors.ts";
import type { Collector } from "../../functions/functions.ts";
import {
  PER_SUBTASK,
  perSubtask,
  RichFunction,
  RUNTIME_CONTEXT,
  type RuntimeContext,
} from "../../functions/rich_function.ts";
import { GlobalWindow } from "../../functions/windowing/window_assigners.ts";
import { pairsOfWindow } from "./pairs_of_window.ts";

const CONTEXT = { marker: "context" } as unknown as RuntimeContext;

function run(fn: unknown, kind: "join" | "coGroup", values: ({ one: unknown } | { two: unknown })[]): unknown[] {
  const pairs = pairsOfWindow(fn, kind)[PER_SUBTASK]();
  pairs[RUNTIME_CONTEXT] = CONTEXT;
  const seen: unknown[] = [];
  pairs.open(CONTEXT);
  pairs.apply("key", GlobalWindow.get(), values as never, { collect: (value) => seen.push(value) });
  pairs.close();
  return seen;
}

const VALUES = [{ one: 1 }, { two: "a" }, { one: 2 }, { two: "b" }];
const CASES: Record<string, readonly [fn: unknown, kind: "join" | "coGroup", expected: unknown[]]> = {
  "join, left by left": [(l: number, r: string) => `${l}${r}`, "join", ["1a", "1b", "2a", "2b"]],
  "join object": [{ join: (l: number, r: string) => r + l }, "join", ["a1", "b1", "a2", "b2"]],
  "flatJoin": [
    { flatJoin: (l: number, r: string, out: Collector<unknown>) => l === 2 && (out.collect(r), out.collect(l)) },
    "join",
    ["a", 2, "b", 2],
  ],
  "coGroup": [
    (l: Iterable<unknown>, r: Iterable<unknown>, out: Collector<unknown>) => out.collect([[...l], [...r]]),
    "coGroup",
    [[[1, 2], ["a", "b"]]],
  ],
  "coGroup object": [
    { coGroup: (l: unknown[], _r: unknown[], out: Collector<unknown>) => out.collect(l.length) },
    "coGroup",
    [2],
  ],
  "factory": [perSubtask(() => (l: number) => l), "join", [1, 1, 2, 2]],
};
for (const [name, [fn, kind, expected]] of Object.entries(CASES)) {
  Deno.test(`pairs: ${name}`, () => assert.deepEqual(run(fn, kind, VALUES), expected));
}

Deno.test("a side without records joins nothing, but is seen by coGroup", () => {
  assert.deepEqual(run(() => 1, "join", [{ one: 1 }]), []);
  assert.deepEqual(
    run((l: unknown[], r: unknown[], out: Collector<unknown>) => out.collect([l, r]), "coGroup", [
      { two: 1 },
    ]),
    [[[], [1]]],
  );
  assert.deepEqual(run((l: unknown) => [l], "join", [{ one: undefined }, { two: 1 }]), [[undefined]]);
});

Deno.test("a rich function is opened with its context and closed, each subtask its own", () => {
  class Counting extends RichFunction {
    log: string[] = [];
    override open(context: RuntimeContext): void {
      this.log.push(`open ${context === CONTEXT} ${this.getRuntimeContext() === CONTEXT}`);
    }
    override close(): void {
      this.log.push("close");
    }
    join(left: number): string[] {
      return [...this.log, `${left}`];
    }
  }
  const shared = new Counting();
  assert.deepEqual(run(shared, "join", [{ one: 1 }, { two: 1 }]), [["open true true", "1"]]);
  assert.deepEqual(run(shared, "join", [{ one: 1 }, { two: 1 }]), [["open true true", "1"]]);
  assert.deepEqual(shared.log, [], "the program's object is the prototype only");
});

Deno.test("state and checkpoints reach the user's function", () => {
  const log: unknown[] = [];
  class Checkpointed extends RichFunction {
    initializeState(context: unknown): void {
      log.push("initialize", context, this.getRuntimeContext() === CONTEXT);
    }
    snapshotState(context: unknown): void {
      log.push("snapshot", context);
    }
    notifyCheckpointComplete(id: number): void {
      log.push("complete", id);
    }
    notifyCheckpointAborted(id: number): void {
      log.push("aborted", id);
    }
    join(): number {
      return 1;
    }
  }
  const pairs = pairsOfWindow(perSubtask(() => new Checkpointed()), "join")[PER_SUBTASK]();
  pairs[RUNTIME_CONTEXT] = CONTEXT;
  pairs.initializeState("store" as never);
  pairs.snapshotState("checkpoint" as never);
  pairs.notifyCheckpointComplete(1);
  pairs.notifyCheckpointAborted(2);
  assert.deepEqual(log, ["initialize", "store", true, "snapshot", "checkpoint", "complete", 1, "aborted", 2]);
  const plain = pairsOfWindow(() => 1, "join")[PER_SUBTASK]();
  plain.initializeState("store" as never);
  plain.snapshotState("checkpoint" as never);
});

Deno.test("promises are refused", () => {
  for (const fn of [() => Promise.resolve(1), { flatJoin: () => Promise.resolve() }]) {
    assert.throws(() => run(fn, "join", VALUES), (error) => (error as FlinkError).code === "TSF-2002");
  }
  assert.throws(() => run(() => Promise.resolve(), "coGroup", VALUES), (error) => error instanceof FlinkError);
});
