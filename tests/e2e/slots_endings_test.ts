/**
 * How jobs in slots end by a signal, and that their output is whole: also through pipes whose reader is slow or leaves,
 * and as rows of executeAndCollect. Nothing here waits but for output.
 *
 * @module
 */

import assert from "node:assert/strict";
import { JobFiles, printed, type Start } from "./testdata/job_files.ts";

const files = new JobFiles({
  endless: `
    import { defineSource, WatermarkStrategy } from "tsflink";
    const source = defineSource<number, string, number>({
      boundedness: "continuous-unbounded",
      splits: () => ["a", "b"],
      open: async function* (_split, position, { signal }) {
        for (let i = position ?? 0; !signal.aborted; i++) {
          yield { records: [i], position: i };
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
      },
    });
    env.fromSource(source, WatermarkStrategy.noWatermarks(), "endless").keyBy((n) => n % 7).map((n) => "line " + n).print();
    await env.execute("endless");`,
  spinning: `
    env.fromSequence(1, 2).setParallelism(1).map((n) => {
      console.log("spinning");
      for (;;);
      return n;
    }).setParallelism(1).name("Spinner").print().setParallelism(1);
    await env.execute("spinning");`,
  starting: `
    import { isMainThread } from "node:worker_threads";
    if (!isMainThread) await new Promise(() => {});
    env.fromSequence(1, 2).print();
    await env.execute("starting");`,
  many: `
    env.fromSequence(1, 100_000).print();
    await env.execute("many");`,
  rows: `
    let count = 0, waits = 0;
    const last = new Map<number, number>();
    for await (const [n, subtask] of env.fromSequence(1, 100_000).map(new class {
      subtask = -1;
      open(context: import("tsflink").RuntimeContext) {
        this.subtask = context.getTaskInfo().indexOfThisSubtask;
      }
      map(n: number): [number, number] { return [n, this.subtask]; }
    }()).executeAndCollect()) {
      if (n <= (last.get(subtask) ?? 0)) throw new Error("row " + n + " came late");
      last.set(subtask, n);
      count++;
      if (count % 1000 === 0 && waits++ < 50) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    console.log(count);`,
});

/** What comes from a process, as it comes. */
class Lines {
  text = "";
  readonly #reader: ReadableStreamDefaultReader<string>;
  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.#reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  }
  async until(wanted: string): Promise<void> {
    while (!this.text.includes(wanted)) if (!await this.#more()) assert.fail(`no "${wanted}" in:\n${this.text}`);
  }
  async all(): Promise<string> {
    while (await this.#more());
    return this.text;
  }
  close(): Promise<void> {
    return this.#reader.cancel();
  }
  async #more(): Promise<boolean> {
    const { value, done } = await this.#reader.read();
    this.text += value ?? "";
    return !done;
  }
}

const SLOTS: readonly Start[] = ["threads", "web"];

for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  Deno.test(`slots: ${signal} cancels the job, with a summary and no torn line`, async () => {
    await Promise.all(SLOTS.map(async (how) => {
      const child = files.start("endless", how, [], []);
      const [out, err] = [new Lines(child.stdout), new Lines(child.stderr)];
      const errors = err.all();
      await out.until("line 20\n");
      child.kill(signal);
      const lines = (await out.all()).split("\n");
      assert.equal((await child.status).code, code);
      assert.equal(lines.pop(), "", "the last line is whole");
      for (const line of lines) assert.match(line, /^[12]> line \d+$/);
      assert.match(await errors, /CANCELED after .* \d+ records read/);
      assert.doesNotMatch(err.text, /error|warn/);
    }));
  });
}

Deno.test("slots: Ctrl-C ends a job whose slots never come up", async () => {
  const child = files.start("starting", "threads", [], []);
  const [out, err] = [new Lines(child.stdout), new Lines(child.stderr)];
  await err.until("runs in slots");
  child.kill("SIGINT");
  assert.match(await err.all(), /CANCELED after/);
  assert.equal((await child.status).code, 130);
  await out.all();
});

Deno.test("slots: a task that spins is given up after the time-out, or at the second Ctrl-C", async () => {
  await Promise.all([
    spin("threads", ["-D", "task.cancellation.timeout=100 ms"], false),
    spin("web", [], true),
    spin("threads", [], true),
  ]);
});

async function spin(how: Start, options: readonly string[], again: boolean): Promise<void> {
  const child = files.start("spinning", how, [], options);
  const [out, err] = [new Lines(child.stdout), new Lines(child.stderr)];
  // Told at once, though the slot never comes to send it.
  await out.until("spinning");
  child.kill("SIGINT");
  if (again) {
    await err.until("CANCELLING");
    child.kill("SIGINT");
  }
  const errors = await err.all();
  assert.equal((await child.status).code, 130);
  await out.all();
  if (again) return;
  assert.match(errors, /warn: slot \d of job "spinning" does not stop within task\.cancellation\.timeout, 0\.1 s/);
  assert.match(errors, /in task .*Spinner.* \(1\/1\)/);
  assert.match(errors, /CANCELED after/);
}

Deno.test("slots: output is complete through a slow pipe, and ends quietly with its reader", async () => {
  await Promise.all(SLOTS.map(async (how) => {
    const { code, out } = await files.run("many", how);
    assert.equal(code, 0);
    const numbers = printed(out).map(Number).sort((a, b) => a - b);
    assert.deepEqual(numbers, Array.from({ length: 100_000 }, (_, i) => i + 1));
    const child = files.start("many", how);
    const lines = new Lines(child.stdout);
    await lines.until("\n");
    await lines.close();
    const err = await new Lines(child.stderr).all();
    assert.equal((await child.status).code, 0, err);
    assert.equal(err, "");
  }));
});

Deno.test("slots: rows of executeAndCollect come in order of their subtask to a slow reader", async () => {
  await Promise.all((["threads", "plain"] as const).map(async (how) => {
    const { code, out, err } = await files.run("rows", how);
    assert.deepEqual([code, out], [0, "100000\n"], err);
  }));
});
