/** What slots of worker_host_test.ts do, in every kind of host. */

import type { FlinkError } from "../../../errors.ts";
import { installSlotConsole } from "../slot_console.ts";
import type { SlotPort } from "../../worker_host.ts";

/** The first message of these slots. */
export interface Scenario {
  readonly what: string;
  readonly count?: number;
  readonly payload?: unknown;
}

/** Code as a user's: its frames lie in a module that is no file of tsflink, `body` in its second line. */
async function userCode(body: string): Promise<() => unknown> {
  const module = await import(`data:text/javascript;base64,${btoa(`export default () => {\n${body}\n};`)}`);
  return module.default;
}

const word = new Int32Array(new SharedArrayBuffer(4));
/** Waits in the thread itself. */
function park(ms: number): void {
  Atomics.wait(word, 0, 0, ms);
}

/** Waits with the event loop running. */
async function parkAsync(ms: number): Promise<void> {
  const waiting = Atomics.waitAsync(word, 0, 0, ms);
  if (waiting.async) await waiting.value;
}

/** Posts and waits until killed, as a slot's loop does. */
function loopUntilKilled(port: SlotPort, wait: () => void): void {
  for (let turn = 0; !port.isKilled; turn++) {
    port.beat(turn % 3);
    wait();
  }
  port.close();
}

async function loopAsyncUntilKilled(port: SlotPort): Promise<void> {
  for (let turn = 0; !port.isKilled; turn++) {
    port.beat(turn % 3);
    await parkAsync(5);
  }
  port.post("never accepted");
  port.close();
}

const SCENARIOS: Record<string, (port: SlotPort, scenario: Scenario) => void | Promise<void>> = {
  /** All kinds of messages, then the end. */
  messages(port, { count = 0 }) {
    for (let i = 0; i < count; i++) port.post(i);
    port.close();
    port.post("after close");
  },
  echo(port, { payload }) {
    port.post(payload);
    port.close();
  },
  transfer(port) {
    const buffer = new Uint8Array([1, 2, 3]).buffer;
    port.post({ buffer }, [buffer]);
    port.post(buffer.byteLength);
    port.close();
  },
  uncloneable(port) {
    try {
      port.post({ fn() {} });
    } catch (error) {
      port.post((error as Error).name);
    }
    port.close();
  },
  polite(port) {
    port.post("runs");
    return loopAsyncUntilKilled(port);
  },
  parked(port) {
    port.post("runs");
    loopUntilKilled(port, () => park(50));
  },
  busy(port) {
    port.post("runs");
    loopUntilKilled(port, () => {});
  },
  /** Answers nothing, but its event loop runs. */
  waiting(port) {
    port.post("runs");
    return new Promise(() => {});
  },
  endless(port) {
    port.beat(7);
    port.post("runs");
    for (;;);
  },
  throws() {
    throw new RangeError("from main");
  },
  async rejects() {
    (await userCode("throw new RangeError('from main');"))();
  },
  async floating(port) {
    (await userCode("Promise.reject(new TypeError('nobody waits'));"))();
    await loopAsyncUntilKilled(port);
  },
  async timer(port) {
    (await userCode("setTimeout(() => { throw new TypeError('in a timer'); }, 1);"))();
    await loopAsyncUntilKilled(port);
  },
  /** Code that has heard of its exit function, and tries hard. */
  async exit(port, { payload }) {
    (await userCode(payload as string))();
    port.post("not reached");
    await loopAsyncUntilKilled(port);
  },
  async handler(port) {
    port.onUncaught((error: FlinkError) => port.post([error.code, error.userLine]));
    (await userCode("Promise.reject(new TypeError('nobody waits'));"))();
    const exit = await userCode("\nDeno.exit(3);");
    try {
      exit();
    } catch (error) {
      port.post(["caught", (error as FlinkError).code]);
    }
    await loopAsyncUntilKilled(port);
  },
  throwingHandler(port) {
    port.onUncaught(() => {
      throw new RangeError("the handler");
    });
    Promise.reject(new TypeError("nobody waits"));
    return loopAsyncUntilKilled(port);
  },
  /** Without a pause. */
  heapAtOnce(port) {
    port.post("runs");
    const kept: unknown[][] = [];
    for (;;) kept.push([kept.length, `${kept.length}`]);
  },
  async heapSlowly(port) {
    port.post("runs");
    const kept: unknown[][] = [];
    for (;;) {
      for (let i = 0; i < 10_000; i++) kept.push([kept.length, `${kept.length}`]);
      await parkAsync(1);
    }
  },
  ticks(port) {
    for (let i = 0; !port.isKilled; i++) {
      port.post(i);
      park(5);
    }
    port.close();
  },
  console(port) {
    installSlotConsole((line, stream) => port.post([stream, line]));
    console.log("%s of %d", "one", 2, { field: "x" });
    console.group("group");
    console.warn(["a"]);
    console.groupEnd();
    console.table([{ a: 1 }]);
    console.assert(1 > 2, "sums");
    port.close();
  },
};

/** Main function of these slots. */
export function scenario(data: unknown, port: SlotPort): void | Promise<void> {
  const { what } = data as Scenario;
  return SCENARIOS[what](port, data as Scenario);
}
