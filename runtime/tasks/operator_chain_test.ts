import assert from "node:assert/strict";
import fc from "fast-check";
import { Probe, type ProbeBehaviour, TaskHarness, type TaskHarnessOptions } from "../../tests/harness/task_harness.ts";

type Start = Omit<TaskHarnessOptions, "operators"> & { readonly chain: Readonly<Record<string, ProbeBehaviour>> };

/** A started task over one probe per entry; what it did is in `news()`. */
function started({ chain, ...options }: Start) {
  const probes = Object.entries(chain).map(([name, behaviour]) => new Probe(name, behaviour));
  const harness = new TaskHarness({ operators: probes, ...options });
  harness.credit(1000);
  harness.task.start();
  harness.news();
  return { harness, probes };
}

const twice: ProbeBehaviour["onRecord"] = (probe, value) => {
  probe.emit(`${value}a`);
  probe.emit(`${value}b`);
};
const twiceLater: ProbeBehaviour["onRecord"] = (probe, value) => probe.emitAll([`${value}a`, `${value}b`]);

Deno.test("depth first: a record is through the chain before the next", () => {
  const { harness } = started({ chain: { a: { onRecord: twice }, b: { onRecord: twice }, c: {} }, writers: [2] });
  harness.records([1]);
  harness.run();
  assert.deepEqual(harness.news(), [
    "a 1",
    'b "1a"',
    'c "1aa"',
    'c "1ab"',
    'b "1b"',
    'c "1ba"',
    'c "1bb"',
  ]);
});

Deno.test("the order is the same however little a step may do, and whoever emits at once or step by step", () => {
  const behaviours = [twice, twiceLater];
  const expected = started({ chain: { a: { onRecord: twice }, b: { onRecord: twice }, c: {} }, writers: [2] }).harness;
  const feed = (harness: TaskHarness) => {
    harness.records([1, 2]);
    harness.watermark(5);
    harness.records([3]);
    harness.end();
    assert.equal(harness.run(), "finished");
    return harness.out[0];
  };
  const right = feed(expected);
  assert.equal(right.length, 15);
  for (const first of behaviours) {
    for (const second of behaviours) {
      for (const rowsPerStep of [1, 2, 3, 4, 5, 100]) {
        const { harness } = started({
          chain: { a: { onRecord: first }, b: { onRecord: second }, c: {} },
          writers: [2],
          settings: { rowsPerStep },
        });
        assert.deepEqual(feed(harness), right);
      }
    }
  }
});

Deno.test("what arrives for a busy operator waits in order, events too; resumed from tail to head", () => {
  let done = false;
  const { harness } = started({
    chain: {
      a: {
        onRecord: (probe, value) => {
          probe.emit(value);
          probe.emitWatermark(value as number);
          probe.emit(-(value as number));
        },
      },
      b: { onRecord: (probe, value) => (value === 1 ? probe.waitFor(() => done) : undefined, probe.emit(value)) },
      c: {},
    },
    writers: [2],
  });
  harness.records([1, 2]);
  assert.equal(harness.run(), "blocked");
  assert.deepEqual(harness.news(), ["a 1", "b 1", "c 1"]);
  done = true;
  assert.equal(harness.run(), "idle");
  assert.deepEqual(
    harness.news(),
    ["b w1", "c w1", "b -1", "c -1", "a 2", "b 2", "c 2", "b w2", "c w2", "b -2", "c -2"],
  );
  assert.deepEqual(harness.out[0], ["1", "w1", "-1", "2", "w2", "-2"]);
});

Deno.test("an operator does not go on while one behind it is at work", () => {
  let released = 0;
  const { harness } = started({
    chain: {
      a: { onRecord: (probe) => probe.emitAll([1, 2, 3]) },
      b: { onRecord: (probe, value) => probe.waitFor(() => released >= (value as number)) },
    },
    settings: { rowsPerStep: 100 },
  });
  harness.records([0]);
  for (const n of [1, 2, 3]) {
    harness.run();
    assert.deepEqual(harness.news().filter((line) => line.startsWith("b") && /\d/.test(line)), [`b ${n}`]);
    assert.equal(harness.task.parts.chain.head.output.numRecordsOut, n, "nothing piles up in between");
    released = n;
  }
  assert.equal(harness.run(), "idle");
});

Deno.test("two consumers: one gets a copy, both see the record before the next comes", () => {
  const seen: object[] = [];
  const mutate: ProbeBehaviour["onRecord"] = (_, value) => {
    seen.push(value as object);
    (value as { n: number }).n *= 10;
  };
  const edges = [[{ target: 1, targetInput: 0 }, { target: 2, targetInput: 0 }], [], []];
  const { harness } = started({ chain: { a: {}, b: { onRecord: mutate }, c: { onRecord: mutate } }, edges });
  harness.records([{ n: 1 }, { n: 2 }]);
  harness.run();
  assert.deepEqual(harness.news(), [
    'a {"n":1}',
    'b {"n":1}',
    'c {"n":1}',
    'a {"n":2}',
    'b {"n":2}',
    'c {"n":2}',
  ]);
  assert.equal(new Set(seen).size, 4);
  assert.deepEqual(seen, [{ n: 10 }, { n: 10 }, { n: 20 }, { n: 20 }]);
});

Deno.test("two consumers under object reuse share the record", () => {
  const seen = new Set<unknown>();
  const keep: ProbeBehaviour["onRecord"] = (_, value) => void seen.add(value);
  const operatorConfig = {
    objectReuse: true,
    autoWatermarkIntervalMs: 0,
    checkpointingEnabled: false,
    runtimeMode: "STREAMING",
    checkMutation: false,
    globalJobParameters: {},
  } as const;
  const { harness } = started({
    chain: { a: {}, b: { onRecord: keep }, c: { onRecord: keep } },
    edges: [[{ target: 1, targetInput: 0 }, { target: 2, targetInput: 0 }], [], []],
    settings: { operatorConfig },
  });
  harness.records([{ n: 1 }]);
  harness.run();
  assert.equal(seen.size, 1);
});

Deno.test("side outputs go to their consumers only; those nobody reads are dropped; watermarks go to all", () => {
  const { harness } = started({
    chain: {
      a: {
        onRecord: (probe, value) => {
          probe.emitSide("odd", `odd ${value}`);
          probe.emitSide("nobody", { unread: true });
          probe.emit(`main ${value}`);
        },
      },
      b: {},
      c: {},
      d: {},
    },
    edges: [
      [
        { target: 1, targetInput: 0 },
        { target: 2, targetInput: 0, sideOutputTag: "odd" },
        { target: 3, targetInput: 0, sideOutputTag: "odd" },
      ],
      [],
      [],
      [],
    ],
  });
  harness.records([1]);
  harness.watermark(9);
  harness.give({ kind: "status", status: "idle" });
  harness.run();
  assert.deepEqual(harness.news(), [
    "a 1",
    'c "odd 1"',
    'd "odd 1"',
    'b "main 1"',
    "a w9",
    "b w9",
    "c w9",
    "d w9",
    "a idle",
    "b idle",
    "c idle",
    "d idle",
  ]);
});

Deno.test("a tree of operators that are busy at random, in steps of any size, keeps order on every path", () => {
  const sizes = fc.record({
    rowsPerStep: fc.integer({ min: 1, max: 5 }),
    fan: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 6, maxLength: 6 }),
    atOnce: fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
    waits: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 6, maxLength: 6 }),
    records: fc.integer({ min: 0, max: 6 }),
  });
  // a -> b -> (c, d -> e), a -> f: both kinds of sharing.
  const edges = [[1, 5], [2, 3], [], [4], [], []].map((targets) =>
    targets.map((target) => ({ target, targetInput: 0 }))
  );
  fc.assert(fc.property(sizes, ({ rowsPerStep, fan, atOnce, waits, records }) => {
    const fanned = (i: number, value: unknown) =>
      Array.from({ length: fan[i] }, (_, n) => `${value}${"abcdef"[i]}${n}`);
    const operators = [..."abcdef"].map((name, i) =>
      new Probe(name, {
        onRecord: (probe, value) => {
          let left = waits[i];
          if (left > 0) probe.waitFor(() => left-- === 0);
          if (atOnce[i]) { for (const made of fanned(i, value)) probe.emit(made); }
          else probe.emitAll(fanned(i, value));
        },
      })
    );
    const harness = new TaskHarness({ operators, edges, settings: { rowsPerStep, maxRowsPerBatch: 4 } });
    harness.task.start();
    harness.news();
    const values = Array.from({ length: records }, (_, n) => String(n));
    harness.records(values);
    harness.watermark(1);
    harness.end();
    // Waiting operators are looked at again with every step.
    for (let n = 0; n < 5000 && harness.task.step() !== "finished"; n++);
    assert.equal(harness.task.state, "FINISHED");
    const trace = harness.news();
    const of = (name: string) =>
      trace.filter((line) => line.startsWith(`${name} "`) || line === `${name} w1`).map((line) =>
        line === `${name} w1` ? "w1" : JSON.parse(line.slice(2))
      );
    const through = (inputs: string[], i: number) => inputs.flatMap((value) => fanned(i, value));
    const b = through(values, 0);
    const d = through(b, 1);
    assert.deepEqual(of("a"), [...values, "w1"]);
    assert.deepEqual([of("b"), of("f")], [[...b, "w1"], [...b, "w1"]]);
    assert.deepEqual([of("c"), of("d")], [[...d, "w1"], [...d, "w1"]]);
    assert.deepEqual(of("e"), [...through(d, 3), "w1"]);
  }));
});
