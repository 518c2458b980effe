/** Options: defaults equal to Flink's, texts and values, unknown keys, malformed values. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { FlinkError } from "../errors.ts";
import {
  CheckpointingOptions,
  CONFIG_OPTIONS,
  CoreOptions,
  ExecutionOptions,
  JobOptions,
  PipelineOptions,
} from "./config_options.ts";
import { Configuration, nearestKey } from "./configuration.ts";

function codeOf(run: () => unknown): FlinkError {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof FlinkError);
    return error;
  }
  throw new Error("nothing was thrown");
}

/** Flink's keys and defaults, from its generated tables (2.x). */
const FLINK_DEFAULTS: Record<string, unknown> = {
  "parallelism.default": 1,
  "sink.committer.retries": 10,
  "pipeline.max-parallelism": -1,
  "pipeline.name": undefined,
  "pipeline.object-reuse": false,
  "pipeline.operator-chaining.enabled": true,
  "pipeline.operator-chaining.chain-operators-with-different-max-parallelism": true,
  "pipeline.auto-generate-uids": true,
  "pipeline.auto-watermark-interval": 200,
  "pipeline.watermark-alignment.buffer-size": 3,
  "pipeline.watermark-alignment.allow-unaligned-source-splits": false,
  "pipeline.global-job-parameters": undefined,
  "pipeline.cached-files": undefined,
  "pipeline.vertex-description-mode": "TREE",
  "pipeline.vertex-name-include-index-prefix": false,
  "execution.runtime-mode": "STREAMING",
  "execution.batch-shuffle-mode": "ALL_EXCHANGES_BLOCKING",
  "execution.sorted-inputs.enabled": true,
  "execution.sorted-inputs.memory": 128 * 1024 * 1024,
  "execution.buffer-timeout.enabled": true,
  "execution.buffer-timeout.interval": 100,
  "execution.attached": false,
  "execution.target": undefined,
  "execution.checkpointing.interval": undefined,
  "execution.checkpointing.mode": "EXACTLY_ONCE",
  "execution.checkpointing.timeout": 600_000,
  "execution.checkpointing.min-pause": 0,
  "execution.checkpointing.max-concurrent-checkpoints": 1,
  "execution.checkpointing.tolerable-failed-checkpoints": 0,
  "execution.checkpointing.num-retained": 1,
  "execution.checkpointing.unaligned.enabled": false,
  "execution.checkpointing.unaligned.forced": false,
  "execution.checkpointing.aligned-checkpoint-timeout": 0,
  "execution.checkpointing.checkpoints-after-tasks-finish": true,
  "execution.checkpointing.externalized-checkpoint-retention": "NO_EXTERNALIZED_CHECKPOINTS",
  "execution.checkpointing.incremental": false,
  "execution.checkpointing.dir": undefined,
  "execution.checkpointing.savepoint-dir": undefined,
  "state.backend.type": "hashmap",
  "restart-strategy.type": undefined,
  "restart-strategy.fixed-delay.attempts": 1,
  "restart-strategy.fixed-delay.delay": 1000,
  "restart-strategy.failure-rate.max-failures-per-interval": 1,
  "restart-strategy.failure-rate.failure-rate-interval": 60_000,
  "restart-strategy.failure-rate.delay": 1000,
  "restart-strategy.exponential-delay.initial-backoff": 1000,
  "restart-strategy.exponential-delay.max-backoff": 60_000,
  "restart-strategy.exponential-delay.backoff-multiplier": 1.5,
  "restart-strategy.exponential-delay.reset-backoff-threshold": 3_600_000,
  "restart-strategy.exponential-delay.jitter-factor": 0.1,
  "restart-strategy.exponential-delay.attempts-before-reset-backoff": 2_147_483_647,
  "metrics.latency.interval": 0,
  "taskmanager.numberOfTaskSlots": 1,
  "taskmanager.memory.segment-size": 32 * 1024,
  "taskmanager.memory.min-segment-size": 256,
  "taskmanager.memory.starting-segment-size": 1024,
  "taskmanager.network.memory.buffer-debloat.enabled": false,
  "taskmanager.network.memory.buffer-debloat.target": 1000,
  "taskmanager.network.partition-request-timeout": 10_000,
  "task.cancellation.timeout": 180_000,
};

Deno.test("keys and defaults are Flink's, and the rest says that it is not", () => {
  const found = Object.fromEntries([...CONFIG_OPTIONS.values()].map((known) => [known.key, known.defaultValue]));
  for (const [key, value] of Object.entries(FLINK_DEFAULTS)) {
    assert.ok(CONFIG_OPTIONS.has(key), key);
    assert.equal(found[key], value, key);
  }
  for (const { key, description } of CONFIG_OPTIONS.values()) {
    assert.equal(key in FLINK_DEFAULTS || description.endsWith("(tsflink only)."), true, `${key}: ${description}`);
  }
});

const READ: readonly (readonly [key: string, text: unknown, value: unknown])[] = [
  ["parallelism.default", "4", 4],
  ["parallelism.default", " 4 ", 4],
  ["pipeline.object-reuse", "TRUE", true],
  ["pipeline.object-reuse", "false", false],
  ["pipeline.object-reuse", true, true],
  ["execution.runtime-mode", "batch", "BATCH"],
  ["execution.checkpointing.mode", "at-least-once", "AT_LEAST_ONCE"],
  ["execution.local.isolation", "INLINE", "inline"],
  ["pipeline.auto-watermark-interval", "1 s", 1000],
  ["pipeline.auto-watermark-interval", "1 sec", 1000],
  ["pipeline.auto-watermark-interval", "250", 250],
  ["pipeline.auto-watermark-interval", 250, 250],
  ["execution.checkpointing.timeout", "2 hours", 7_200_000],
  ["taskmanager.memory.segment-size", "64 kb", 65_536],
  ["taskmanager.memory.segment-size", "1m", 1_048_576],
  ["taskmanager.memory.segment-size", "4096", 4096],
  ["taskmanager.memory.segment-size", "512 bytes", 512],
  ["pipeline.cached-files", "a;b", ["a", "b"]],
  ["pipeline.cached-files", ["a"], ["a"]],
  ["pipeline.global-job-parameters", "a:1, b:x:y", { a: "1", b: "x:y" }],
  ["pipeline.global-job-parameters", { a: "1" }, { a: "1" }],
  ["pipeline.name", "", ""],
];
for (const [key, text, value] of READ) {
  Deno.test(`option ${key} reads ${JSON.stringify(text)}`, () => {
    assert.deepEqual(Configuration.from({ [key]: text }).toObject(), { [key]: value });
  });
}

const MALFORMED: readonly (readonly [key: string, text: unknown, expected: RegExp])[] = [
  ["parallelism.default", "many", /an integer, at least 1/],
  ["parallelism.default", "0", /at least 1/],
  ["parallelism.default", "1.5", /an integer/],
  ["parallelism.default", "", /an integer/],
  ["parallelism.default", NaN, /an integer/],
  ["pipeline.object-reuse", "yes", /true or false/],
  ["execution.runtime-mode", "FAST", /^STREAMING, BATCH, AUTOMATIC$/],
  ["pipeline.auto-watermark-interval", "soon", /a length of time/],
  ["pipeline.auto-watermark-interval", "-1 s", /a length of time/],
  ["taskmanager.memory.segment-size", "1 parsec", /a size/],
  ["taskmanager.memory.segment-size", "100", /at least 256/],
  ["pipeline.global-job-parameters", "a", /"name:value"/],
];
for (const [key, text, expected] of MALFORMED) {
  Deno.test(`option ${key} refuses ${JSON.stringify(text)}`, () => {
    const error = codeOf(() => Configuration.from({ [key]: text }));
    assert.equal(error.code, "TSF-4002");
    assert.match(error.expected ?? "", expected);
    assert.ok(error.summary.includes(key));
  });
}

const MISSPELT: readonly (readonly [key: string, nearest: string | undefined])[] = [
  ["paralelism.default", "parallelism.default"],
  ["pipeline.objectreuse", "pipeline.object-reuse"],
  ["execution.checkpointing.intervall", "execution.checkpointing.interval"],
  ["Pipeline.Name", "pipeline.name"],
  ["x", undefined],
  ["completely.different.thing.altogether", undefined],
];
for (const [key, nearest] of MISSPELT) {
  Deno.test(`unknown option ${key} names ${nearest ?? "none"}`, () => {
    const error = codeOf(() => Configuration.from({ [key]: "1" }));
    assert.equal(error.code, "TSF-4001");
    assert.equal(error.hint, nearest === undefined ? "See the table of options." : `Did you mean ${nearest}?`);
  });
}

Deno.test("nearestKey finds a key with one letter changed", () => {
  const keys = [...CONFIG_OPTIONS.keys()];
  const letter = fc.constantFrom(..."abcxyz");
  fc.assert(fc.property(fc.constantFrom(...keys), fc.nat(), letter, (key, at, changed) => {
    const index = at % key.length;
    const misspelt = key.slice(0, index) + changed + key.slice(index + 1);
    assert.equal(nearestKey(misspelt, keys), key);
  }));
});

Deno.test("typed access, optional access, removal, copies", () => {
  const configuration = new Configuration().set(CoreOptions.DEFAULT_PARALLELISM, 3);
  assert.equal(configuration.get(CoreOptions.DEFAULT_PARALLELISM), 3);
  assert.equal(configuration.get(JobOptions.TASK_SLOTS), 1);
  assert.equal(configuration.getOptional(JobOptions.TASK_SLOTS), undefined);
  assert.equal(configuration.contains(JobOptions.TASK_SLOTS), false);
  const copy = configuration.clone().set(PipelineOptions.OBJECT_REUSE, true);
  assert.deepEqual(configuration.toObject(), { "parallelism.default": 3 });
  assert.deepEqual(copy.toObject(), { "parallelism.default": 3, "pipeline.object-reuse": true });
  assert.equal(copy.remove(CoreOptions.DEFAULT_PARALLELISM).get(CoreOptions.DEFAULT_PARALLELISM), 1);
  assert.equal(configuration.setAll(copy).get(PipelineOptions.OBJECT_REUSE), true);
  assert.equal(configuration.setAll({ "pipeline.name": undefined }).contains(PipelineOptions.NAME), false);
  assert.equal(codeOf(() => configuration.set(CheckpointingOptions.TIMEOUT, 0)).code, "TSF-4002");
  assert.equal(configuration.get(ExecutionOptions.RUNTIME_MODE), "STREAMING");
});
