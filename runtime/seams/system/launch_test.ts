import assert from "node:assert/strict";
import { Launch, type LaunchFacts, threadOf } from "./launch.ts";

const SOURCE = "file:///src/tsflink/runtime/seams/system/launch.ts";
const CLI = "file:///src/tsflink/cli.ts";

function launched(facts: Partial<LaunchFacts>): Launch {
  return new Launch({
    moduleUrl: SOURCE,
    mainModule: CLI,
    isStandalone: false,
    execPath: () => "/usr/bin/deno",
    startedFile: () => undefined,
    ...facts,
  });
}

const compiledRoot = "file:///tmp/deno-compile-tsflink/";
const FORMS: Readonly<Record<string, Launch>> = {
  source: launched({}),
  registry: launched({ moduleUrl: "https://jsr.io/@tsflink/tsflink/0.1.0/runtime/seams/system/launch.ts" }),
  bundle: launched({ moduleUrl: "file:///opt/my%20dir/tsflink.js", mainModule: "file:///opt/my%20dir/tsflink.js" }),
  thread: launched({ moduleUrl: "file:///opt/tsflink.js?thread=slot", mainModule: undefined }),
  packed: launched({
    moduleUrl: "file:///cache/ab12/part-AB.js",
    mainModule: "file:///cache/ab12/tsflink.js",
    execPath: () => "/cache/ab12/bin/deno",
    startedFile: () => "/home/me/tsflink",
  }),
  compiled: launched({
    moduleUrl: `${compiledRoot}runtime/seams/system/launch.ts`,
    mainModule: `${compiledRoot}cli.ts`,
    isStandalone: true,
    execPath: () => "/usr/local/bin/tsflink",
  }),
};

interface Expected {
  readonly form: string;
  readonly root: string;
  readonly slot: string;
  readonly command: readonly string[];
  readonly shown: string;
}
const RUN = ["run", "-A", "--quiet"];
const EXPECTED: Readonly<Record<string, Expected>> = {
  source: {
    form: "source",
    root: "file:///src/tsflink/",
    slot: "file:///src/tsflink/cluster/entrypoint/slot.ts",
    command: ["/usr/bin/deno", ...RUN, "--config", "/src/tsflink/deno.json", "/src/tsflink/cli.ts"],
    shown: "deno run -A file:///src/tsflink/cli.ts",
  },
  registry: {
    form: "source",
    root: "https://jsr.io/@tsflink/tsflink/0.1.0/",
    slot: "https://jsr.io/@tsflink/tsflink/0.1.0/cluster/entrypoint/slot.ts",
    command: ["/usr/bin/deno", ...RUN, "https://jsr.io/@tsflink/tsflink/0.1.0/cli.ts"],
    shown: "deno run -A https://jsr.io/@tsflink/tsflink/0.1.0/cli.ts",
  },
  bundle: {
    form: "bundle",
    root: "file:///opt/my%20dir/",
    slot: "file:///opt/my%20dir/tsflink.js?thread=slot",
    command: ["/usr/bin/deno", ...RUN, "--no-config", "--no-lock", "/opt/my dir/tsflink.js"],
    shown: "deno run -A file:///opt/my%20dir/tsflink.js",
  },
  thread: {
    form: "bundle",
    root: "file:///opt/",
    slot: "file:///opt/tsflink.js?thread=slot",
    command: ["/usr/bin/deno", ...RUN, "--no-config", "--no-lock", "/opt/tsflink.js"],
    shown: "deno run -A file:///opt/tsflink.js",
  },
  packed: {
    form: "bundle",
    root: "file:///cache/ab12/",
    slot: "file:///cache/ab12/tsflink.js?thread=slot",
    command: ["/cache/ab12/bin/deno", ...RUN, "--no-config", "--no-lock", "/cache/ab12/tsflink.js"],
    shown: "/home/me/tsflink",
  },
  compiled: {
    form: "compiled",
    root: compiledRoot,
    slot: `${compiledRoot}cluster/entrypoint/slot.ts`,
    command: ["/usr/local/bin/tsflink"],
    shown: "/usr/local/bin/tsflink",
  },
};

for (const [name, expected] of Object.entries(EXPECTED)) {
  Deno.test(`launched as ${name}`, () => {
    const launch = FORMS[name];
    const { form, root, shownCommand } = launch;
    assert.deepEqual({
      form,
      root: root.href,
      slot: launch.threadEntry("slot").href,
      command: launch.selfCommand(),
      shown: shownCommand,
    }, expected);
    assert.equal(launch.loadsSources, form === "source");
  });
}

Deno.test("a bundle knows the thread it is to be, the command line none", () => {
  assert.equal(threadOf(FORMS.packed.threadEntry("slot").href), "slot");
  assert.equal(threadOf(FORMS.bundle.bundleUrl!), undefined);
});

Deno.test("flags of V8 go to deno; a compiled file takes them from the environment", () => {
  const v8Flags = ["--max-old-space-size=512", "--expose-gc"];
  const flag = "--v8-flags=--max-old-space-size=512,--expose-gc";
  for (const name of ["source", "bundle", "packed"]) {
    assert.equal(FORMS[name].selfCommand({ v8Flags })[4], flag, name);
    assert.deepEqual(FORMS[name].selfEnvironment({ v8Flags }), {}, name);
  }
  assert.deepEqual(FORMS.compiled.selfCommand({ v8Flags }), EXPECTED.compiled.command);
  assert.deepEqual(FORMS.compiled.selfEnvironment({ v8Flags }), {
    DENO_V8_FLAGS: "--max-old-space-size=512,--expose-gc",
  });
  assert.deepEqual(FORMS.compiled.selfEnvironment(), {});
});
