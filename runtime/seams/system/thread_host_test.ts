/** What a host makes of the ends of isolates, with isolates that are made up: real ones are in worker_host_test.ts. */

import "node:worker_threads"; // without it ports do not report that they were closed
import assert from "node:assert/strict";
import { BugError, RetryableError } from "../../errors.ts";
import { toTransferable } from "../error_transfer.ts";
import type { SlotEnd, SlotHandle } from "../worker_host.ts";
import type { Isolate, IsolateTrouble } from "./isolate.ts";
import type { FirstMessage, SlotMessage } from "./slot_port.ts";
import { SlotWords } from "./slot_words.ts";
import { ThreadHost } from "./thread_host.ts";

/** An isolate whose code is the test. */
class MadeUpIsolate implements Isolate {
  isOver = false;
  trouble: IsolateTrouble | undefined;
  onOver = (): void => {};
  first: FirstMessage | undefined;
  readonly calls: string[] = [];

  constructor(readonly hasHeapLimit: boolean) {}

  start(first: FirstMessage): void {
    this.first = first;
  }
  terminate(): void {
    this.calls.push("terminate");
  }
  hold(isHeld: boolean): void {
    this.calls.push(isHeld ? "ref" : "unref");
  }

  begin(): void {
    new SlotWords(this.first!.words).begin();
  }
  say(message: SlotMessage): void {
    this.first!.port.postMessage(message);
  }
  /** Its channel closes, as when the thread is gone. */
  vanish(): void {
    this.first!.port.close();
  }
  /** The runtime says that it is over. */
  over(trouble?: IsolateTrouble): void {
    this.isOver = true;
    this.trouble = trouble;
    this.onOver();
  }
}

interface Case {
  readonly name: string;
  readonly hasHeapLimit?: boolean;
  readonly act: (isolate: MadeUpIsolate, handle: SlotHandle) => void;
  /** Kind of the end, or code of its error. */
  readonly end: string;
}

const error = new Error("what happened");
const failed: SlotMessage = ["failed", toTransferable(new RetryableError("TSF-3000", "own"))];

const CASES: readonly Case[] = [
  {
    name: "gone after closing",
    act: (isolate) => (isolate.say(["closed"]), isolate.vanish()),
    end: "stopped",
  },
  { name: "gone after failing", act: (isolate) => (isolate.say(failed), isolate.vanish()), end: "TSF-3000" },
  {
    name: "failed, then killed",
    act: (isolate, handle) => (isolate.say(failed), handle.kill(), isolate.vanish()),
    end: "stopped",
  },
  { name: "gone before it began", act: (isolate) => isolate.vanish(), end: "TSF-5043" },
  {
    name: "gone without a word, no limit of heap",
    act: (isolate) => (isolate.begin(), isolate.vanish()),
    end: "TSF-5044",
  },
  {
    name: "gone without a word, limit of heap",
    hasHeapLimit: true,
    act: (isolate) => (isolate.begin(), isolate.vanish(), isolate.over()),
    end: "TSF-5040",
  },
  {
    name: "over before its channel closes, out of heap",
    hasHeapLimit: true,
    act: (isolate) => (isolate.begin(), isolate.over({ isOutOfHeap: true, error }), isolate.vanish()),
    end: "TSF-5040",
  },
  {
    name: "its channel closes before the reason is known",
    act: (isolate) => {
      isolate.begin();
      isolate.vanish();
      setImmediate(() => isolate.over({ isOutOfHeap: false, error }));
    },
    end: "TSF-5045",
  },
  {
    name: "over with an error, its channel stays open",
    act: (isolate) => isolate.over({ isOutOfHeap: false, error }),
    end: "TSF-5043",
  },
  {
    name: "over with an error, then killed",
    act: (isolate, handle) => (isolate.over({ isOutOfHeap: false, error }), handle.kill()),
    end: "stopped",
  },
  // terminate() of a node worker reports an exit at once, whatever the thread does.
  {
    name: "killed, said to be over, not gone",
    act: (isolate, handle) => (handle.kill(), isolate.over()),
    end: "stuck",
  },
  { name: "closed, not gone", act: (isolate) => isolate.say(["closed"]), end: "stuck" },
  { name: "failed, not gone", act: (isolate) => isolate.say(failed), end: "TSF-3000" },
];

for (const { name, act, hasHeapLimit = false, end } of CASES) {
  Deno.test(`an isolate ${name}: ${end}`, async () => {
    const isolate = new MadeUpIsolate(hasHeapLimit);
    const host = new ThreadHost("web", { entry: new URL("file:///e.ts"), stopTimeoutMs: 10 }, () => isolate);
    const ends: SlotEnd[] = [];
    await new Promise<void>((resolve) => {
      const handle = host.spawnSlot({ name: "slot 1", heapMb: 64, data: 0 }, {
        onMessage: () => assert.fail(),
        onEnd: (each) => {
          ends.push(each);
          resolve();
        },
      });
      act(isolate, handle);
    });
    assert.equal(isolate.calls.at(-1), "unref");
    assert.ok(isolate.calls.includes("terminate"));
    isolate.onOver();
    isolate.first!.port.close();
    await new Promise((resolve) => setTimeout(resolve, 0));
    assert.deepEqual(ends.map((each) => each.kind === "failed" ? each.error.code : each.kind), [end]);
  });
}

Deno.test("isolates started ahead: as many as asked for wait, dead ones do not count, others are let go of", () => {
  const made: MadeUpIsolate[] = [];
  const start = () => {
    const isolate = new MadeUpIsolate(true);
    made.push(isolate);
    return isolate;
  };
  const options = { entry: new URL("file:///e.ts"), stopTimeoutMs: 10, heapMb: 64 };
  const host = new ThreadHost("worker_threads", options, start);
  host.prewarm(2);
  host.prewarm(1);
  assert.deepEqual(made.map(({ calls }) => calls), [["unref"], ["unref"]]);
  made[0].over();
  host.prewarm(2);
  assert.equal(made.length, 3);
  const listener = { onMessage() {}, onEnd() {} };
  const spawn = (heapMb: number) => host.spawnSlot({ name: "slot", heapMb, data: 0 }, listener);
  spawn(32);
  assert.deepEqual(made.map(({ first }) => first !== undefined), [false, false, false, true], "another heap is cold");
  spawn(64);
  assert.deepEqual(made[1].calls, ["unref", "ref"]);
  assert.equal(made[1].first!.heapMb, 64);
  host.close();
  assert.deepEqual([made[2].calls.at(-1), made[1].calls.at(-1)], ["terminate", "ref"]);
  spawn(64);
  assert.equal(made.length, 5, "nothing is left to take");
  for (const { first } of made) first?.port.close();
});

Deno.test("data that cannot be sent ends the isolate it was for", () => {
  const isolate = new MadeUpIsolate(false);
  isolate.start = () => {
    throw new DOMException("no", "DataCloneError");
  };
  const host = new ThreadHost("web", { entry: new URL("file:///e.ts"), stopTimeoutMs: 10 }, () => isolate);
  const init = { name: "slot 1", heapMb: 64, data: 0 };
  assert.throws(() => host.spawnSlot(init, { onMessage() {}, onEnd: () => assert.fail() }), BugError);
  assert.deepEqual(isolate.calls, ["terminate"]);
});

Deno.test("words of a slot are seen on both sides", () => {
  const host = new SlotWords();
  const slot = new SlotWords(host.memory);
  assert.deepEqual([host.activity, host.beatCount, host.hasBegun, slot.isKilled], [-1, 0, false, false]);
  slot.begin();
  assert.deepEqual([host.activity, host.hasBegun], [-1, true]);
  slot.beat(4);
  slot.beat(0);
  assert.deepEqual([host.activity, host.beatCount], [0, 2]);
  host.kill();
  assert.ok(slot.isKilled);
  new Int32Array(host.memory)[1] = -1;
  assert.equal(host.beatCount, 2 ** 32 - 1);
  slot.beat(1);
  assert.equal(host.beatCount, 0);
});
