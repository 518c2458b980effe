import assert from "node:assert/strict";
import { TaskMetricGroup } from "./task_metrics.ts";

Deno.test("counters, meters, gauges and histograms are read by name", () => {
  const group = new TaskMetricGroup();
  const counter = group.counter("numRecords");
  counter.inc();
  counter.inc(5);
  counter.dec();
  counter.dec(2);
  const meter = group.meter("rate");
  meter.markEvent();
  meter.markEvent(4);
  let depth = 7;
  assert.equal(group.gauge("depth", () => depth)(), 7);
  depth = 8;
  assert.deepEqual([...group.values()], [["numRecords", 3], ["rate", 5], ["depth", 8]]);
  assert.deepEqual([counter.getCount(), meter.getCount()], [3, 5]);
});

Deno.test("groups nest, with or without value, and share one table; the same name is the same metric", () => {
  const root = new TaskMetricGroup("op.");
  const topic = root.addGroup("topic", "clicks") as TaskMetricGroup;
  topic.addGroup("partition").counter("offset").inc(3);
  root.addGroup("topic", "clicks").addGroup("partition").counter("offset").inc();
  assert.equal(root.counter("a"), root.counter("a"));
  assert.notEqual(root.counter("a"), topic.counter("a"));
  const names = ["op.topic.clicks.partition.offset", "op.a", "op.topic.clicks.a"];
  assert.deepEqual([...root.values().keys()], names);
  assert.deepEqual([...topic.values().keys()], names);
  assert.equal(root.values().get(names[0]), 4);
});

Deno.test("a gauge registered again is replaced", () => {
  const group = new TaskMetricGroup();
  group.gauge("g", () => 1);
  group.gauge("g", () => 2);
  assert.deepEqual([...group.values()], [["g", 2]]);
});

Deno.test("histogram: statistics over the last 1024 values", () => {
  const histogram = new TaskMetricGroup().histogram("latency");
  const empty = histogram.getStatistics();
  assert.deepEqual([histogram.getCount(), empty.min, empty.max, empty.mean, empty.quantile(0.5)], [
    0,
    NaN,
    NaN,
    NaN,
    NaN,
  ]);
  for (let n = 100; n >= 1; n--) histogram.update(n);
  const { min, max, mean, quantile } = histogram.getStatistics();
  assert.deepEqual([histogram.getCount(), min, max, mean], [100, 1, 100, 50.5]);
  assert.deepEqual([0, 0.5, 0.99, 1].map(quantile), [1, 51, 100, 100]);
  for (let n = 0; n < 1024; n++) histogram.update(n % 2 === 0 ? -1 : -3);
  assert.deepEqual([histogram.getCount(), histogram.getStatistics().max, histogram.getStatistics().min], [
    1124,
    -1,
    -3,
  ]);
});
