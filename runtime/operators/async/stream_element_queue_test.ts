import assert from "node:assert/strict";
import fc from "fast-check";
import {
  OrderedStreamElementQueue,
  type RecordEntry,
  type StreamElementQueue,
  UnorderedStreamElementQueue,
} from "./stream_element_queue.ts";

type Queue = StreamElementQueue<string, string>;
const KINDS = {
  ordered: (capacity: number): Queue => new OrderedStreamElementQueue(capacity),
  unordered: (capacity: number): Queue => new UnorderedStreamElementQueue(capacity),
};

/**
 * "+a" puts record a, "w5" a watermark, "idle" a status, "!a" completes a, "-" takes everything that may leave; a put
 * that finds no room gives "full".
 */
function run(queue: Queue, script: string): string[] {
  const entries = new Map<string, RecordEntry<string, string>>();
  const out: string[] = [];
  for (const step of script.split(" ")) {
    if (step[0] === "+") {
      const entry = queue.tryPutRecord(step.slice(1), 0);
      if (entry === undefined) out.push("full");
      else entries.set(step.slice(1), entry);
    } else if (step[0] === "w") {
      if (!queue.tryPutWatermark(Number(step.slice(1)))) out.push("full");
    } else if (step[0] === "!") entries.get(step.slice(1))!.complete([step.slice(1)]);
    else if (step === "-") {
      for (let next = queue.poll(); next !== undefined; next = queue.poll()) {
        out.push(next.kind === "record" ? next.value : typeof next.mark === "number" ? `w${next.mark}` : next.mark);
      }
      out.push("|");
    } else queue.putStatus(step as "idle");
  }
  return out;
}

const CASES: readonly [name: string, capacity: number, script: string, ordered: string, unordered: string][] = [
  ["first in, first out", 5, "+a +b !b - !a -", "| a b |", "b | a |"],
  ["watermarks are never overtaken", 5, "+a w1 +b !b - !a -", "| a w1 b |", "| a w1 b |"],
  ["a watermark alone leaves at once", 5, "w1 - w2 w3 -", "w1 | w2 w3 |", "w1 | w2 w3 |"],
  [
    "between two watermarks any order",
    9,
    "+a w1 +b +c w2 +d !d !c - !a - !b -",
    "| a w1 | b c w2 d |",
    "| a w1 c | b w2 d |",
  ],
  ["order of completion", 5, "+a +b +c !c !a - !b -", "a | b c |", "c a | b |"],
  ["capacity counts records and watermarks", 2, "+a w1 +b w2 !a - +b", "full full a w1 |", "full full a w1 |"],
  ["a status always fits and is not overtaken", 1, "+a idle +b !a - +c !c -", "full a idle | c |", "full a idle | c |"],
  ["completing twice counts once", 3, "+a !a !a - -", "a | |", "a | |"],
];
for (const [name, capacity, script, ordered, unordered] of CASES) {
  for (const [kind, expected] of [["ordered", ordered], ["unordered", unordered]] as const) {
    Deno.test(`${kind} queue: ${name}`, () => {
      assert.equal(run(KINDS[kind](capacity), script).join(" "), expected);
    });
  }
}

for (const kind of ["ordered", "unordered"] as const) {
  Deno.test(`${kind} queue: everything leaves once, order holds, the rest is listed in order of arrival`, () => {
    const op = fc.oneof(
      { weight: 4, arbitrary: fc.constant("put" as const) },
      { weight: 1, arbitrary: fc.constant("mark" as const) },
      { weight: 4, arbitrary: fc.nat({ max: 7 }) },
      { weight: 2, arbitrary: fc.constant("take" as const) },
    );
    fc.assert(
      fc.property(fc.array(op, { maxLength: 60, size: "max" }), (ops) => {
        const queue = KINDS[kind](4);
        /** Everything put and not yet taken, in order; `done` counts completions. */
        const model: { name: string; mark: boolean; done: number; entry?: RecordEntry<string, string> }[] = [];
        let count = 0;
        let completions = 0;
        const mayLeave = () => {
          if (kind === "ordered") return model[0]?.done > 0 ? model[0] : undefined;
          if (model[0]?.mark) return model[0];
          const until = model.findIndex((one) => one.mark);
          const segment = model.slice(0, until < 0 ? undefined : until).filter((one) => one.done > 0);
          return segment.sort((a, b) => a.done - b.done)[0];
        };
        for (const one of ops) {
          const name = String(count++);
          if (one === "put") {
            const entry = queue.tryPutRecord(name, 0);
            assert.equal(entry === undefined, model.length >= 4);
            if (entry !== undefined) model.push({ name, mark: false, done: 0, entry });
          } else if (one === "mark") {
            const fits = queue.tryPutWatermark(Number(name));
            assert.equal(fits, model.length < 4);
            if (fits) model.push({ name, mark: true, done: ++completions });
          } else if (one === "take") {
            const expected = mayLeave();
            assert.equal(queue.hasCompleted, expected !== undefined);
            const taken = queue.poll();
            assert.equal(taken?.kind === "record" ? taken.value : taken && String(taken.mark), expected?.name);
            if (expected !== undefined) model.splice(model.indexOf(expected), 1);
          } else {
            const open = model.filter((each) => each.done === 0)[one];
            if (open === undefined) continue;
            open.done = ++completions;
            open.entry!.complete([]);
          }
          assert.deepEqual([queue.size, queue.isEmpty], [model.length, model.length === 0]);
          const records = model.filter((each) => !each.mark).map((each) => each.name);
          assert.deepEqual(queue.records().map((entry) => entry.value), records);
        }
      }),
      { numRuns: 300, seed: 3 },
    );
  });
}
