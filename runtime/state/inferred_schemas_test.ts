import assert from "node:assert/strict";
import { ListStateDescriptor, MapStateDescriptor, ValueStateDescriptor } from "../functions/state_descriptor.ts";
import type { ListState, MapState, StateDescriptor, ValueState } from "../functions/state_descriptor.ts";
import { SchemaTracker } from "../types/schema_tracker.ts";
import { HeapKeyedStateBackend } from "./heap_backend.ts";

const OPTIONS = { maxParallelism: 8, keyGroups: { start: 0, end: 7 }, now: () => 1000 };

/** Text of the schema of these values. */
function schemaOf(...values: unknown[]): string {
  const tracker = new SchemaTracker();
  for (const value of values) tracker.observe(value);
  return tracker.schema().text;
}

interface Case {
  readonly descriptor: StateDescriptor;
  readonly fill: (backend: HeapKeyedStateBackend) => void;
  readonly keys: string;
  readonly values: string;
}

const TTL = { ttl: 10_000 };
const value = (ttl?: typeof TTL) => new ValueStateDescriptor<unknown>("s", { ttl });
const list = (ttl?: typeof TTL) => new ListStateDescriptor<unknown>("s", { ttl });
const map = (ttl?: typeof TTL) => new MapStateDescriptor<string, unknown>("s", { ttl });

function cases(ttl?: typeof TTL): Record<string, Case> {
  return {
    "value": {
      descriptor: value(ttl),
      fill: (backend) => {
        for (const key of [1, 2.5]) {
          backend.setCurrentKey(key);
          backend.state<ValueState<unknown>>(value(ttl)).update({ n: key, name: "x" });
        }
      },
      keys: schemaOf(1, 2.5),
      values: schemaOf({ n: 1, name: "x" }, { n: 2.5, name: "x" }),
    },
    "list": {
      descriptor: list(ttl),
      fill: (backend) => {
        backend.setCurrentKey("a");
        backend.state<ListState<unknown>>(list(ttl)).addAll([1, "two"]);
      },
      keys: schemaOf("a"),
      values: schemaOf(1, "two"),
    },
    "map": {
      descriptor: map(ttl),
      fill: (backend) => {
        backend.setCurrentKey(["a", 1]);
        backend.state<MapState<string, unknown>>(map(ttl)).put("k", 7);
      },
      keys: schemaOf(["a", 1]),
      values: schemaOf(["k", 7]),
    },
  };
}

for (const [how, ttl] of [["plain", undefined], ["with TTL", TTL]] as const) {
  for (const [kind, { descriptor, fill, keys, values }] of Object.entries(cases(ttl))) {
    Deno.test(`a snapshot says the schemas of ${kind} state, ${how}, and a restored one too`, () => {
      const backend = new HeapKeyedStateBackend(OPTIONS);
      fill(backend);
      const snapshot = backend.snapshot();
      const [meta] = snapshot.states;
      assert.deepEqual([meta.name, meta.keySchema, meta.schema], ["s", keys, values]);
      const restored = new HeapKeyedStateBackend(OPTIONS);
      restored.restore([snapshot], () => {});
      restored.state(descriptor);
      assert.deepEqual(restored.snapshot().states, snapshot.states);
    });
  }
}

Deno.test("a state without rows has no schema yet", () => {
  const backend = new HeapKeyedStateBackend(OPTIONS);
  backend.state(value());
  assert.equal(backend.snapshot().states[0].schema, "generic");
});
