import assert from "node:assert/strict";
import { LOG_VARIABLE, OUT_VARIABLE } from "../../process/log_files.ts";
import type { MetricSample } from "../../process/prometheus_text.ts";
import { InProcessNetwork } from "../../transport/in_process_transport.ts";
import { inProcessRpc } from "../../rpc/testdata/in_process_rpc.ts";
import { metricValues, serveInspection, taskManagerInspection } from "./role_inspection.ts";

const SAMPLES: MetricSample[] = [
  { name: "taskmanager.Status.Memory.Used", kind: "gauge", value: 7, labels: { host: "h" } },
  { name: "taskmanager.disk", kind: "gauge", value: 3, labels: { part: "blobs" } },
];

async function inspected() {
  const network = new InProcessNetwork();
  const jobManager = await inProcessRpc(network, "jm", { role: "jobmanager" });
  const taskManager = await inProcessRpc(network, "tm-1");
  serveInspection(taskManager.rpc, {
    metrics: () => SAMPLES,
    output: () => [{ line: "to" }, { line: "be" }],
  });
  const peer = await jobManager.rpc.connect(taskManager.address);
  const inspection = taskManagerInspection(jobManager.rpc, (id) => id === "tm-1" ? peer : undefined);
  return {
    inspection,
    close: () => {
      jobManager.rpc.close();
      taskManager.rpc.close();
    },
  };
}

Deno.test("a TaskManager tells its metrics, and what jobs printed where its output is no file", async () => {
  const { inspection, close } = await inspected();
  assert.deepEqual(await inspection.metrics("tm-1"), { "Status.Memory.Used": 7, "disk.blobs": 3 });
  assert.equal(new TextDecoder().decode(await inspection.file("tm-1", "stdout")), "to\nbe\n");
  assert.deepEqual(await inspection.logs("tm-1"), []);
  await assert.rejects(inspection.file("tm-1", "log"), { code: "TSF-4158" });
  await assert.rejects(inspection.file("tm-1", "../secret"), { code: "TSF-4158" });
  await assert.rejects(inspection.metrics("tm-2"), { code: "TSF-4159" });
  close();
});

Deno.test("its files are told by name and read from their end", async () => {
  const directory = Deno.makeTempDirSync();
  const files = { [LOG_VARIABLE]: `${directory}/tm.log`, [OUT_VARIABLE]: `${directory}/tm.out` };
  for (const [variable, path] of Object.entries(files)) {
    Deno.writeTextFileSync(path, `${path.slice(-3)}\n`);
    Deno.env.set(variable, path);
  }
  const { inspection, close } = await inspected();
  try {
    assert.deepEqual((await inspection.logs("tm-1")).map(({ name, sizeBytes }) => [name, sizeBytes]), [
      ["tm.log", 4],
      ["tm.out", 4],
    ]);
    for (const [name, text] of [["log", "log\n"], ["stdout", "out\n"], ["tm.out", "out\n"]]) {
      assert.equal(new TextDecoder().decode(await inspection.file("tm-1", name)), text);
    }
  } finally {
    close();
    for (const variable of Object.keys(files)) Deno.env.delete(variable);
    Deno.removeSync(directory, { recursive: true });
  }
});

Deno.test("names of metrics lose their role and keep their part", () => {
  assert.deepEqual(metricValues([{ name: "jobmanager.x", kind: "counter", value: 1, labels: {} }]), { x: 1 });
});
