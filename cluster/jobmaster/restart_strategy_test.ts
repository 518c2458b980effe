import assert from "node:assert/strict";
import { BugError, InvalidProgramError, JobExecutionError } from "../../runtime/errors.ts";
import { fixedDelay, NO_RESTART } from "./restart_strategy.ts";

Deno.test("fixed delay: so many restarts in the life of a job; none for what cannot get better", () => {
  const failure = new JobExecutionError("TSF-2001", "no");
  const strategy = fixedDelay(2, 50);
  assert.equal(strategy.mayRestart, true);
  assert.equal(strategy.onFailure(new InvalidProgramError("TSF-1000", "wrong")), undefined);
  assert.equal(strategy.onFailure(new BugError("TSF-0001", "bug")), undefined);
  assert.deepEqual([failure, new Error("any"), failure, failure].map(strategy.onFailure), [
    50,
    50,
    undefined,
    undefined,
  ]);
  assert.equal(fixedDelay(0, 50).mayRestart, false);
  assert.equal(fixedDelay(0, 50).onFailure(failure), undefined);
  assert.deepEqual([NO_RESTART.mayRestart, NO_RESTART.onFailure(failure)], [false, undefined]);
});
