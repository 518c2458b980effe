import assert from "node:assert/strict";
import fc from "fast-check";
import type { AccumulatorPart, SlotReport, SlotRequest } from "../../runtime/tasks/slot/slot_protocol.ts";
import { JobAccumulators } from "./job_accumulators.ts";
import type { SlotGateway } from "./slots.ts";

type Question = Extract<SlotRequest, { readonly requestId: number }>;
type Sums = Readonly<Record<string, number>>;

/** Slots that hold sums, by index; each answers when it is told to. */
class Slots {
  readonly live = new Map<number, SlotGateway>();
  readonly asked: { readonly slot: number; readonly request: Question }[] = [];
  readonly contents = new Map<number, Sums>();
  /** Slots whose accumulators cannot travel. */
  readonly stubborn = new Set<number>();
  readonly accumulators = new JobAccumulators(() => this.live);

  add(slot: number, contents: Sums): void {
    this.contents.set(slot, contents);
    this.live.set(slot, {
      request: (request) => void this.asked.push({ slot, request: request as Question }),
      progress: () => [],
      close: () => {},
    });
  }
  end(slot: number): void {
    this.live.delete(slot);
    this.accumulators.slotEnded(slot);
  }
  answerTo({ slot, request }: Slots["asked"][number]): Extract<SlotReport, { readonly requestId: number }> {
    const { requestId } = request;
    const own = this.contents.get(slot)!;
    if (request.type === "exportAccumulators") {
      if (this.stubborn.has(slot)) return { type: "requestFailed", requestId, error: new Error(`not from ${slot}`) };
      const parts = Object.entries(own).map(([name, sum]): AccumulatorPart => {
        return { name, className: "Sum", fields: { sum }, localValue: sum };
      });
      return { type: "accumulators", requestId, parts };
    }
    const names = request.names ?? Object.keys(own);
    // As a slot does: only where it has one of that name it knows the class.
    for (const name of names) assert.ok(name in own, `slot ${slot} is asked to merge "${name}"`);
    for (const { name } of request.parts) assert.ok(names.includes(name), `a part of "${name}" is of no use`);
    const values = Object.fromEntries(names.map((name) => {
      const parts = request.parts.filter((part) => part.name === name).map(({ localValue }) => localValue as number);
      return [name, [own[name], ...parts].reduce((a, b) => a + b, 0)];
    }));
    return { type: "merged", requestId, values };
  }
  /** Answers everything that is asked, in the order that `pick` says, until nothing is asked any more. */
  async answerAll(pick: (n: number) => number = () => 0): Promise<void> {
    for (let quiet = 0; quiet < 3;) {
      if (this.asked.length === 0) {
        quiet++;
        for (let n = 0; n < 10; n++) await null;
        continue;
      }
      quiet = 0;
      const [question] = this.asked.splice(pick(this.asked.length) % this.asked.length, 1);
      if (this.live.has(question.slot)) this.accumulators.answered(this.answerTo(question));
    }
  }
}

const sumsArbitrary = fc.dictionary(fc.constantFrom("a", "b", "c", "d"), fc.integer({ min: -9, max: 9 }), {
  maxKeys: 4,
  noNullPrototype: true,
});

Deno.test("over any slots, stages and orders of answers, each name has the sum of all", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(sumsArbitrary, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 }),
      fc.infiniteStream(fc.nat(20)),
      async (stages, picks) => {
        const slots = new Slots();
        const expected: Record<string, number> = {};
        for (const [index, stage] of stages.entries()) {
          stage.forEach((contents, slot) => slots.add(slot, contents));
          for (const contents of stage) {
            for (const [name, sum] of Object.entries(contents)) expected[name] = (expected[name] ?? 0) + sum;
          }
          const asking = [slots.accumulators.results(), slots.accumulators.results()];
          await slots.answerAll(() => picks.next().value);
          for (const results of await Promise.all(asking)) assert.deepEqual({ ...results }, expected);
          if (index === stages.length - 1) break;
          const keeping = slots.accumulators.keep();
          await slots.answerAll(() => picks.next().value);
          await keeping;
          for (const slot of [...slots.live.keys()]) slots.end(slot);
          assert.deepEqual({ ...await slots.accumulators.results() }, expected, "between stages");
        }
      },
    ),
    { numRuns: 100 },
  );
});

Deno.test("one slot is asked once, for all it has, and need not be able to send it", async () => {
  const slots = new Slots();
  slots.stubborn.add(0);
  slots.add(0, { a: 1, b: 2 });
  const asking = slots.accumulators.results();
  assert.deepEqual(slots.asked.map(({ request }) => request), [
    { type: "mergeAccumulators", requestId: 1, names: undefined, parts: [] },
  ]);
  await slots.answerAll();
  assert.deepEqual(await asking, { a: 1, b: 2 });
  assert.deepEqual(await new Slots().accumulators.results(), {}, "nobody to ask");
});

Deno.test("a slot that ends counts as having said nothing: asked before, between, or not at all", async () => {
  const table: [string, (slots: Slots) => void, Sums][] = [
    ["while all are asked to export", (slots) => slots.end(1), { a: 1, b: 5 }],
    ["all of them", (slots) => [0, 1, 2].forEach((slot) => slots.end(slot)), {}],
    ["nobody", () => {}, { a: 3, b: 5, c: 4 }],
  ];
  for (const [name, happens, expected] of table) {
    const slots = new Slots();
    slots.add(0, { a: 1 });
    slots.add(1, { a: 2, c: 4 });
    slots.add(2, { b: 5 });
    const asking = slots.accumulators.results();
    happens(slots);
    await slots.answerAll();
    assert.deepEqual(await asking, expected, name);
  }
  // Between export and merge: what slot 1 has exported is merged elsewhere, what it was to merge is lost.
  const slots = new Slots();
  slots.add(0, { a: 1 });
  slots.add(1, { a: 2, c: 4 });
  const asking = slots.accumulators.results();
  for (const question of slots.asked.splice(0)) slots.accumulators.answered(slots.answerTo(question));
  for (let n = 0; n < 20; n++) await null;
  slots.end(1);
  await slots.answerAll();
  assert.deepEqual(await asking, { a: 3 });
});

Deno.test("an answer that comes twice, late, or to no question changes nothing", async () => {
  const slots = new Slots();
  slots.add(0, { a: 1 });
  slots.accumulators.answered({ type: "merged", requestId: 99, values: { a: 99 } });
  const asking = slots.accumulators.results();
  const [question] = slots.asked.splice(0);
  const { requestId } = question.request;
  slots.accumulators.answered(slots.answerTo(question));
  slots.accumulators.answered({ type: "merged", requestId, values: { a: 77 } });
  assert.deepEqual(await asking, { a: 1 });
  slots.end(0);
  slots.accumulators.answered({ type: "merged", requestId, values: { a: 77 } });
  assert.deepEqual(await slots.accumulators.results(), {}, "nothing was kept");
});

Deno.test("one that cannot travel fails the results of several slots; of a stage before only if its name comes again", async () => {
  const both = new Slots();
  both.stubborn.add(1);
  both.add(0, { a: 1 });
  both.add(1, { b: 1 });
  const failing = assert.rejects(both.accumulators.results(), /not from 1/);
  await both.answerAll();
  await failing;

  for (const [later, isShort] of [[{ b: 5 }, false], [{ a: 5 }, true], [{}, false]] as const) {
    const slots = new Slots();
    slots.stubborn.add(0);
    slots.add(0, { a: 1 });
    const keeping = slots.accumulators.keep();
    await slots.answerAll();
    await keeping;
    slots.end(0);
    assert.deepEqual(await slots.accumulators.results(), { a: 1 });
    slots.add(7, later);
    const asking = slots.accumulators.results().catch((error) => error);
    await slots.answerAll();
    const found = await asking;
    if (isShort) assert.match(String(found), /not from 0/);
    else assert.deepEqual({ ...found }, { a: 1, ...later });
  }
});
