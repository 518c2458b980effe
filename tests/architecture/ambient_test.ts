/**
 * Runs the golden jobs with the ambient globals replaced by ones that throw when the engine calls them: time,
 * randomness, timers and files come only through the seams.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Gate, RecordingSink, testEnvironment } from "tsflink/testing";
import { GOLDEN_JOBS } from "../golden/jobs.ts";
import rules from "./rules.json" with { type: "json" };

const ALLOWED = rules.ambient.allowedIn.map((folder) => `/${folder}`);

/** The nearest frame of the engine on the stack, unless it may touch ambient globals. */
function forbiddenCaller(): string | undefined {
  const frames = (new Error().stack ?? "").split("\n").slice(3);
  const engine = frames.find((frame) => /\/(runtime|cluster)\//.test(frame));
  // The innermost frame decides: what a seam does is its own business.
  return engine === undefined || engine !== frames[0] || ALLOWED.some((folder) => engine.includes(folder))
    ? undefined
    : engine.trim();
}

// deno-lint-ignore no-explicit-any -- globals are patched by name
type Patchable = Record<string, any>;

/** Replaces the globals while `fn` runs; gives every forbidden use. */
async function watchingGlobals(fn: () => Promise<void>): Promise<string[]> {
  const uses: string[] = [];
  const undo: (() => void)[] = [];
  const patch = (holder: Patchable, name: string, label: string) => {
    const original = holder[name];
    holder[name] = function (this: unknown, ...args: unknown[]) {
      const caller = forbiddenCaller();
      if (caller !== undefined) uses.push(`${label} ${caller}`);
      return original.apply(this, args);
    };
    undo.push(() => void (holder[name] = original));
  };
  patch(Date, "now", "Date.now");
  patch(Math, "random", "Math.random");
  patch(performance, "now", "performance.now");
  for (const name of ["setTimeout", "setInterval", "fetch", "queueMicrotask"]) {
    patch(globalThis as Patchable, name, name);
  }
  patch(crypto as Patchable, "randomUUID", "crypto.randomUUID");
  for (const name of ["readTextFileSync", "readFileSync", "openSync", "statSync"]) {
    patch(Deno as Patchable, name, `Deno.${name}`);
  }
  try {
    await fn();
  } finally {
    for (const restore of undo) restore();
  }
  return uses;
}

Deno.test("the engine runs all golden jobs without ambient globals", async () => {
  const uses = await watchingGlobals(async () => {
    for (const job of Object.values(GOLDEN_JOBS)) {
      const { env } = testEnvironment({ parallelism: 2, configuration: { "pipeline.exchange.force-codec": true } });
      const gate = new Gate();
      gate.open();
      job({ env, gate }).sinkTo(new RecordingSink<unknown>());
      await env.execute();
    }
  });
  assert.deepEqual([...new Set(uses)], []);
});

Deno.test("the watch sees a planted use", async () => {
  const now = new Function("return Date.now();\n//# sourceURL=file:///x/runtime/operators/planted.ts") as () => number;
  const uses = await watchingGlobals(() => {
    now();
    return Promise.resolve();
  });
  assert.equal(uses.length, 1, "one use of Date.now");
});
