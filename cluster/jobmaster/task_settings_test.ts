import assert from "node:assert/strict";
import { Configuration } from "../../runtime/api/configuration.ts";
import { DiscardingSink } from "tsflink";
import { testEnvironment } from "tsflink/testing";
import { keysWithoutEffect, taskSettings, wantsCheckpoints } from "./task_settings.ts";

Deno.test("settings follow the configuration", () => {
  const plain = taskSettings(Configuration.from({}), "STREAMING", false);
  assert.deepEqual(
    [plain.forceCodec, plain.maxRowsPerBatch, plain.segmentBytes, plain.operatorConfig.autoWatermarkIntervalMs],
    [false, 512, 32768, 200],
  );
  const other = taskSettings(
    Configuration.from({
      "pipeline.exchange.force-codec": true,
      "execution.batch.max-rows": 7,
      "taskmanager.memory.segment-size": "1 kb",
      "pipeline.auto-watermark-interval": "0 ms",
      "pipeline.object-reuse": true,
    }),
    "BATCH",
    true,
  );
  assert.deepEqual([other.forceCodec, other.maxRowsPerBatch, other.segmentBytes], [true, 7, 1024]);
  const { autoWatermarkIntervalMs, objectReuse, runtimeMode, checkpointingEnabled } = other.operatorConfig;
  // There are no checkpoints in BATCH mode.
  assert.deepEqual([autoWatermarkIntervalMs, objectReuse, runtimeMode, checkpointingEnabled], [
    0,
    true,
    "BATCH",
    false,
  ]);
  assert.deepEqual([plain.sortMemoryBytes, other.sortMemoryBytes], [undefined, 128 * 1024 * 1024]);
  const unsorted = Configuration.from({ "execution.sorted-inputs.enabled": false });
  assert.equal(taskSettings(unsorted, "BATCH", false).sortMemoryBytes, undefined);
});

Deno.test("what is set and not acted on is named, and nothing else", () => {
  const table: [Record<string, unknown>, string[]][] = [
    [{}, []],
    [{ "parallelism.default": 3, "pipeline.object-reuse": true }, []],
    [{ "state.backend.type": "disk" }, ["state.backend.type"]],
    [{ "restart-strategy.type": "none", "pipeline.name": "x" }, []],
    [{ "restart-strategy.type": "fixed-delay", "restart-strategy.fixed-delay.attempts": 2 }, []],
    [{ "restart-strategy.exponential-delay.jitter-factor": 0 }, []],
    [{ "execution.checkpointing.interval": "1 s" }, []],
    [{ "execution.checkpointing.dir": "/x" }, ["execution.checkpointing.dir"]],
  ];
  for (const [values, keys] of table) assert.deepEqual(keysWithoutEffect(Configuration.from(values)), keys);
  assert.equal(wantsCheckpoints(Configuration.from({ "execution.checkpointing.interval": "1 s" })), true);
  assert.equal(wantsCheckpoints(Configuration.from({})), false);
});

Deno.test("a job says what it does not act on", async () => {
  const { env, log } = testEnvironment({ configuration: { "state.backend.type": "disk" } });
  env.enableCheckpointing(1000);
  env.fromData(1).sinkTo(new DiscardingSink());
  await env.execute();
  const warnings = log.messages("warn");
  assert.ok(warnings.some((message) => message.includes("state.backend.type")), warnings.join());
  assert.ok(warnings.some((message) => message.includes("Checkpoints")), warnings.join());
});
