/** What was stored once is read by today's code, exactly; see formats.ts. */

import assert from "node:assert/strict";
import type { HarnessSnapshot } from "tsflink/testing";
import { redistribute } from "../../runtime/state/rescale.ts";
import { RunReader } from "../../runtime/state/snapshot.ts";
import { ByteReader } from "../../runtime/types/byte_buffer.ts";
import { canonicalKey, readKey } from "../../runtime/types/canonical_key.ts";
import { assertExact } from "../../runtime/types/clone_oracle_test.ts";
import { decodeBatch } from "../../runtime/types/columnar_codec.ts";
import { deserializeValue } from "../../runtime/types/generic_serializer.ts";
import { schemaFromText } from "../../runtime/types/schema.ts";
import { BATCHES, FIXTURES, fromJson, KEYS, timestampsOf, VALUES, written } from "./formats.ts";
import { everythingHarness, SNAPSHOT_KEYS } from "./stateful_operator.ts";

const NEW_VERSION = "a stored format changed: give it a new version (see tests/compat/formats.ts)";

function text(name: string): string {
  return Deno.readTextFileSync(new URL(name, FIXTURES));
}
function fixture<T>(name: string): T {
  return fromJson(text(name)) as T;
}

Deno.test("stored values read back exactly", () => {
  const stored = fixture<Record<string, Uint8Array>>("values.json");
  assert.deepEqual(Object.keys(stored), Object.keys(VALUES));
  for (const [name, bytes] of Object.entries(stored)) {
    const value = deserializeValue(bytes);
    // A part of a buffer comes back as a whole one; structured clone would keep the rest.
    assertExact(value, name === "part of a buffer" ? Uint8Array.of(1, 2) : structuredClone(VALUES[name]()));
  }
});

Deno.test("stored keys read back as the same keys", () => {
  const stored = fixture<Record<string, Uint8Array>>("keys.json");
  assert.deepEqual(Object.keys(stored), Object.keys(KEYS));
  for (const [name, bytes] of Object.entries(stored)) {
    const input = new ByteReader(bytes);
    assert.equal(canonicalKey(readKey(input)), canonicalKey(KEYS[name]), name);
    input.assertEnd();
  }
});

Deno.test("stored schemas and batches read back exactly", () => {
  type Stored = { schema: string; hash: string; batch: Uint8Array };
  const stored = fixture<Record<string, Stored>>("batches.json");
  assert.deepEqual(Object.keys(stored), Object.keys(BATCHES));
  for (const [name, { schema: content, hash, batch }] of Object.entries(stored)) {
    const schema = schemaFromText(content);
    assert.equal(schema.hash, hash, name);
    const { values, timestamps } = decodeBatch((asked) => asked === hash ? schema : undefined, batch);
    const expected = BATCHES[name].values();
    assertExact(values, structuredClone(expected));
    assert.deepEqual([...timestamps], timestampsOf(expected, BATCHES[name].timed), name);
  }
});

Deno.test("today's code writes values, keys, schemas and batches as it did", async () => {
  const now = await written();
  for (const name of ["values.json", "keys.json", "batches.json"]) {
    const before = fixture<Record<string, unknown>>(name);
    const after = fromJson(now[name]) as Record<string, unknown>;
    for (const each of Object.keys(before)) assert.deepEqual(after[each], before[each], `${each}: ${NEW_VERSION}`);
  }
});

const SEEN = "string1,string2,object3,object4,number5,number6,object7,object8";
const RULES = "number5/7,number6/7,object3/7,object4/7,object7/7,object8/7,string1/7,string2/7";
/** What each key of the snapshot holds. */
const STATE = [
  '[{"n":2,"at":"1970-01-01T00:00:00.002Z"},[1,2],["odd=1","even=1048576"],3,1.5,"value 2"]',
  '[{"n":4,"at":"1970-01-01T00:00:00.004Z"},[3,4],["odd=3486784401","even=1099511627776"],7,3.5,"value 4"]',
  '[{"n":6,"at":"1970-01-01T00:00:00.006Z"},[5,6],["odd=95367431640625","even=3656158440062976"],11,5.5,"value 6"]',
  '[{"n":8,"at":"1970-01-01T00:00:00.008Z"},[7,8],["odd=79792266297612001","even=1152921504606846976"],15,7.5,"value 8"]',
];
/** The timers of the snapshot, whose watermark was 120: key, event times, processing times, sum. */
const TIMERS: readonly (readonly [key: string, event: number[], processing: number[], sum: number])[] = [
  ['"a"', [150, 200, 250], [1000, 2000], 3],
  ['["t",2]', [300, 350, 400, 450], [3000, 4000], 7],
  ["7", [500, 550, 600, 650], [5000, 6000], 11],
  ['{"f":true}', [700, 750, 800, 850], [7000, 8000], 15],
];
const FIRED = [
  ...TIMERS.flatMap(([key, event, , sum]) => event.map((at) => `${key} event-time ${at} ${sum}`)),
  ...TIMERS.flatMap(([key, , processing, sum]) => processing.map((at) => `${key} processing-time ${at} ${sum}`)),
];

Deno.test("an operator goes on from a stored snapshot: keyed state, time to live, timers, operator state", async () => {
  const stored = fixture<HarnessSnapshot>("operator.json");
  await using harness = everythingHarness(stored);
  for (const [key] of SNAPSHOT_KEYS) harness.processElement({ key, n: 0 });
  assert.deepEqual(harness.extractOutputValues(), STATE.map((state) => `${state} ${SEEN} 8 ${RULES}`));
  harness.clearOutput();
  harness.processWatermark(1000);
  harness.setProcessingTime(10_000);
  assert.deepEqual(harness.extractOutputValues(), FIRED);
  // The last access was at 500: a list lives an hour from then, the value a day.
  harness.clearOutput();
  harness.setProcessingTime(500 + 3_600_000);
  harness.processElement({ key: "a", n: 0 });
  assert.match(harness.extractOutputValues()[0], /"},\[\],\["odd=1","even=1048576"\],3,1.5,"value 2"\]/);
});

Deno.test("a stored snapshot is what an operator restored from it writes again", async () => {
  const stored = fixture<HarnessSnapshot>("operator.json");
  await using harness = everythingHarness(stored);
  harness.setProcessingTime(500);
  const again = harness.snapshot(18);
  const rows = (snapshot: HarnessSnapshot) =>
    snapshot.keyed!.flatMap(({ runs }) =>
      runs.flatMap(({ bytes }) => [...new RunReader(bytes).rows({ start: 0, end: 15 })])
    );
  assert.equal(rows(stored).length, 32);
  assertExact(rows(again), rows(stored));
  assert.deepEqual(again.operator, stored.operator);
  assert.equal(again.keyed![0].formatVersion, 1);
});

Deno.test("a stored snapshot is given out to more subtasks", async () => {
  const stored = fixture<HarnessSnapshot>("operator.json");
  const states: string[] = [];
  const fired: string[] = [];
  const seen: string[] = [];
  for (const [subtaskIndex, part] of redistribute([stored], 16, 3).entries()) {
    await using harness = everythingHarness({ checkpointId: 17, ...part }, { parallelism: 3, subtaskIndex });
    for (const [key] of SNAPSHOT_KEYS) {
      // Keys of other subtasks are refused.
      try {
        harness.processElement({ key, n: 0 });
      } catch (error) {
        assert.equal((error as { code?: string }).code, "TSF-2116");
      }
    }
    for (const output of harness.extractOutputValues()) {
      const [, state, own, totals, rules] = /^(.*\]) (\S*) (\S*) (\S*)$/.exec(output)!;
      states.push(state);
      assert.deepEqual([totals, rules], ["8", RULES]);
      if (!seen.includes(own)) seen.push(own);
    }
    harness.clearOutput();
    harness.processWatermark(1000);
    harness.setProcessingTime(10_000);
    fired.push(...harness.extractOutputValues());
  }
  assert.deepEqual(states.toSorted(), STATE.toSorted());
  assert.deepEqual(fired.toSorted(), FIRED.toSorted());
  assert.ok(seen.length > 1 && seen.every((own) => own.split(",").length < 8), String(seen));
});

Deno.test("a snapshot of a later version is refused, not guessed at", () => {
  const [{ runs }] = fixture<HarnessSnapshot>("operator.json").keyed!;
  const later = runs[0].bytes.slice();
  later[4] = 2;
  assert.throws(() => new RunReader(later), { code: "TSF-2114", message: /version 2/ });
});
