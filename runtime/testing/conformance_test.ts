import assert from "node:assert/strict";
import type { Sink, SinkWriter } from "../functions/sink.ts";
import type { Source, SourceReader, SourceReaderContext } from "../functions/source.ts";
import { type ConformanceTest, sinkConformance, type SinkUnderTest, sourceConformance } from "./conformance.ts";
import { scriptedSource, type ScriptSplit } from "./scripted_source.ts";

/** Names of the tests that fail. */
async function failing(tests: readonly ConformanceTest[]): Promise<string[]> {
  const names: string[] = [];
  for (const { name, fn } of tests) {
    try {
      await fn();
    } catch (error) {
      assert.match(String(error), /TSF-3060|not written/, `${name}: ${error}`);
      names.push(name);
    }
  }
  return names;
}

const letters = [..."abcdefghijkl"];
const script = (split: string): { value: string }[] => [...split].map((value) => ({ value }));
const right = (): Source<string, ScriptSplit> =>
  scriptedSource({ splits: [script("abcd"), script("efgh"), script("ijkl")] });

/** A source whose readers are changed. */
function changed(
  change: (reader: SourceReader<string, ScriptSplit>, context: SourceReaderContext) => void,
  more: Partial<Source<string, ScriptSplit>> = {},
): () => Source<string, ScriptSplit> {
  return () => {
    const source = right();
    const createReader = (context: SourceReaderContext): SourceReader<string, ScriptSplit> => {
      const reader = source.createReader(context);
      change(reader, context);
      return reader;
    };
    return {
      getBoundedness: () => source.getBoundedness(),
      createEnumerator: (context) => source.createEnumerator(context),
      restoreEnumerator: (context, checkpoint) => source.restoreEnumerator(context, checkpoint as never),
      serializeSplit: (split) => source.serializeSplit(split),
      deserializeSplit: (data) => source.deserializeSplit(data),
      createReader,
      ...more,
    };
  };
}

Deno.test("a right source passes every test", async () => {
  const tests = sourceConformance("right", right, letters);
  assert.ok(tests.length > 15);
  assert.deepEqual(await failing(tests), []);
});

Deno.test("every way of being wrong is caught", async () => {
  const mutants: [string, () => Source<string, ScriptSplit>, RegExp][] = [
    [
      "forgets its position",
      changed((reader) => {
        const snapshot = reader.snapshotState.bind(reader);
        reader.snapshotState = (id) => snapshot(id).map(({ index }) => ({ index, next: 0, splitId: () => "" }));
      }),
      /goes on exactly|given back/,
    ],
    [
      "is one record ahead",
      changed((reader) => {
        const snapshot = reader.snapshotState.bind(reader);
        reader.snapshotState = (id) =>
          snapshot(id).map(({ index, next }) => ({ index, next: next + 1, splitId: () => "" }));
      }),
      /goes on exactly/,
    ],
    [
      "loses its splits",
      changed((reader) => {
        reader.snapshotState = () => [];
      }),
      /goes on exactly/,
    ],
    [
      "emits twice",
      changed((reader) => {
        const poll = reader.pollNext.bind(reader);
        reader.pollNext = (output) =>
          poll({
            ...output,
            createOutputForSplit: () => ({
              ...output,
              collect: (value: string) => {
                output.collect(value);
                if (value === "f") output.collect(value);
              },
            }),
          });
      }),
      /every record once/,
    ],
    [
      "never closes",
      changed((reader) => {
        reader.close = () => new Promise(() => {});
      }),
      /ends soon/,
    ],
    [
      "a snapshot moves it",
      changed((reader) => {
        const snapshot = reader.snapshotState.bind(reader);
        reader.snapshotState = (id) => {
          const splits = snapshot(id);
          if (splits.length > 0) reader.addSplits([splits[0]]);
          return splits;
        };
      }),
      /snapshots between/,
    ],
    [
      "stops early",
      changed((reader) => {
        const poll = reader.pollNext.bind(reader);
        let left = 5;
        reader.pollNext = (output) => left-- > 0 ? poll(output) : "END_OF_INPUT";
      }),
      /every record once/,
    ],
    ["wrong order", () => scriptedSource([...letters].reverse().map((value) => ({ value }))), /in order/],
  ];
  for (const [what, make, expected] of mutants) {
    // Few tests: those that wait for their limit take a second each.
    const tests = sourceConformance("wrong", make, letters, { ordered: what === "wrong order", stallLimitMs: 50 })
      .filter(({ name }) => !/ends soon/.test(name) || (what === "never closes" && name.endsWith("record 0")))
      .filter(({ name }) => what !== "never closes" || /ends soon/.test(name));
    const caught = await failing(tests);
    assert.ok(caught.some((name) => expected.test(name)), `${what}: caught by ${caught.join("; ") || "nothing"}`);
  }
});

Deno.test("a source that stalls fails by its limit", async () => {
  const [test] = sourceConformance("stalls", () => scriptedSource({ splits: [[]], endless: true }), ["a"], {
    stallLimitMs: 5,
  });
  await assert.rejects(test.fn(), { code: "TSF-3060" });
});

interface Row {
  readonly id: string;
  readonly rows: string[];
}

/** A right two-phase sink, with parts to replace. */
function table(replace: {
  prepare?: (rows: string[]) => Row[];
  state?: (rows: string[]) => string[];
  commit?: (visible: Map<string, string[]>, row: Row) => void;
  write?: (visible: Map<string, string[]>, value: string) => boolean;
} = {}): () => SinkUnderTest<string> {
  return () => {
    const visible = new Map<string, string[]>();
    let made = 0;
    const sink: Sink<string, Row, string> = {
      createWriter(_context, restored = []): SinkWriter<string, Row, string> {
        let rows = [...restored];
        return {
          write: (value) => {
            if (replace.write?.(visible, value) !== true) rows.push(value);
          },
          flush: () => {},
          prepareCommit: () => {
            const prepared = replace.prepare?.(rows) ?? (rows.length > 0 ? [{ id: `${made++}`, rows }] : []);
            rows = [];
            return prepared;
          },
          snapshotState: () => replace.state?.(rows) ?? rows,
          close: () => {},
        };
      },
      createCommitter: () => ({
        commit: (requests) => {
          for (const request of requests) {
            const row = request.getCommittable();
            if (replace.commit === undefined) visible.set(row.id, row.rows);
            else replace.commit(visible, row);
          }
        },
      }),
    };
    return { sink, read: () => [...visible.values()].flat() };
  };
}

Deno.test("a right sink passes every test", async () => {
  const tests = sinkConformance("right", table(), letters);
  assert.ok(tests.length > 10);
  assert.deepEqual(await failing(tests), []);
});

Deno.test("every way of losing or repeating results is caught", async () => {
  let commits = 0;
  const mutants: [string, () => SinkUnderTest<string>, RegExp][] = [
    [
      "writes through",
      table({ write: (visible, value) => !!visible.set(`w${commits++}`, [value]) }),
      /invisible|failure/,
    ],
    [
      "commits again",
      table({ commit: (visible, row) => void visible.set(`c${commits++}`, row.rows) }),
      /failure|until/,
    ],
    ["prepares nothing", table({ prepare: () => [] }), /writes everything/],
    ["loses a record", table({ write: (_visible, value) => value === "c" }), /writes everything/],
    ["keeps state and commits it", table({ state: () => ["a"] }), /failure|fewer/],
  ];
  for (const [what, make, expected] of mutants) {
    const caught = await failing(sinkConformance("wrong", make, letters));
    assert.ok(caught.some((name) => expected.test(name)), `${what}: caught by ${caught.join("; ") || "nothing"}`);
  }
});
