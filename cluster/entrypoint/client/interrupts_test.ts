import assert from "node:assert/strict";
import type { RemoteJobClient } from "../../client/remote_job_client.ts";
import { Interrupts } from "./interrupts.ts";

/** A client whose jobs are followed. */
function client(answer: string | undefined, isShutDown = false) {
  const cancelled: string[] = [];
  const exits: number[] = [];
  const answered = Promise.withResolvers<string>();
  const job = {
    getJobID: () => "j1",
    cancel: () => Promise.resolve(void cancelled.push("j1")),
  } as unknown as RemoteJobClient;
  const jobs = [job];
  const said: string[] = [];
  const held: string[] = [];
  const interrupts = new Interrupts({
    jobs: () => jobs,
    console: {
      log: (_, message) => said.push(message),
      hold: () => held.push("hold"),
      resume: () => held.push("resume"),
    },
    options: { shutdownOnAttachedExit: isShutDown },
    ask: () => answer === undefined ? undefined : answer === "wait" ? answered.promise : Promise.resolve(answer),
    exit: (code) => exits.push(code),
  });
  return { interrupts, cancelled, exits, jobs, said, answered, held };
}

const ANSWERS: [answer: string | undefined, isCancelled: boolean, exitCode: number | undefined][] = [
  ["y\n", true, 130],
  ["Yes\n", true, 130],
  ["d\n", false, 130],
  ["n\n", false, undefined],
  ["\n", false, undefined],
  ["", false, undefined],
  [undefined, false, 130],
];
for (const [answer, isCancelled, exitCode] of ANSWERS) {
  Deno.test(`Ctrl-C, answered with ${JSON.stringify(answer)}`, async () => {
    const { interrupts, cancelled, exits, held } = client(answer);
    await interrupts.signal("SIGINT", 130);
    // The picture does not overwrite the question.
    assert.deepEqual(held, ["hold", "resume"]);
    assert.deepEqual([cancelled.length > 0, interrupts.exitCode, exits], [isCancelled, exitCode, []]);
    if (exitCode !== undefined) await interrupts.left;
    interrupts.close();
  });
}

Deno.test("a second Ctrl-C does not wait for an answer; one without jobs does not ask", async () => {
  const waiting = client("wait");
  void waiting.interrupts.signal("SIGINT", 130);
  await waiting.interrupts.signal("SIGINT", 130);
  assert.deepEqual(waiting.exits, [130]);
  waiting.interrupts.close();
  const idle = client("y");
  idle.jobs.length = 0;
  await idle.interrupts.signal("SIGINT", 130);
  assert.deepEqual([idle.exits, idle.cancelled], [[130], []]);
  idle.interrupts.close();
});

Deno.test("SIGTERM does not ask", async () => {
  const { interrupts, cancelled, said } = client("y");
  await interrupts.signal("SIGTERM", 143);
  assert.deepEqual([cancelled, interrupts.exitCode], [[], 143]);
  assert.match(said[0], /tsflink cancel j1/);
  interrupts.close();
  const ending = client("n", true);
  await ending.interrupts.signal("SIGTERM", 143);
  assert.deepEqual(ending.cancelled, ["j1"]);
  ending.interrupts.close();
});
