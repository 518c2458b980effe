/** Operator state of functions: lists that are split, lists for everybody, broadcast maps; checkpoints and rescaling. */

import assert from "node:assert/strict";
import { type Lifecycle, ListStateDescriptor, MapStateDescriptor } from "tsflink";
import {
  Gate,
  type HarnessSnapshot,
  OneInputStreamOperatorTestHarness,
  RecordingSink,
  repartitionOperatorState,
  scriptedSource,
  testEnvironment,
} from "tsflink/testing";
import { WatermarkStrategy } from "tsflink";
import { flatMapOperator } from "../../runtime/operators/flat_map.ts";
import { mapOperator } from "../../runtime/operators/map.ts";
import type { FunctionInitializationContext } from "../../runtime/functions/checkpointed_function.ts";

// deno-lint-ignore no-explicit-any -- objects with fields of their own
type Any = any;
type Mode = "getListState" | "getUnionListState";

const LIST = new ListStateDescriptor<string>("list");
const MAP = new MapStateDescriptor<string, number>("map");

/** Keeps what it gets, in a list; says what it started with. */
function keeper(
  mode: Mode,
  started: (elements: string[], context: FunctionInitializationContext) => void,
): Lifecycle & { map(v: string): string } {
  return {
    held: [] as string[],
    state: undefined as Any,
    initializeState(this: Any, context: FunctionInitializationContext) {
      this.handle = context.getOperatorStateStore()[mode](LIST);
      this.held = this.handle.get();
      started([...this.held], context);
    },
    snapshotState(this: Any) {
      this.handle.update(this.held);
    },
    map(this: Any, value: string) {
      this.held.push(value);
      return value;
    },
  } as Any;
}

/** Runs one subtask from a snapshot, with records; gives what it started with and its snapshot. */
function subtask(
  mode: Mode,
  records: string[],
  from?: HarnessSnapshot,
): { started: string[]; snapshot: HarnessSnapshot } {
  let started: string[] = [];
  const harness = new OneInputStreamOperatorTestHarness<string, string>(mapOperator(keeper(mode, (e) => started = e)));
  harness.initializeState(from);
  harness.open();
  for (const record of records) harness.processElement(record);
  return { started, snapshot: harness.snapshot(3) };
}

// Elements per old subtask; new parallelism; elements per new subtask for split lists.
const rescaling: [string, number, string][] = [
  ["ab", 1, "ab"],
  ["abcd", 2, "ab cd"],
  ["abcde", 2, "abc de"],
  ["abcdefg", 3, "abc de fg"],
  ["ab cd", 1, "abcd"],
  ["ab cd", 4, "a b c d"],
  ["ab cd", 3, "ab c d"],
  ["a ", 2, "a "],
  ["abc d", 2, "abc d"],
  ["abc d", 3, "ab c d"],
  ["a b c", 2, "ab c"],
  [" ", 3, "  "],
  ["a", 4, "a   "],
  ["abc de f", 2, "abc def"],
  ["abc de f", 4, "ab cd e f"],
];

Deno.test("operator state: rescaling of lists", () => {
  for (const mode of ["getListState", "getUnionListState"] as const) {
    for (const [old, parallelism, split] of rescaling) {
      const snapshots = old.split(" ").map((own) => subtask(mode, [...own]).snapshot);
      const found = Array.from({ length: parallelism }, (_, subtaskIndex) => {
        const from = repartitionOperatorState(snapshots, { maxParallelism: 128, parallelism, subtaskIndex });
        return subtask(mode, [], from).started.join("");
      });
      const whole = old.replaceAll(" ", "");
      const expected = mode === "getUnionListState" ? found.map(() => whole) : split.split(" ");
      assert.deepEqual(found, expected, `${mode} ${old} to ${parallelism}`);
    }
  }
});

Deno.test("operator state: isRestored and the id of the checkpoint", () => {
  const seen: unknown[] = [];
  const run = (from?: HarnessSnapshot) => {
    const harness = new OneInputStreamOperatorTestHarness<string, string>(
      mapOperator(
        keeper(
          "getListState",
          (elements, context) =>
            seen.push([context.isRestored(), context.getRestoredCheckpointId(), elements.join("")]),
        ),
      ),
    );
    harness.initializeState(from);
    harness.open();
    harness.processElement("x");
    return harness.snapshot(seen.length);
  };
  run(run(run()));
  assert.deepEqual(seen, [[false, undefined, ""], [true, 1, "x"], [true, 2, "xx"]]);
});

Deno.test("operator state: lists behave as lists, handles work at any time, elements are copies", () => {
  let list: Any;
  let map: Any;
  const harness = new OneInputStreamOperatorTestHarness<number, number>(mapOperator({
    initializeState(context: FunctionInitializationContext) {
      list = context.getOperatorStateStore().getListState(new ListStateDescriptor<Any>("l"));
      map = context.getOperatorStateStore().getBroadcastState(MAP);
    },
    map: (v: number) => v,
  } as { map(v: number): number }));
  harness.open();
  assert.deepEqual([list.get(), [...map.entries()]], [[], []]);
  const given = { n: 1 };
  list.add(given);
  given.n = 2;
  list.get()[0].n = 3;
  assert.deepEqual(list.get(), [{ n: 1 }]);
  list.addAll([5, 6]);
  assert.deepEqual(list.get(), [{ n: 1 }, 5, 6]);
  list.update(["x"]);
  assert.deepEqual(list.get(), ["x"]);
  list.update([]);
  assert.deepEqual(list.get(), []);
  for (const nothing of [null, undefined]) {
    assert.throws(() => list.add(nothing), { code: "TSF-2112" });
    assert.throws(() => list.addAll([1, nothing]), { code: "TSF-2112" });
  }
  assert.deepEqual(list.get(), []);
  assert.throws(() => list.add(() => 1), { code: "TSF-2101" });
  list.add("y");
  list.clear();
  assert.deepEqual(list.get(), []);
  map.put("a", 1);
  map.putAll([["b", 2], ["a", 3]]);
  assert.deepEqual([[...map.entries()], map.get("a"), map.contains("c"), map.get("c")], [
    [["a", 3], ["b", 2]],
    3,
    false,
    undefined,
  ]);
  map.remove("a");
  map.remove("nothing");
  assert.deepEqual([...map.immutableEntries()], [["b", 2]]);
  map.clear();
  assert.deepEqual([...map.entries()], []);
});

Deno.test("operator state: one name, one mode; lists and maps have names of their own; not keyed", () => {
  const initialize = (run: (context: FunctionInitializationContext) => void) => {
    const harness = new OneInputStreamOperatorTestHarness<number, number>(
      mapOperator({ initializeState: run, map: (v: number) => v } as { map(v: number): number }),
    );
    harness.open();
  };
  const same = new MapStateDescriptor<string, number>("list");
  initialize((c) => {
    const store = c.getOperatorStateStore();
    assert.equal(store.getListState(LIST), store.getListState(LIST));
    store.getBroadcastState(same).put("k", 1);
    store.getListState(LIST).add("x");
    assert.equal(store.getBroadcastState(same).get("k"), 1);
  });
  for (
    const [first, second] of [["getListState", "getUnionListState"], ["getUnionListState", "getListState"]] as const
  ) {
    assert.throws(
      () => initialize((c) => [c.getOperatorStateStore()[first](LIST), c.getOperatorStateStore()[second](LIST)]),
      { code: "TSF-2110" },
    );
  }
  assert.throws(() => initialize((c) => c.getKeyedStateStore().getListState(LIST)), { code: "TSF-2004" });
});

Deno.test("operator state: a snapshot is not reached by later writes, and an abandoned name is carried along", () => {
  const first = subtask("getListState", ["a", "b"]);
  // The next version of the function does not ask for the list; the one after it does again.
  const silent = new OneInputStreamOperatorTestHarness<string, string>(mapOperator((v: string) => v));
  silent.initializeState(first.snapshot);
  silent.open();
  assert.deepEqual(subtask("getListState", [], silent.snapshot()).started, ["a", "b"]);
  assert.throws(() => subtask("getUnionListState", [], silent.snapshot()), { code: "TSF-2110" });

  const fn = keeper("getListState", () => {});
  const harness = new OneInputStreamOperatorTestHarness<string, string>(mapOperator(fn));
  harness.processElement("x");
  const snapshot = harness.snapshot();
  harness.processElement("y");
  assert.deepEqual(subtask("getListState", [], snapshot).started, ["x"]);
  assert.deepEqual(subtask("getListState", [], harness.snapshot()).started, ["x", "y"]);
});

Deno.test("operator state: promises and errors of initializeState and snapshotState", () => {
  const failing = (method: string, run: () => unknown): Any => ({ flatMap: (v: number) => [v], [method]: run });
  for (const method of ["initializeState", "snapshotState", "notifyCheckpointComplete", "notifyCheckpointAborted"]) {
    for (
      const [run, code] of [[() => Promise.resolve(), "TSF-2002"], [() => {
        throw new Error("boom");
      }, "TSF-2001"]] as const
    ) {
      const harness = new OneInputStreamOperatorTestHarness<number, number>(flatMapOperator(failing(method, run)));
      assert.throws(
        () => {
          harness.open();
          harness.processElement(1);
          harness.snapshot(1);
          harness.notifyCheckpointAborted(1);
          harness.notifyCheckpointComplete(2);
        },
        { code },
        `${method} ${code}`,
      );
    }
  }
});

// A whole job: counts per subtask survive a restart at another parallelism.
Deno.test("operator state: jobs restored at another parallelism", async () => {
  for (const [before, after] of [[1, 1], [1, 3], [3, 1], [2, 3], [3, 2]]) {
    const gate = new Gate();
    const started: string[][] = [[], []];
    const run = async (round: number, parallelism: number, restoreFrom?: Any) => {
      const test = testEnvironment({ parallelism, restoreFrom });
      test.env.fromSource(
        scriptedSource<string>(
          [..."abcdef"].map((value) => ({ value })).concat({ until: gate } as Any, { value: "g" } as Any),
        ),
        WatermarkStrategy.noWatermarks<string>(),
        "in",
      ).uid("in").rebalance()
        .map(keeper("getListState", (elements) => started[round].push(...elements))).uid("keeper")
        .sinkTo(new RecordingSink());
      const client = await test.env.executeAsync();
      await test.idle();
      if (round === 1) {
        gate.open();
        await client.getJobExecutionResult();
        return undefined;
      }
      const snapshot = await test.takeSnapshot(client);
      await client.cancel();
      return snapshot;
    };
    const snapshot = await run(0, before);
    await run(1, after, snapshot);
    assert.deepEqual([started[0], started[1].sort()], [[], [..."abcdef"]], `${before} to ${after}`);
  }
});
