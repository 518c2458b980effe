import assert from "node:assert/strict";
import fc from "fast-check";
import { CONFIG_OPTIONS, CoreOptions, JobOptions, PipelineOptions } from "../../runtime/api/config_options.ts";
import { FlinkError } from "../../runtime/errors.ts";
import { SystemLocalFiles } from "../../runtime/seams/system/local_files.ts";
import { ClusterConfiguration, describeSource } from "./cluster_configuration.ts";
import {
  ALL_OPTIONS,
  CLUSTER_OPTION_GROUPS,
  JobManagerOptions,
  MemoryOptions,
  RestOptions,
  RpcOptions,
} from "./cluster_options.ts";
import { parseConfigFile } from "./config_file.ts";
import {
  describeConfiguration,
  differencesFromFlink,
  isSecret,
  shownValues,
  valueText,
} from "./describe_configuration.ts";
import flinkDefaults from "./flink_defaults.json" with { type: "json" };
import { FLINK_KEYS, flinkOnlyKey } from "./flink_keys.ts";
import { type ConfigurationSources, loadConfiguration, variableOf } from "./load_configuration.ts";

function refusal(fn: () => unknown): FlinkError {
  try {
    fn();
  } catch (error) {
    assert(error instanceof FlinkError);
    return error;
  }
  throw new Error("nothing was refused");
}

Deno.test("no option is there twice, and each says what it does", () => {
  const all = [...CONFIG_OPTIONS.keys(), ...Object.values(CLUSTER_OPTION_GROUPS).flat().map(({ key }) => key)];
  assert.deepEqual(all.filter((key, i) => all.indexOf(key) !== i), []);
  for (const { key, description } of ALL_OPTIONS.values()) assert.match(description, /\S.*\.$/, key);
});

Deno.test("every default is a value of its own option", () => {
  for (const option of ALL_OPTIONS.values()) {
    if (option.defaultValue === undefined || option.defaultValue === "") continue;
    const configuration = ClusterConfiguration.from({ [option.key]: valueText(option, option.defaultValue) });
    if (valueText(option, option.defaultValue) === "(none)") continue;
    assert.deepEqual(configuration.get(option), option.defaultValue, option.key);
  }
});

Deno.test("wherever a default is not Flink's there is a reason", () => {
  const flinks: Record<string, string> = flinkDefaults.defaults;
  const different = [...ALL_OPTIONS.values()].filter((option) => {
    const flink = flinks[option.key];
    if (flink === undefined || flink === "infinite") return false;
    if (flink === "(none)" || flink === "the system's") return option.defaultValue !== undefined;
    try {
      return valueText(option, ClusterConfiguration.from({ [option.key]: flink }).get(option)) !==
        valueText(option, option.defaultValue);
    } catch {
      return true;
    }
  });
  const told = new Set(differencesFromFlink().map(({ key }) => key));
  assert.deepEqual(different.map(({ key }) => key).filter((key) => !told.has(key) && key !== "io.tmp.dirs"), []);
});

Deno.test("keys of Flink are accepted: as options or as ignored", () => {
  const configuration = ClusterConfiguration.from(
    Object.fromEntries(FLINK_KEYS.filter((key) => !ALL_OPTIONS.has(key)).map((key) => [key, "x"])),
  );
  assert.equal(configuration.ignored.length, FLINK_KEYS.filter((key) => !ALL_OPTIONS.has(key)).length);
  assert(flinkOnlyKey("metrics.reporter.prom.factory.class"));
  assert(flinkOnlyKey("s3.access-key"));
  assert(!flinkOnlyKey("metrics.reporter"));
});

Deno.test("what is refused names key, place and the nearest key", () => {
  const table: [Record<string, unknown>, string, RegExp][] = [
    [{ "rest.prt": 1 }, "TSF-4100", /"rest\.prt" \(-D\)[^]*Did you mean rest\.port\?/],
    [{ "taskmanager.numberOfTaskSlot": 1 }, "TSF-4100", /Did you mean taskmanager\.numberOfTaskSlots\?/],
    [{ "hartbeat.intervall": "1 s" }, "TSF-4100", /Did you mean heartbeat\.interval\?/],
    [{ "qqq": 1 }, "TSF-4100", /hint: `tsflink config`/],
    [{ "rest.port": "x" }, "TSF-4101", /expected: an integer, at least 0\n {2}found: "x" \(-D\)/],
    [{ "rest.port": "-1" }, "TSF-4101", /at least 0/],
    [{ "rest.port": "1.5" }, "TSF-4101", /an integer/],
    [{ "heartbeat.interval": "10 parsecs" }, "TSF-4101", /a length of time/],
    [{ "heartbeat.interval": "0 ms" }, "TSF-4101", /at least 1/],
    [{ "taskmanager.memory.process.size": "lots" }, "TSF-4101", /a size/],
    [{ "web.submit.enable": "yes" }, "TSF-4101", /true or false/],
    [{ "taskmanager.load-balance.mode": "ALL" }, "TSF-4101", /NONE, SLOTS/],
  ];
  for (const [values, code, message] of table) {
    const error = refusal(() => ClusterConfiguration.from(values));
    assert.equal(error.code, code);
    assert.match(error.message, message);
  }
});

Deno.test("values are read as Flink writes them", () => {
  const configuration = ClusterConfiguration.from({
    "heartbeat.interval": "250",
    "heartbeat.timeout": "2 min",
    "taskmanager.memory.process.size": "1728m",
    "pekko.framesize": "10485760b",
    "taskmanager.load-balance.mode": "slots",
    "taskmanager.memory.managed.fraction": "0.25",
    "security.redaction.additional-keys": "a;b",
    "pipeline.global-job-parameters": "a:1,b:x:y",
  });
  assert.equal(configuration.get(RpcOptions.HEARTBEAT_INTERVAL), 250);
  assert.equal(configuration.get(RpcOptions.HEARTBEAT_TIMEOUT), 120_000);
  assert.equal(configuration.get(MemoryOptions.TASK_MANAGER_PROCESS), 1728 * 2 ** 20);
  assert.equal(configuration.get(RpcOptions.FRAME_SIZE), 10_485_760);
  assert.equal(configuration.get(MemoryOptions.TASK_MANAGER_MANAGED_FRACTION), 0.25);
  assert.deepEqual(configuration.get(PipelineOptions.GLOBAL_JOB_PARAMETERS), { a: "1", b: "x:y" });
  assert.deepEqual(Object.keys(configuration.jobValues()), ["pipeline.global-job-parameters"]);
});

Deno.test("config.yaml is nested or flat, and every value knows its line", () => {
  const text = `
# a comment
rest:
  port: 8082   # nested
  retry: { max-attempts: 3 }
heartbeat.interval: 10 s
pipeline:
  global-job-parameters:
    a: 1
  cached-files: [ "name:x,path:/x" ]
jobmanager.rpc.address: "10.0.0.1"
rest.address:
`;
  const given = parseConfigFile(text, "c.yaml").map(({ key, value, source }) => [key, value, describeSource(source)]);
  assert.deepEqual(given, [
    ["rest.port", 8082, "c.yaml:4"],
    ["rest.retry.max-attempts", 3, "c.yaml:5"],
    ["heartbeat.interval", "10 s", "c.yaml:6"],
    ["pipeline.global-job-parameters", { a: "1" }, "c.yaml:8"],
    ["pipeline.cached-files", ["name:x,path:/x"], "c.yaml:10"],
    ["jobmanager.rpc.address", "10.0.0.1", "c.yaml:11"],
    ["rest.address", undefined, "c.yaml:12"],
  ]);
  assert.deepEqual(parseConfigFile("", "c.yaml"), []);
  assert.deepEqual(parseConfigFile("# nothing\n", "c.yaml"), []);
});

Deno.test("nested and flat writing mean the same", () => {
  const keys = [...ALL_OPTIONS.values()].filter(({ kind }) => kind === "int").map(({ key }) => key);
  fc.assert(fc.property(fc.uniqueArray(fc.constantFrom(...keys), { maxLength: 8 }), (chosen) => {
    const flat = chosen.map((key, i) => `${key}: ${i}`).join("\n");
    const nested = chosen.map((key, i) => {
      const parts = key.split(".");
      return parts.map((part, depth) => `${"  ".repeat(depth)}${part}:`).join("\n") + ` ${i}`;
    });
    const plain = (text: string) => parseConfigFile(text, "x").map(({ key, value }) => [key, value]);
    assert.deepEqual(nested.flatMap(plain), plain(flat));
  }));
});

Deno.test("a file that is no configuration is refused with its line", () => {
  const table: [string, RegExp][] = [
    ["rest.port: 1\nrest.port: 2", /unique \(c\.yaml:2\)/],
    ["rest.port: 1\nrest:\n  port: 2", /rest\.port a second time; it is also in line 1 \(c\.yaml:3\)/],
    ["- a\n- b", /a text, number or list \(c\.yaml:1\)/],
    ["just text", /\(c\.yaml:1\)/],
    ["rest:\n\tport: 1", /Tabs[^]*\(c\.yaml:2\)/],
    ["a: [1", /\(c\.yaml:1\)/],
    ["a: [[1]]", /a list or map inside a list/],
    ["a: &x 1\nb: *x", /an alias \(c\.yaml:2\)/],
  ];
  for (const [text, message] of table) {
    const error = refusal(() => parseConfigFile(text, "c.yaml"));
    assert.equal(error.code, "TSF-4102", text);
    assert.match(error.message, message);
  }
});

Deno.test("no text crashes the reader of files", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(..."abc:-{}[]\n \t\"'#&*!|>%@`,?.0123") }), (text) => {
      try {
        parseConfigFile(text, "c.yaml");
      } catch (error) {
        assert(error instanceof FlinkError, `${text}: ${error}`);
      }
    }),
    { numRuns: 500 },
  );
});

async function load(sources: Partial<ConfigurationSources> & { readonly yaml?: string }) {
  const configDir = Deno.makeTempDirSync();
  try {
    Deno.writeTextFileSync(`${configDir}/config.yaml`, sources.yaml ?? "");
    return await loadConfiguration({ files: new SystemLocalFiles(), environment: {}, configDir, ...sources });
  } finally {
    Deno.removeSync(configDir, { recursive: true });
  }
}

Deno.test("file, environment, -D and flags: the later wins, and is named", async () => {
  const yaml = "rest.port: 1\njobmanager.rpc.port: 1\nparallelism.default: 1\ntaskmanager.numberOfTaskSlots: 1\n";
  const { configuration, unknownVariables } = await load({
    yaml,
    environment: {
      TSFLINK_JOBMANAGER_RPC_PORT: "2",
      TSFLINK_PARALLELISM_DEFAULT: "2",
      TSFLINK_TASKMANAGER_NUMBEROFTASKSLOTS: "2",
      TSFLINK_NO_SUCH: "x",
      TSFLINK_SERVICE_HOST: "10.0.0.1",
      TSFLINK_EXE: "/x",
      PATH: "/bin",
    },
    define: { "parallelism.default": "3", "taskmanager.numberOfTaskSlots": "3" },
    flags: [
      { flag: "--slots", key: "taskmanager.numberOfTaskSlots", value: 4 },
      { flag: "--x", key: "rest.port", value: undefined },
    ],
  });
  const shown = [RestOptions.PORT, JobManagerOptions.RPC_PORT, CoreOptions.DEFAULT_PARALLELISM, JobOptions.TASK_SLOTS]
    .map((option) => [configuration.get(option), describeSource(configuration.sourceOf(option)).replace(/.*\//, "")]);
  assert.deepEqual(shown, [
    [1, "config.yaml:1"],
    [2, "TSFLINK_JOBMANAGER_RPC_PORT"],
    [3, "-D"],
    [4, "--slots"],
  ]);
  assert.deepEqual(unknownVariables, ["TSFLINK_NO_SUCH"]);
});

Deno.test("no two options share a variable", () => {
  const variables = [...ALL_OPTIONS.keys()].map(variableOf);
  assert.deepEqual(variables.filter((variable, i) => variables.indexOf(variable) !== i), []);
});

Deno.test("a folder that was asked for must have a config.yaml", async () => {
  for (const sources of [{ configDir: "/no/such" }, { environment: { TSFLINK_CONF_DIR: "/no/such" } }]) {
    await assert.rejects(
      loadConfiguration({ files: new SystemLocalFiles(), environment: {}, ...sources }),
      (error) => error instanceof FlinkError && error.code === "TSF-4103" && error.message.includes("/no/such"),
    );
  }
});

Deno.test("secrets are masked wherever values are shown", () => {
  const table: [string, boolean][] = [
    ["my.password", true],
    ["s3.secret-key", true],
    ["api.token", true],
    ["security.ssl.rest.key-password", true],
    ["security.cluster.token", false],
    ["security.ssl.internal.key", false],
    ["pipeline.max-parallelism", false],
    ["heartbeat.interval", false],
  ];
  for (const [key, expected] of table) assert.equal(isSecret(key), expected, key);
  assert(isSecret("my.thing", ["thing"]));
  const configuration = ClusterConfiguration.from({
    "rest.address": "canary-value",
    "security.redaction.additional-keys": "rest.address",
  });
  assert.equal(shownValues(configuration)["rest.address"], "******");
  assert(!JSON.stringify(describeConfiguration(configuration)).includes("canary"));
});

Deno.test("with() goes over what was given and keeps where the rest comes from", () => {
  const base = ClusterConfiguration.of([
    { key: "rest.port", value: 1, source: { kind: "file", file: "f", line: 3 } },
    { key: "env.java.home", value: "/", source: { kind: "file", file: "f", line: 4 } },
  ]);
  const over = base.with({ "heartbeat.interval": "1 s" }, "--x");
  assert.equal(describeSource(over.sourceOf(RestOptions.PORT)), "f:3");
  assert.equal(describeSource(over.sourceOf(RpcOptions.HEARTBEAT_INTERVAL)), "--x");
  assert.equal(base.get(RpcOptions.HEARTBEAT_INTERVAL), 10_000);
  assert.deepEqual(over.ignored.map(({ key }) => key), ["env.java.home"]);
});
