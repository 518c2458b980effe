import assert from "node:assert/strict";
import type { SourceSplit, SplitEnumeratorContext } from "../functions/source.ts";
import { DiscoveringEnumerator, type DiscoveryOptions, type EnumeratorCheckpoint } from "./split_enumerator.ts";

class Split implements SourceSplit {
  constructor(readonly id: string) {}
  splitId(): string {
    return this.id;
  }
}
const splitsOf = (ids: string): Split[] => [...ids].map((id) => new Split(id));

/** An enumerator with everything it says to its readers as text. */
function bench(
  options: Partial<DiscoveryOptions<Split>> & { readers?: number; registered?: number[] },
  checkpoint?: EnumeratorCheckpoint,
) {
  const said: string[] = [];
  const registered = options.registered ?? Array.from({ length: options.readers ?? 1 }, (_, i) => i);
  const calls: { work: () => Promise<unknown>; handler: (result: never, error: unknown) => void; periodMs?: number }[] =
    [];
  let failedDiscoveries = 0;
  const context = {
    currentParallelism: () => options.readers ?? 1,
    registeredReaders: () => registered,
    assignSplit: (split: Split, reader: number) => void said.push(`${reader}<${split.id}`),
    signalNoMoreSplits: (reader: number) => void said.push(`${reader} done`),
    callAsync: (work: () => Promise<unknown>, handler: (result: never, error: unknown) => void, periodMs?: number) =>
      void calls.push({ work, handler, periodMs }),
    metricGroup: { counter: () => ({ inc: () => failedDiscoveries++ }) },
  } as unknown as SplitEnumeratorContext<Split>;
  const enumerator = new DiscoveringEnumerator<Split>(context, {
    assignment: "pull",
    discover: () => [],
    serializeSplit: (split) => split.id,
    deserializeSplit: (data) => new Split(data as string),
    ...options,
  }, checkpoint);
  /** Runs what was planned; periodic calls stay. */
  const settle = async (): Promise<void> => {
    for (const { work, handler } of calls.slice()) {
      await work().then((result) => handler(result as never, undefined), (error) => handler(undefined as never, error));
    }
  };
  /** What was said since the last look. */
  const heard = (): string => said.splice(0).join(" ");
  return { enumerator, registered, settle, heard, calls, failures: () => failedDiscoveries };
}

Deno.test("pull: who asks gets the next split, and is told when there is none", () => {
  const { enumerator, heard } = bench({ discover: () => splitsOf("abc"), readers: 2 });
  enumerator.start();
  assert.equal(heard(), "");
  for (const reader of [1, 0, 1, 1, 0]) enumerator.handleSplitRequest(reader);
  assert.equal(heard(), "1<a 0<b 1<c 1 done 0 done");
});

Deno.test("pull: requests before the discovery wait for it, in order", async () => {
  const { enumerator, heard, settle } = bench({ discover: () => Promise.resolve(splitsOf("a")), readers: 2 });
  enumerator.start();
  enumerator.handleSplitRequest(1);
  enumerator.handleSplitRequest(0);
  assert.equal(heard(), "");
  await settle();
  assert.equal(heard(), "1<a 0 done");
});

Deno.test("pull: splits given back go out first, also to those who were waiting", async () => {
  let found = "ab";
  const { enumerator, heard, settle } = bench({ discover: () => splitsOf(found), periodMs: 10, readers: 2 });
  enumerator.start();
  await settle();
  for (const reader of [0, 1, 0, 1]) enumerator.handleSplitRequest(reader);
  assert.equal(heard(), "0<a 1<b");
  found = "abc";
  enumerator.addSplitsBack(splitsOf("b"), 1);
  assert.equal(heard(), "0<b");
  enumerator.handleSplitRequest(1);
  await settle();
  assert.equal(heard(), "1<c");
});

Deno.test("pull: splits given back go out before those nobody had", () => {
  const { enumerator, heard } = bench({ discover: () => splitsOf("abc"), readers: 2 });
  enumerator.start();
  enumerator.handleSplitRequest(0);
  enumerator.addSplitsBack(splitsOf("a"), 0);
  assert.deepEqual(enumerator.snapshotState(1).waiting, ["a", "b", "c"]);
  enumerator.handleSplitRequest(1);
  assert.equal(heard(), "0<a 1<a");
});

Deno.test("a reader that is gone gets nothing", () => {
  const setup = bench({ discover: () => splitsOf("a"), registered: [1], readers: 2 });
  setup.enumerator.start();
  setup.enumerator.handleSplitRequest(0);
  assert.equal(setup.heard(), "");
  setup.enumerator.handleSplitRequest(1);
  assert.equal(setup.heard(), "1<a");
});

Deno.test("spread: every split goes to its reader as soon as that is there", () => {
  const { enumerator, heard, registered } = bench({
    discover: () => splitsOf("abcde"),
    assignment: "spread",
    registered: [1],
    readers: 2,
  });
  enumerator.start();
  assert.equal(heard(), "1<b 1<d");
  assert.deepEqual(enumerator.snapshotState(1).waiting, ["a", "c", "e"]);
  registered.push(0);
  enumerator.addReader(0);
  assert.equal(heard(), "0<a 0<c 0<e");
  enumerator.handleSplitRequest(1);
  enumerator.handleSplitRequest(0);
  assert.equal(heard(), "1 done 0 done");
});

Deno.test("spread goes on with the turn after a restore, at another parallelism", () => {
  const first = bench({ discover: () => splitsOf("abc"), assignment: "spread", readers: 2 });
  first.enumerator.start();
  first.heard();
  const checkpoint = structuredClone(first.enumerator.snapshotState(1));
  const second = bench({ discover: () => splitsOf("abc"), assignment: "spread", readers: 3 }, checkpoint);
  second.enumerator.start();
  assert.equal(second.heard(), "");
  second.enumerator.addSplitsBack(splitsOf("x"), 0);
  assert.equal(second.heard(), "0<x");
});

Deno.test("a restored enumerator does not look again when it had found everything", () => {
  let looks = 0;
  const discover = (): Split[] => (looks++, splitsOf("ab"));
  const first = bench({ discover });
  first.enumerator.start();
  first.enumerator.handleSplitRequest(0);
  const checkpoint = structuredClone(first.enumerator.snapshotState(1));
  const second = bench({ discover, readers: 2 }, checkpoint);
  second.enumerator.start();
  second.enumerator.handleSplitRequest(1);
  second.enumerator.handleSplitRequest(0);
  assert.equal(second.heard(), "1<b 0 done");
  assert.equal(looks, 1);
  // Taken before anything was found: it has to look.
  const third = bench({ discover }, structuredClone(bench({ discover }).enumerator.snapshotState(1)));
  third.enumerator.start();
  assert.equal(looks, 2);
});

Deno.test("a discovery finds each group once, also after a restore, and survives failures after the first", async () => {
  let found = splitsOf("ab");
  let broken = true;
  const options: Partial<DiscoveryOptions<Split>> = {
    periodMs: 5,
    groupOf: (split) => split.id.toLowerCase(),
    discover: () => {
      if (broken) throw new Error("away");
      return found;
    },
  };
  const first = bench(options);
  first.enumerator.start();
  await assert.rejects(first.settle(), /away/);
  broken = false;
  await first.settle();
  broken = true;
  await first.settle();
  assert.equal(first.failures(), 1);
  assert.equal(first.calls[0].periodMs, 5);
  const second = bench({ ...options, readers: 1 }, structuredClone(first.enumerator.snapshotState(1)));
  broken = false;
  found = splitsOf("aAbBcC");
  second.enumerator.start();
  await second.settle();
  for (let i = 0; i < 5; i++) second.enumerator.handleSplitRequest(0);
  assert.equal(second.heard(), "0<a 0<b 0<c 0<C");
});
