/**
 * Ring pairs between slots of one TaskManager, which exchange frames without anybody in between. A pair is made when the
 * first of its two slots is deployed, and is there until both have ended or the one that came has.
 *
 * Caller: deployed_slots.ts.
 *
 * @module
 */

import { createRing, type RingOptions } from "../../runtime/network/ring.ts";
import type { Doorbells } from "./task_manager_options.ts";

interface RingPair {
  /** Slot keys, in the order of their names. */
  readonly ends: readonly [string, string];
  /** From the first to the second, and back. */
  readonly rings: readonly [SharedArrayBuffer, SharedArrayBuffer];
  readonly users: Set<string>;
}

/** See the module. */
export class LocalRings {
  readonly #pairs = new Map<string, RingPair>();
  /** By slot key: of slots that are there, and of those that their peers wait for. */
  readonly #bells = new Map<string, SharedArrayBuffer>();
  /** Slots that are there. */
  readonly #live = new Set<string>();

  constructor(readonly doorbells: Doorbells) {}

  /** The doorbell of a slot that is there or will come. */
  bell(slotKey: string): SharedArrayBuffer {
    const known = this.#bells.get(slotKey);
    if (known !== undefined) return known;
    const memory = this.doorbells.allocate(1);
    this.#bells.set(slotKey, memory);
    return memory;
  }

  /** A slot's ends of its rings to another one, and the doorbell of that. */
  link(slotKey: string, peerKey: string, ring: RingOptions): {
    readonly inbound: SharedArrayBuffer;
    readonly outbound: SharedArrayBuffer;
    readonly doorbell: SharedArrayBuffer;
  } {
    const ends = slotKey < peerKey ? [slotKey, peerKey] as const : [peerKey, slotKey] as const;
    const key = ends.join("\n");
    const pair = this.#pairs.get(key) ??
      { ends, rings: [createRing(ring), createRing(ring)], users: new Set<string>() };
    this.#pairs.set(key, pair);
    pair.users.add(slotKey);
    const [forward, backward] = pair.rings;
    const doorbell = this.bell(peerKey);
    return slotKey === ends[0]
      ? { outbound: forward, inbound: backward, doorbell }
      : { outbound: backward, inbound: forward, doorbell };
  }

  /** The slot is there. */
  begin(slotKey: string): void {
    this.#live.add(slotKey);
  }

  /** The slot has ended. */
  release(slotKey: string): void {
    this.#live.delete(slotKey);
    for (const [key, { users }] of this.#pairs) if (users.delete(slotKey) && users.size === 0) this.#pairs.delete(key);
    const named = new Set([...this.#pairs.values()].flatMap(({ ends }) => ends));
    for (const key of this.#bells.keys()) if (!named.has(key) && !this.#live.has(key)) this.#bells.delete(key);
  }

  /** For tests of leaks. */
  get sizes(): { readonly pairs: number; readonly bells: number } {
    return { pairs: this.#pairs.size, bells: this.#bells.size };
  }
}
