import assert from "node:assert/strict";
import fc from "fast-check";
import { FlinkError } from "../../errors.ts";
import { InputGate } from "../../network/input_gate.ts";
import { testSeams } from "../../testing/test_seams.ts";
import { canonicalKey } from "../../types/canonical_key.ts";
import type { Key } from "../../types/key.ts";
import { MAX_WATERMARK, recordBatch } from "../../types/stream_element.ts";
import type { ChainTarget, OperatorChain } from "../operator_chain.ts";
import { type InputOrder, inputOrders, type InputShape } from "./batch_input.ts";
import { BatchInputs } from "./batch_inputs.ts";
import { compareKeys } from "./sorted_rows.ts";

interface Row {
  readonly key: Key;
  readonly timestamp: number;
  readonly id: string;
}

/** What is given to an input over one channel, in order: batches, then its end. */
type Script = readonly (readonly Row[])[];

/** Inputs under a test's hand: everything the operator sees is a line of the trace. */
class Fixture {
  readonly trace: string[] = [];
  readonly inputs: BatchInputs;
  readonly gates: readonly InputGate[];
  readonly control = { held: 0 };
  /** The operator is busy after so many calls; 0 for never. */
  busyEvery = 0;
  #calls = 0;

  constructor(orders: readonly InputOrder[], channels: readonly number[], sortMemoryBytes = 1000) {
    this.gates = channels.map((numChannels) =>
      new InputGate({ numChannels, exclusiveBuffersPerChannel: 2, floatingBuffersPerGate: 0, onAvailable: () => {} })
    );
    const targets = orders.map((_, i) => this.#target(i + 1));
    const operator = { endKey: () => this.#tell("key ends") };
    const reference = { name: "keyed" };
    const head = { inputs: targets, operator, reference, call: (_what: string, run: () => void) => run() };
    this.inputs = new BatchInputs({
      gates: this.gates,
      chain: { head, control: this.control, fused: undefined } as unknown as OperatorChain,
      events: {
        onCheckpoint: () => {},
        onCheckpointAborted: () => {},
        onInputEnd: (input, drain) => this.#tell(`end${input + 1}${drain ? "" : " stopped"}`, true),
      },
      orders,
      keySelectors: orders.map((order) => order === "sorted" ? (row) => (row as Row).key : undefined),
      spill: testSeams().spill,
      sortMemoryBytes,
    });
  }

  #target(input: number): ChainTarget {
    return {
      record: (row) => this.#tell(`${input}${(row as Row).id}`),
      watermark: (timestamp) => this.#tell(`${input}w${timestamp === MAX_WATERMARK ? "max" : timestamp}`, true),
      status: (status) => this.#tell(`${input}${status}`, true),
      latency: () => this.#tell(`${input}latency`, true),
    };
  }

  /** Events may come to a busy operator: its place in the chain keeps them. */
  #tell(what: string, isEvent = false): void {
    assert.ok(isEvent || this.control.held === 0, "a busy operator is given nothing");
    this.trace.push(what);
    if (this.busyEvery > 0 && ++this.#calls % this.busyEvery === 0) this.control.held = 1;
  }

  /** Steps until nothing is left to do; after `portion` elements each step is over. */
  run(portion = 1000): void {
    for (let idle = 0; idle < 2;) {
      this.control.held = 0;
      let left = portion;
      idle = this.inputs.step(() => left-- > 0) ? 0 : idle + 1;
    }
  }

  give(input: number, channel: number, rows: readonly Row[]): void {
    const batch = recordBatch<unknown>([...rows], Float64Array.from(rows, ({ timestamp }) => timestamp));
    this.gates[input].channels[channel].onItem(
      { kind: "data", rows: rows.length, sizeBytes: rows.length * 20, batch },
      0,
    );
  }
  end(input: number, channel: number, drain = true): void {
    const { channels } = this.gates[input];
    if (drain) channels[channel].onItem({ kind: "watermark", timestamp: MAX_WATERMARK }, 0);
    channels[channel].onItem({ kind: "end", drain }, 0);
  }
}

const KEYS: readonly Key[] = [1, 2, "1", "b", [1], true];
const scripts = (name: string): fc.Arbitrary<Script> =>
  fc.array(
    fc.array(fc.record({ key: fc.constantFrom(...KEYS), timestamp: fc.nat(3) }), { minLength: 1, maxLength: 6 }),
    { maxLength: 5 },
  ).map((batches) => batches.map((rows, i) => rows.map((row, j) => ({ ...row, id: `${name}${i}.${j}` }))));

/** What comes of sorted inputs: key by key, in a key by timestamp, then by input, then as they came. */
function sortedTrace(inputs: readonly { readonly input: number; readonly script: Script }[]): string[] {
  const rows = inputs.flatMap(({ input, script }) => script.flat().map((row) => ({ ...row, input })));
  rows.sort((a, b) =>
    compareKeys(canonicalKey(a.key), canonicalKey(b.key)) || a.timestamp - b.timestamp || a.input - b.input
  );
  const trace = rows.flatMap((row, i) => {
    const next = rows[i + 1];
    const isLast = next === undefined || canonicalKey(next.key) !== canonicalKey(row.key);
    return isLast ? [`${row.input}${row.id}`, "key ends"] : [`${row.input}${row.id}`];
  });
  return [...trace, ...inputs.flatMap(({ input }) => [`${input}wmax`, `end${input}`])];
}

interface How {
  readonly memory: number;
  readonly portion: number;
  readonly busyEvery: number;
  readonly interleaved: boolean;
}
const how: fc.Arbitrary<How> = fc.record({
  memory: fc.constantFrom(1, 500, 1e6),
  portion: fc.constantFrom(1, 2, 7, 1000),
  busyEvery: fc.constantFrom(0, 1, 3),
  interleaved: fc.boolean(),
});

function runScripts(fixture: Fixture, all: readonly Script[], { portion, interleaved }: How): void {
  const longest = Math.max(...all.map((script) => script.length));
  for (let i = 0; i < longest; i++) {
    all.forEach((script, input) => {
      if (i < script.length) fixture.give(input, 0, script[i]);
    });
    if (interleaved) fixture.run(portion);
  }
  all.forEach((_, input) => {
    fixture.end(input, 0);
    if (interleaved) fixture.run(portion);
  });
  fixture.run(portion);
  assert.ok(fixture.inputs.isClosed);
  fixture.inputs.close();
}

Deno.test("one and two sorted inputs, however little may be done in a step", () => {
  fc.assert(
    fc.property(scripts("a"), scripts("b"), fc.boolean(), how, (a, b, two, given) => {
      const all = two ? [a, b] : [a];
      const fixture = new Fixture(all.map(() => "sorted"), all.map(() => 1), given.memory);
      fixture.busyEvery = given.busyEvery;
      runScripts(fixture, all, given);
      assert.deepEqual(fixture.trace, sortedTrace(all.map((script, i) => ({ input: i + 1, script }))));
    }),
    { numRuns: 300, seed: 9 },
  );
});

Deno.test("direct inputs come as they arrive, the others behind them", () => {
  const second = fc.constantFrom<InputOrder>("sorted", "held", "later");
  fc.assert(
    fc.property(scripts("a"), scripts("b"), second, how, (a, b, order, given) => {
      const fixture = new Fixture(["direct", order], [1, 1], given.memory);
      fixture.busyEvery = given.busyEvery;
      runScripts(fixture, [a, b], given);
      const direct = [...a.flat().map(({ id }) => `1${id}`), "1wmax", "end1"];
      const rest = order === "sorted"
        ? sortedTrace([{ input: 2, script: b }])
        : [...b.flat().map(({ id }) => `2${id}`), "2wmax", "end2"];
      assert.deepEqual(fixture.trace, [...direct, ...rest]);
    }),
    { numRuns: 300, seed: 9 },
  );
});

Deno.test("several channels: the last one ends the input; without drain there is no watermark", () => {
  const fixture = new Fixture(["sorted"], [3]);
  const row = (id: string): Row => ({ key: 1, timestamp: 0, id });
  fixture.give(0, 0, [row("x")]);
  fixture.end(0, 0);
  fixture.give(0, 2, [row("z")]);
  fixture.end(0, 2, false);
  fixture.run();
  assert.deepEqual(fixture.trace, []);
  assert.deepEqual([fixture.inputs.hasInput, fixture.inputs.isClosed, fixture.inputs.isAligning], [
    false,
    false,
    false,
  ]);
  fixture.end(0, 1, false);
  assert.equal(fixture.inputs.hasInput, true);
  fixture.run();
  assert.deepEqual(fixture.trace, ["1x", "1z", "key ends", "end1 stopped"]);
});

Deno.test("watermarks, statuses and markers pass on direct inputs and not on sorted ones", () => {
  const fixture = new Fixture(["direct", "sorted"], [1, 1]);
  for (const gate of fixture.gates) {
    const [channel] = gate.channels;
    channel.onItem({ kind: "watermark", timestamp: 5 }, 0);
    channel.onItem({ kind: "status", status: "idle" }, 0);
    channel.onItem({ kind: "latency", markedTimeMs: 0, operatorId: "", subtaskIndex: 0 }, 0);
    channel.onItem({ kind: "status", status: "active" }, 0);
  }
  fixture.run();
  assert.deepEqual(fixture.trace, ["1w5", "1idle", "1latency", "1active"]);
});

Deno.test("a key that is none, a selector that throws and a barrier are errors; close() lets go of everything", () => {
  const fails = (row: unknown, code: string) => {
    const fixture = new Fixture(["sorted"], [1]);
    fixture.give(0, 0, [row as Row]);
    assert.throws(() => fixture.run(), (error: FlinkError) => error.code === code && error.operator?.name === "keyed");
    fixture.inputs.close();
    assert.equal(fixture.inputs.step(() => true), false);
  };
  fails({ key: null, timestamp: 0 }, "TSF-2102");
  fails({
    get key() {
      throw new Error("no");
    },
    timestamp: 0,
  }, "TSF-2001");
  const fixture = new Fixture(["sorted"], [1]);
  const options = { type: "checkpoint", alignment: "aligned" } as const;
  fixture.gates[0].channels[0].onItem({ kind: "barrier", checkpointId: 1, timestamp: 0, options }, 0);
  assert.throws(() => fixture.run(), FlinkError);
});

Deno.test("the order of inputs: broadcast, without key, keyed", () => {
  const plain: InputShape = { isKeyed: false, isBroadcast: false, isBlocking: false };
  const keyed = { ...plain, isKeyed: true };
  const broadcast = { ...plain, isBroadcast: true };
  const file = { ...plain, isBlocking: true };
  const table: [InputShape[], readonly InputOrder[] | undefined][] = [
    [[plain], undefined],
    [[broadcast], undefined],
    [[plain, file], undefined],
    [[broadcast, broadcast], undefined],
    [[keyed], ["sorted"]],
    [[keyed, keyed], ["sorted", "sorted"]],
    [[keyed, plain], ["sorted", "direct"]],
    [[broadcast, keyed], ["direct", "sorted"]],
    [[plain, broadcast], ["held", "direct"]],
    [[file, broadcast], ["later", "direct"]],
  ];
  for (const [shapes, expected] of table) assert.deepEqual(inputOrders(shapes), expected);
});
