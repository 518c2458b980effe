import assert from "node:assert/strict";
import fc from "fast-check";
import { FlinkError } from "../../runtime/errors.ts";
import { ClusterConfiguration } from "./cluster_configuration.ts";
import { jobManagerMemory, mebibytes, memoryTable, taskManagerMemory } from "./memory_plan.ts";
import { GIB, MIB } from "./options/units.ts";

const MACHINE = { bytes: 10 * GIB, source: "machine" };

Deno.test("memory of a TaskManager over sizes", () => {
  // process MiB, slots -> heap of a slot, managed, network, overhead, all MiB.
  const table: [number, number, [number, number, number, number]][] = [
    [512, 1, [57, 166, 64, 96]],
    [1024, 1, [332, 368, 92, 102]],
    [1024, 2, [166, 368, 92, 102]],
    [1728, 1, [649, 622, 155, 172]],
    [4096, 4, [428, 1474, 368, 409]],
    [20_480, 8, [1200, 7782, 1945, 1024]],
  ];
  for (const [size, slots, expected] of table) {
    const memory = taskManagerMemory(
      ClusterConfiguration.from({
        "taskmanager.memory.process.size": `${size} mb`,
        "taskmanager.numberOfTaskSlots": slots,
      }),
      MACHINE,
    );
    const { slotHeapBytes, managedBytes, networkBytes, overheadBytes } = memory;
    const found = [slotHeapBytes, managedBytes, networkBytes, overheadBytes].map((bytes) => Math.floor(bytes / MIB));
    assert.deepEqual(found, expected, `${size} MiB, ${slots} slots`);
  }
});

Deno.test("parts never exceed the process, whatever is asked for", () => {
  const size = fc.integer({ min: 1, max: 32_768 });
  const optional = fc.option(fc.integer({ min: 32, max: 8192 }), { nil: undefined });
  fc.assert(fc.property(size, fc.integer({ min: 1, max: 64 }), optional, optional, (mb, slots, heap, managed) => {
    const config = ClusterConfiguration.from({
      "taskmanager.memory.process.size": `${mb} mb`,
      "taskmanager.numberOfTaskSlots": slots,
      ...(heap === undefined ? {} : { "taskmanager.memory.task.heap.size": `${heap} mb` }),
      ...(managed === undefined ? {} : { "taskmanager.memory.managed.size": `${managed} mb` }),
    });
    try {
      const memory = taskManagerMemory(config, MACHINE);
      const parts = memory.mainHeapBytes + memory.slotHeapBytes * slots + memory.managedBytes + memory.networkBytes +
        memory.overheadBytes;
      assert(parts <= memory.processBytes);
      assert(memory.slotHeapBytes >= 32 * MIB);
    } catch (error) {
      if (!(error instanceof FlinkError)) throw error;
      assert.equal(error.code, "TSF-4104");
      assert.match(error.message, /MiB \+ slot heaps -?[\d,]+ MiB \+ managed/);
    }
  }));
});

Deno.test("without a size it is 80 % of what the machine or container has", () => {
  const memory = taskManagerMemory(ClusterConfiguration.from({}), { bytes: 5 * GIB, source: "cgroup v2" });
  assert.equal(memory.processBytes, 4 * GIB);
  assert.match(memoryTable(memory.rows).at(-1)!, /^process +4,096 MiB {2}80 % of 5,120 MiB \(cgroup v2\)$/);
  assert.equal(jobManagerMemory(ClusterConfiguration.from({}), MACHINE).processBytes, 8 * GIB);
});

Deno.test("memory of a JobManager", () => {
  const config = (values: Record<string, string>) => ClusterConfiguration.from(values);
  const memory = jobManagerMemory(config({ "jobmanager.memory.process.size": "1600 mb" }), MACHINE);
  assert.equal(mebibytes(memory.mainHeapBytes), "1,312 MiB");
  const table: Record<string, string>[] = [
    { "jobmanager.memory.process.size": "200 mb" },
    { "jobmanager.memory.process.size": "1 gb", "jobmanager.memory.heap.size": "900 mb" },
    { "jobmanager.memory.process.size": "1 gb", "jobmanager.memory.off-heap.size": "2 gb" },
  ];
  for (const values of table) {
    assert.throws(
      () => jobManagerMemory(config(values), MACHINE),
      (error) => error instanceof FlinkError && error.code === "TSF-4104" && error.message.includes("Raise jobmanager"),
    );
  }
});

Deno.test("a heap that was chosen and does not fit is refused with the numbers", () => {
  const config = ClusterConfiguration.from({
    "taskmanager.memory.process.size": "1 gb",
    "taskmanager.memory.task.heap.size": "500 mb",
    "taskmanager.numberOfTaskSlots": 2,
  });
  assert.throws(() => taskManagerMemory(config, MACHINE), /slot heaps 1,000 MiB/);
});
