import assert from "node:assert/strict";
import { runMain } from "./main_module.ts";

const directory = Deno.makeTempDirSync({ prefix: "tsflink-main-" });
globalThis.addEventListener("unload", () => Deno.removeSync(directory, { recursive: true }));

let modules = 0;
/** A module with that text; importing it counts nothing, executing does. */
function job(text: string): string {
  const path = `${directory}/job${modules++}.ts`;
  Deno.writeTextFileSync(path, text);
  return `file://${path}`;
}

const COUNTER = Symbol.for("main_module_test.executions");
const counts = globalThis as unknown as Record<symbol, number>;
const EXECUTE = `(globalThis as never)[Symbol.for("main_module_test.executions")]++;`;

async function run(text: string): Promise<number> {
  counts[COUNTER] = 0;
  await runMain(job(text), () => counts[COUNTER]);
  return counts[COUNTER];
}

Deno.test("a script, and a module with main: each runs once", async () => {
  assert.equal(await run(EXECUTE), 1);
  assert.equal(await run(`${EXECUTE} ${EXECUTE}`), 2);
  assert.equal(await run(`export async function main() { await 0; ${EXECUTE} }`), 1);
  assert.equal(await run(`export function main() { ${EXECUTE} }\nif (import.meta.main) main();`), 1);
  assert.equal(await run(`export function main() { ${EXECUTE} }\n${EXECUTE}`), 1, "what was executed is not run again");
});

Deno.test("neither: an error that shows both forms", async () => {
  const found: [string, string][] = [
    ["export const x = 1;", "a module that does neither"],
    ["export const main = 1;", "a module that does neither"],
    ["export function main() {}", "an exported main() that returns without it"],
  ];
  for (const [text, what] of found) {
    await assert.rejects(run(text), (error: { code: string; expected: string; found: string }) => {
      assert.deepEqual([error.code, error.found], ["TSF-4010", what]);
      assert.match(
        error.expected,
        /a script: .*await env\.execute\(\);[\s\S]*a module: .*export async function main\(\)/,
      );
      assert.match(error.expected, /if \(import\.meta\.main\) await main\(\);/);
      return true;
    });
  }
});

Deno.test("what cannot be loaded is explained; what the program throws stays its own", async () => {
  const unloadable = [
    "const x = ;",
    `import "./nowhere.ts";`,
    `import { nothing } from "node:assert/strict";\nnothing();`,
  ];
  for (const text of unloadable) {
    const error = await run(text).catch((thrown) => thrown);
    assert.deepEqual([error.name, error.code], ["InvalidProgramError", "TSF-4012"], text);
    assert.match(error.found, /job\d+\.ts$/);
    assert.ok(error.cause instanceof Error);
  }
  const helper = job("export const broken = (undefined as never as { x: number }).x;");
  const own: [string, string][] = [
    [`throw new RangeError("mine");`, "RangeError"],
    [`(undefined as never as () => void)();`, "TypeError"],
    [`JSON.parse("{");`, "SyntaxError"],
    [`import "${helper}";`, "TypeError"],
    [`await import("./nowhere.ts");`, "TypeError"],
    [`export function main() { throw new TypeError("in main"); }`, "TypeError"],
    [`throw "a text";`, "String"],
  ];
  for (const [text, kind] of own) {
    const thrown = await run(text).then(() => assert.fail(text), (error) => error);
    assert.equal(thrown.constructor.name, kind, text);
    assert.equal(thrown.code === "TSF-4012", false, text);
  }
});
