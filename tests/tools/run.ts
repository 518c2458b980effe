/**
 * Runs the checks of `deno task ok` and the tests of `deno task test`, step by step, and sums the tests up in one line.
 *
 * Usage: run.ts ok | test | ci
 *
 * @module
 */

interface Step {
  readonly name: string;
  readonly args: readonly string[];
  /** Whether the output ends in the summary of a test run. */
  readonly isTest?: boolean;
}

/** Downloads once, so that no later process reports a download where a test looks at its output. */
const INSTALL: Step = { name: "dependencies", args: ["install", "--quiet", "--frozen"] };
const FMT: Step = { name: "fmt", args: ["fmt", "--check", "--quiet"] };
const LINT: Step = { name: "lint", args: ["lint", "--quiet"] };
const CHECK: Step = {
  name: "check",
  args: ["check", "--quiet", "mod.ts", "cli.ts", "runtime", "cluster", "tests", "examples", "bench"],
};
const UNIT: Step = {
  name: "unit and harness tests",
  args: ["test", "-A", "--no-check", "--parallel", "--quiet", "--permit-no-files", "runtime", "cluster"],
  isTest: true,
};
const GOLDEN: Step = {
  name: "architecture, golden and end-to-end tests",
  args: ["test", "-A", "--no-check", "--parallel", "--quiet", "--permit-no-files", "tests", "examples", "bench"],
  isTest: true,
};
const DOC: Step = {
  name: "doc examples",
  args: [
    "test",
    "-A",
    "--no-check",
    "--parallel",
    "--doc",
    "--quiet",
    "--preload",
    "./tests/tools/assert_in_examples.ts",
    "mod.ts",
    "runtime",
    "README.md",
    "docs",
    "--ignore=**/*_test.ts",
  ],
  isTest: true,
};
const DOC_CHECK: Step = {
  name: "types of the doc examples",
  args: ["check", "--doc-only", "--quiet", "mod.ts", "runtime", "README.md", "docs"],
};
const PUBLISH: Step = {
  name: "publish --dry-run",
  args: ["publish", "--dry-run", "--allow-dirty", "--no-check", "--quiet"],
};

const PLANS: Readonly<Record<string, readonly Step[]>> = {
  ok: [INSTALL, FMT, LINT, CHECK, UNIT, GOLDEN, DOC_CHECK, DOC, PUBLISH],
  test: [INSTALL, CHECK, UNIT, GOLDEN, DOC_CHECK, DOC],
};

const SUMMARY = /\|\s*(\d+) passed(?: \([^)]*\))?\s*\|\s*(\d+) failed(?: \([^)]*\))?(?:\s*\|\s*(\d+) ignored)?/;

async function run(step: Step): Promise<{ code: number; output: string; seconds: number }> {
  const start = performance.now();
  const command = new Deno.Command(Deno.execPath(), {
    args: [...step.args],
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  });
  const { code, stdout, stderr } = await command.output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, output: decode(stdout) + decode(stderr), seconds: (performance.now() - start) / 1000 };
}

const plan = PLANS[Deno.args[0]];
if (plan === undefined) {
  console.error(`usage: run.ts ${Object.keys(PLANS).join(" | ")}`);
  Deno.exit(2);
}

const total = { passed: 0, failed: 0, skipped: 0 };
for (const step of plan) {
  const { code, output, seconds } = await run(step);
  const counts = step.isTest ? SUMMARY.exec(output) : null;
  if (counts !== null) {
    total.passed += Number(counts[1]);
    total.failed += Number(counts[2]);
    total.skipped += Number(counts[3] ?? 0);
  } else if (code === 0) {
    total.passed += 1;
  }
  if (code !== 0) {
    console.error(output);
    if (counts === null || Number(counts[2]) === 0) total.failed += 1;
  }
  const numbers = counts === null ? "" : `  ${counts[1]} passed, ${counts[2]} failed, ${counts[3] ?? 0} skipped`;
  console.log(
    `${code === 0 ? "ok    " : "FAILED"} ${step.name.padEnd(44)} ${seconds.toFixed(1).padStart(6)} s${numbers}`,
  );
  for (const line of output.split("\n").filter((text) => text.includes("SKIPPED:"))) {
    console.log(`       ${line.trim()}`);
  }
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
Deno.exit(total.failed === 0 ? 0 : 1);
