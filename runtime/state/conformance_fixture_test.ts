/**
 * What the conformance tables of keyed backends share.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { FlinkError } from "../errors.ts";
import type { StateDescriptor } from "../functions/state_descriptor.ts";
import type { Key } from "../types/key.ts";
import type {
  KeyedBackendOptions,
  KeyedSnapshot,
  KeyedStateBackend,
  MergingState,
  NamespacedState,
} from "./keyed_state_backend.ts";

/** Makes the backend under test. */
export type BackendFactory = (options: KeyedBackendOptions) => KeyedStateBackend;
/** Registers one test, for example `Deno.test`. */
export type RegisterTest = (name: string, fn: () => void) => void;

/** A handle of any kind. */
// deno-lint-ignore no-explicit-any -- tests use the methods of whatever kind they asked for
export type Handle = NamespacedState & MergingState & Record<string, (...args: any[]) => any>;
/** One test. */
export type Case = readonly [name: string, run: (t: Fixture) => void];

/** The only subtask of an operator. */
export const ALL = { maxParallelism: 16, keyGroups: { start: 0, end: 15 } } as const;

/** A backend with a clock, made again from its own snapshot on request. */
export class Fixture {
  now = 0;
  backend: KeyedStateBackend;
  constructor(readonly factory: BackendFactory) {
    this.backend = this.make();
  }
  make(overrides: Partial<KeyedBackendOptions> = {}): KeyedStateBackend {
    return this.factory({ ...ALL, now: () => this.now, ...overrides });
  }
  handle(descriptor: StateDescriptor, key: Key = "k"): Handle {
    this.backend.setCurrentKey(key);
    return this.backend.state<Handle>(descriptor);
  }
  restart(snapshot: KeyedSnapshot = this.backend.snapshot()): void {
    this.backend = this.make();
    this.backend.restore([snapshot], () => assert.fail("no timers were written"));
  }
}

/** Expects an error of that code. */
export function throwsCode(code: string, run: () => unknown): void {
  assert.throws(run, (error: FlinkError) => {
    assert.equal(error.code, code);
    return true;
  });
}
