/**
 * Results of the accumulators of a job whose subtasks run in one or several slots: each name is merged in a slot that has
 * an accumulator of that name, because only there its class is known.
 *
 * @module
 */

import type { AccumulatorPart, SlotReport } from "../../runtime/tasks/slot/slot_protocol.ts";
import type { SlotGateway } from "./slots.ts";

type Answer = Extract<SlotReport, { readonly requestId: number }>;

/** Asks slots and matches their answers. */
export class JobAccumulators {
  #lastRequestId = 0;
  /** Accumulators of slots that are gone, because their stage has finished, and their results. */
  readonly #kept: AccumulatorPart[] = [];
  #keptResults: Readonly<Record<string, unknown>> = {};
  /** Why accumulators that are gone cannot be merged with others of their name. */
  #keepingFailed: unknown;
  /** Slots that are kept, but not gone yet. */
  readonly #keptSlots = new Set<number>();
  /** Of slots that are just being kept: nobody else counts them meanwhile. */
  #keeping: Promise<void> | undefined;
  readonly #asked = new Map<number, { readonly slot: number; readonly settle: (answer: Answer | undefined) => void }>();

  /** @param slots Those that are alive, by a number that none had before. */
  constructor(readonly slots: () => ReadonlyMap<number, SlotGateway>) {}

  /** An answer has come. */
  answered(answer: Answer): void {
    const asked = this.#asked.get(answer.requestId);
    this.#asked.delete(answer.requestId);
    asked?.settle(answer);
  }

  /** A slot is gone: what it would have answered counts as nothing. */
  slotEnded(slot: number): void {
    this.#keptSlots.delete(slot);
    for (const [id, asked] of this.#asked) {
      if (asked.slot !== slot) continue;
      this.#asked.delete(id);
      asked.settle(undefined);
    }
  }

  /**
   * The merged result of each name.
   *
   * @throws JobExecutionError TSF-2032 when accumulators of one name are of different classes, TSF-2033 when one cannot
   * travel.
   */
  async results(): Promise<Readonly<Record<string, unknown>>> {
    while (this.#keeping !== undefined) await this.#keeping;
    return await this.#resultsOf([...this.slots().keys()].filter((slot) => !this.#keptSlots.has(slot)));
  }

  async #resultsOf(slots: readonly number[]): Promise<Readonly<Record<string, unknown>>> {
    if (slots.length === 0) return this.#keptResults;
    if (slots.length === 1 && this.#kept.length === 0) {
      return this.#withKept(await this.#merge(slots[0], undefined, []));
    }
    const exported = await Promise.all(slots.map((slot) => this.#export(slot)));
    const owners = new Map<string, number>();
    exported.forEach((parts, i) => {
      for (const { name } of parts) if (!owners.has(name)) owners.set(name, i);
    });
    const merged = await Promise.all(slots.map((slot, i) => {
      const names = [...owners].filter(([, owner]) => owner === i).map(([name]) => name);
      if (names.length === 0) return {};
      const others = [...exported.filter((_, j) => j !== i), this.#kept].flat();
      return this.#merge(slot, names, others.filter(({ name }) => names.includes(name)));
    }));
    return this.#withKept(Object.assign({}, ...merged));
  }

  #withKept(results: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    const isShort = this.#keepingFailed !== undefined && Object.keys(results).some((name) => name in this.#keptResults);
    if (isShort) throw this.#keepingFailed;
    return { ...this.#keptResults, ...results };
  }

  /** Some slots (default: all) have done their part and will be gone: what they have counts from now on. */
  async keep(slots: readonly number[] = [...this.slots().keys()]): Promise<void> {
    while (this.#keeping !== undefined) await this.#keeping;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#keeping = promise;
    try {
      await this.#keep(slots);
    } finally {
      this.#keeping = undefined;
      resolve();
    }
  }

  async #keep(slots: readonly number[]): Promise<void> {
    const results = await this.#resultsOf(slots);
    try {
      this.#kept.push(...(await Promise.all(slots.map((slot) => this.#export(slot)))).flat());
    } catch (error) {
      // That is of no concern unless a later stage has one of that name.
      this.#keepingFailed = error;
    }
    this.#keptResults = results;
    const live = this.slots();
    for (const slot of this.#keptSlots) if (!live.has(slot)) this.#keptSlots.delete(slot);
    for (const slot of slots) this.#keptSlots.add(slot);
  }

  async #export(slot: number): Promise<readonly AccumulatorPart[]> {
    const answer = await this.#ask(slot, (requestId) => ({ type: "exportAccumulators", requestId }));
    return answer?.type === "accumulators" ? answer.parts : [];
  }

  async #merge(
    slot: number,
    names: readonly string[] | undefined,
    parts: readonly AccumulatorPart[],
  ): Promise<Readonly<Record<string, unknown>>> {
    const answer = await this.#ask(slot, (requestId) => ({ type: "mergeAccumulators", requestId, names, parts }));
    return answer?.type === "merged" ? answer.values : {};
  }

  async #ask(
    slot: number,
    request: (requestId: number) => Parameters<SlotGateway["request"]>[0],
  ): Promise<Answer | undefined> {
    const requestId = ++this.#lastRequestId;
    const answer = await new Promise<Answer | undefined>((settle) => {
      this.#asked.set(requestId, { slot, settle });
      const gateway = this.slots().get(slot);
      if (gateway === undefined) settle(undefined);
      else gateway.request(request(requestId));
    });
    if (answer?.type === "requestFailed") throw answer.error;
    return answer;
  }
}
