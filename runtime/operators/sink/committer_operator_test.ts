import assert from "node:assert/strict";
import type { CommitRequest, CommittableMessage, Committer, Sink } from "../../functions/sink.ts";
import { OneInputStreamOperatorTestHarness } from "../../testing/one_input_harness.ts";
import type { HarnessOptions } from "../../testing/operator_test_harness.ts";
import { committerOperator } from "./committer_operator.ts";
import { globalCommitterOperator, type GlobalCommitterOptions } from "./global_committer_operator.ts";

type Message = CommittableMessage<string>;
type Answer = (request: CommitRequest<string>) => void;

/** Writes down each call of commit; what happens to a committable can be scripted by its name. */
class TestCommitter implements Committer<string> {
  readonly calls: string[] = [];
  answers: Record<string, Answer> = {};
  promise: PromiseWithResolvers<void> | undefined;
  commit(requests: readonly CommitRequest<string>[]): void | Promise<void> {
    this.calls.push(requests.map((one) => one.getCommittable()).join(","));
    for (const one of requests) this.answers[one.getCommittable()]?.(one);
    return this.promise?.promise;
  }
  close(): void {
    this.calls.push("close");
  }
}

const committable = (name: string, checkpointId = 1, subtaskId = 0): Message => ({
  kind: "committable",
  subtaskId,
  checkpointId,
  committable: name,
});
const summary = (numberOfCommittables: number, checkpointId = 1, subtaskId = 0, numberOfSubtasks = 1): Message => ({
  kind: "summary",
  subtaskId,
  numberOfSubtasks,
  checkpointId,
  numberOfCommittables,
  numberOfFailed: 0,
});

class CommitterHarness extends OneInputStreamOperatorTestHarness<Message, Message> {
  constructor(
    readonly committer: TestCommitter = new TestCommitter(),
    options: HarnessOptions & { postCommit?: boolean; maxRetries?: number; global?: GlobalCommitterOptions } = {},
  ) {
    const sink: Sink<never, string, never> = {
      createWriter: () => assert.fail(),
      createCommitter: () => committer,
      ...(options.postCommit ? { addPostCommitTopology: () => {} } : {}),
    };
    const operator = options.global === undefined
      ? committerOperator<string>(sink, options)
      : globalCommitterOperator<string>(() => committer, { maxRetries: options.maxRetries, ...options.global });
    super(operator, { name: "committer", uid: "c", ...options });
  }
  feed(...messages: Message[]): this {
    for (const message of messages) this.processElement(message);
    return this;
  }
  /** The names of a checkpoint with their summary, all of one subtask. */
  checkpoint(checkpointId: number, ...names: string[]): this {
    return this.feed(summary(names.length, checkpointId), ...names.map((name) => committable(name, checkpointId)));
  }
  get calls(): string[] {
    return this.committer.calls;
  }
  text(): string {
    return this.extractOutputValues().map((message) =>
      message.kind === "committable"
        ? `${message.committable}#${message.checkpointId}/${message.subtaskId}`
        : `sum ${message.subtaskId}/${message.numberOfSubtasks} #${message.checkpointId} n${message.numberOfCommittables}`
    ).join(" ");
  }
}
const BATCH: HarnessOptions = { config: { runtimeMode: "BATCH" } };
const NO_CHECKPOINTS: HarnessOptions = { config: { checkpointingEnabled: false } };

const SCRIPTS: readonly [string, HarnessOptions, (h: CommitterHarness) => void, string[]][] = [
  ["commits when the checkpoint completes", {}, (h) => {
    h.checkpoint(1, "a", "b");
    h.notifyCheckpointComplete(1);
    h.notifyCheckpointComplete(1);
  }, ["a,b"]],
  ["not before", {}, (h) => {
    h.checkpoint(2, "a");
    h.notifyCheckpointComplete(1);
    h.notifyCheckpointAborted(2);
  }, []],
  ["older checkpoints first, each by itself", {}, (h) => {
    h.checkpoint(3, "c").checkpoint(1, "a").checkpoint(2, "b").checkpoint(4, "d");
    h.notifyCheckpointComplete(3);
  }, ["a", "b", "c"]],
  ["a late notification is no way back", {}, (h) => {
    h.notifyCheckpointComplete(5);
    h.checkpoint(4, "a");
    h.notifyCheckpointComplete(3);
  }, ["a"]],
  ["nothing to commit, no call", {}, (h) => {
    h.checkpoint(1);
    h.notifyCheckpointComplete(1);
  }, []],
  ["several writers", {}, (h) => {
    h.feed(summary(1, 1, 0, 2), summary(1, 1, 1, 2), committable("b", 1, 1), committable("a", 1, 0));
    h.notifyCheckpointComplete(1);
  }, ["a,b"]],
  ["with checkpoints the end of the input commits nothing", {}, (h) => {
    h.checkpoint(1, "a");
    h.endInput();
  }, []],
  ["without checkpoints it commits all", NO_CHECKPOINTS, (h) => {
    h.checkpoint(1, "a").checkpoint(2, "b");
    h.endInput();
  }, ["a", "b"]],
  ["in BATCH mode too", BATCH, (h) => {
    h.checkpoint(1, "a");
    h.endInput();
  }, ["a"]],
];
for (const [name, options, run, expected] of SCRIPTS) {
  Deno.test(`committer: ${name}`, () => {
    const one = new CommitterHarness(undefined, options);
    one.open();
    run(one);
    assert.deepEqual(one.calls, expected);
    assert.equal(one.text(), "", "no post-commit topology");
  });
}

Deno.test("with a post-commit topology what was committed goes on, by the committer's own subtask", () => {
  const one = new CommitterHarness(undefined, { postCommit: true, parallelism: 3, subtaskIndex: 1 });
  one.feed(summary(2, 1, 0, 2), committable("a", 1, 0), committable("b", 1, 0), summary(0, 1, 2, 2));
  one.checkpoint(2);
  assert.equal(one.text(), "");
  one.notifyCheckpointComplete(2);
  assert.equal(one.text(), "sum 1/2 #1 n2 a#1/1 b#1/1 sum 1/1 #2 n0");
});

Deno.test("retryLater tries only those again, with their count; updated ones as updated", () => {
  const committer = new TestCommitter();
  const counts: number[] = [];
  committer.answers = {
    b: (request) => {
      counts.push(request.getNumberOfRetries());
      if (request.getNumberOfRetries() < 2) request.retryLater();
    },
    c: (request) => request.updateAndRetryLater("c2"),
    d: (request) => request.signalAlreadyCommitted(),
  };
  const one = new CommitterHarness(committer, { postCommit: true });
  one.checkpoint(1, "a", "b", "c", "d");
  one.notifyCheckpointComplete(1);
  assert.deepEqual([one.calls, counts], [["a,b,c,d", "b,c2", "b"], [0, 1, 2]]);
  assert.equal(one.text(), "sum 0/1 #1 n4 a#1/0 b#1/0 c2#1/0 d#1/0");
});

for (const [maxRetries, attempts] of [[undefined, 11], [0, 1], [3, 4]]) {
  Deno.test(`sink.committer.retries ${maxRetries ?? "by default"}: ${attempts} attempts, then the job fails`, () => {
    const committer = new TestCommitter();
    committer.answers = { a: (request) => request.retryLater() };
    const one = new CommitterHarness(committer, { maxRetries });
    one.checkpoint(1, "a");
    assert.throws(() => one.notifyCheckpointComplete(1), {
      code: "TSF-2261",
      operator: { name: "committer", uid: "c" },
    });
    assert.equal(one.calls.length, attempts);
  });
}

Deno.test("a commit that can never succeed fails the job with the reason", () => {
  const committer = new TestCommitter();
  const reason = new Error("table dropped");
  committer.answers = { a: (request) => request.signalFailedWithUnknownReason(reason) };
  const one = new CommitterHarness(committer);
  one.checkpoint(1, "a");
  assert.throws(() => one.notifyCheckpointComplete(1), { code: "TSF-2260", cause: reason });
});

Deno.test("a commit that fails for a known reason is dropped, the others are committed, the job goes on", () => {
  const committer = new TestCommitter();
  committer.answers = { a: (request) => request.signalFailedWithKnownReason(new Error("table dropped")) };
  const one = new CommitterHarness(committer);
  one.checkpoint(1, "a", "b");
  one.notifyCheckpointComplete(1);
  assert.equal(one.calls.length, 1);
  one.checkpoint(2, "c");
  one.notifyCheckpointComplete(2);
  assert.equal(one.calls.length, 2);
});

Deno.test("a committer that throws fails the job", () => {
  const committer = new TestCommitter();
  committer.answers = {
    a: () => {
      throw new Error("network");
    },
  };
  const one = new CommitterHarness(committer);
  one.checkpoint(1, "a");
  assert.throws(() => one.notifyCheckpointComplete(1), { code: "TSF-2001" });
});

const DEFECTS: readonly [string, string, Message[]][] = [
  ["a committable before its summary", "TSF-0001", [committable("a")]],
  ["a committable of another subtask", "TSF-0001", [summary(1), committable("a", 1, 1)]],
  ["more committables than announced", "TSF-0001", [summary(1), committable("a"), committable("b")]],
  ["two summaries of one subtask", "TSF-0005", [summary(1), summary(1)]],
];
for (const [name, code, messages] of DEFECTS) {
  Deno.test(`committer refuses ${name}`, () => {
    assert.throws(() => new CommitterHarness().feed(...messages), { code });
  });
}
Deno.test("committer refuses to commit a part of what was announced", () => {
  const one = new CommitterHarness().feed(summary(2), committable("a"));
  assert.throws(() => one.notifyCheckpointComplete(1), { code: "TSF-0001" });
  assert.deepEqual(one.calls, []);
});

Deno.test("restored committables up to the checkpoint are committed again at once, later ones wait", () => {
  const one = new CommitterHarness().checkpoint(1, "a").checkpoint(2, "b").checkpoint(4, "c");
  one.notifyCheckpointComplete(1);
  const snapshot = one.snapshot(3);
  one.notifyCheckpointComplete(3);
  assert.deepEqual(one.calls, ["a", "b"]);
  const two = new CommitterHarness(undefined, { postCommit: true });
  two.initializeState(snapshot);
  two.open();
  assert.deepEqual(two.calls, ["b"]);
  assert.equal(two.text(), "sum 0/1 #2 n1 b#2/0");
  two.notifyCheckpointComplete(4);
  assert.deepEqual(two.calls, ["b", "c"]);
});

Deno.test("state of two subtasks is merged by checkpoint and writer", () => {
  const one = new CommitterHarness().feed(summary(1, 2, 0, 2), committable("a", 2, 0)).snapshot(2);
  const two = new CommitterHarness().feed(summary(1, 2, 1, 2), committable("b", 2, 1)).snapshot(2);
  const lists = [one, two].map((snapshot) => snapshot.operator!.lists[0]);
  const merged = new CommitterHarness();
  merged.initializeState({
    checkpointId: 2,
    operator: { ...one.operator!, lists: [{ ...lists[0], elements: lists.flatMap((list) => list.elements) }] },
  });
  merged.open();
  assert.deepEqual(merged.calls, ["a,b"]);
});

Deno.test("an asynchronous commit keeps the operator busy; the next checkpoint waits for it", async () => {
  const committer = new TestCommitter();
  committer.promise = Promise.withResolvers<void>();
  const one = new CommitterHarness(committer, { postCommit: true }).checkpoint(1, "a").checkpoint(2, "b");
  one.notifyCheckpointComplete(1);
  const operator = one.getOperator();
  assert.deepEqual([operator.busy, operator.isWaiting, operator.canSnapshot], [true, true, false]);
  operator.notifyCheckpointComplete(2);
  assert.deepEqual(one.calls, ["a"]);
  committer.promise.resolve();
  await one.settle();
  assert.deepEqual([one.calls, operator.busy], [["a", "b"], false]);
  assert.equal(one.text(), "sum 0/1 #1 n1 a#1/0 sum 0/1 #2 n1 b#2/0");
  await one.close();
  assert.equal(one.calls.at(-1), "close");
});

Deno.test("a rejected commit fails the job and names commit()", async () => {
  const committer = new TestCommitter();
  committer.promise = Promise.withResolvers<void>();
  const one = new CommitterHarness(committer).checkpoint(1, "a");
  one.notifyCheckpointComplete(1);
  committer.promise.reject(new Error("gone"));
  await assert.rejects(one.settle(), (error: { code: string; message: string }) => {
    assert.equal(error.code, "TSF-2001");
    assert.match(error.message, /commit\(\).*gone/);
    return true;
  });
});

const GLOBAL: readonly [string, HarnessOptions, GlobalCommitterOptions, (h: CommitterHarness) => void, string[]][] = [
  ["waits for all subtasks, also when the checkpoint is complete", {}, {}, (h) => {
    h.feed(summary(1, 1, 0, 2), committable("a", 1, 0));
    h.notifyCheckpointComplete(1);
    h.feed(summary(1, 1, 1, 2), committable("b", 1, 1));
    h.notifyCheckpointComplete(1);
  }, ["a,b"]],
  ["waits for the checkpoint", {}, {}, (h) => void h.checkpoint(1, "a"), []],
  ["an incomplete older checkpoint holds back newer ones", {}, {}, (h) => {
    h.feed(summary(1, 1));
    h.checkpoint(2, "b");
    h.notifyCheckpointComplete(2);
    h.feed(committable("a", 1));
    h.notifyCheckpointComplete(2);
  }, ["a", "b"]],
  ["on input", {}, { commitOnInput: true }, (h) => {
    h.feed(summary(1, 1, 0, 2), committable("a", 1, 0), summary(1, 1, 1, 2));
    assert.deepEqual(h.calls, []);
    h.feed(committable("b", 1, 1));
    h.notifyCheckpointComplete(1);
  }, ["a,b"]],
  ["on input without checkpoints", NO_CHECKPOINTS, {}, (h) => void h.checkpoint(1, "a"), ["a"]],
  ["on input in BATCH mode", BATCH, {}, (h) => void h.checkpoint(1, "a"), ["a"]],
];
for (const [name, options, global, run, expected] of GLOBAL) {
  Deno.test(`global committer: ${name}`, () => {
    const one = new CommitterHarness(undefined, { ...options, global });
    one.open();
    run(one);
    assert.deepEqual(one.calls, expected);
    assert.equal(one.text(), "");
  });
}

Deno.test("a restored global committer commits what is complete", () => {
  const one = new CommitterHarness(undefined, { global: {} }).checkpoint(1, "a");
  const two = new CommitterHarness(undefined, { global: {} });
  two.initializeState(one.snapshot(1));
  two.open();
  assert.deepEqual(two.calls, ["a"]);
});

Deno.test("a sink without a committer gets no committer operator", () => {
  const sink: Sink<never, string, never> = { createWriter: () => assert.fail() };
  assert.throws(() => committerOperator<string>(sink).create(), { code: "TSF-1353" });
});
