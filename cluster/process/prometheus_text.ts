/**
 * Metrics as Prometheus reads them, with Flink's names: flink_jobmanager_numRunningJobs{host="..."} 1.
 *
 * @module
 */

/** One figure. */
export interface MetricSample {
  /** Flink's scope and name, as "taskmanager.Status.JVM.Memory.Heap.Used". */
  readonly name: string;
  readonly kind: "gauge" | "counter";
  readonly value: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** The exposition format 0.0.4. Samples of one name are put together, as the format asks. */
export function prometheusText(samples: readonly MetricSample[]): string {
  const families = Map.groupBy(samples, ({ name }) => metricName(name));
  let text = "";
  for (const [name, family] of families) {
    text += `# TYPE ${name} ${family[0].kind}\n`;
    for (const { labels, value } of family) text += `${name}${labelText(labels)} ${numberText(value)}\n`;
  }
  return text;
}

function metricName(name: string): string {
  return `flink_${name.replaceAll(/[^a-zA-Z0-9_:]/g, "_")}`;
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) =>
    `${name.replaceAll(/[^a-zA-Z0-9_]/g, "_")}="${
      value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")
    }"`
  );
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function numberText(value: number): string {
  if (value === Infinity) return "+Inf";
  return value === -Infinity ? "-Inf" : String(value);
}
