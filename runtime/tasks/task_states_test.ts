import assert from "node:assert/strict";
import { checkTransition, EXECUTION_TRANSITIONS, type ExecutionState, isTerminal } from "./task_states.ts";

Deno.test("transitions are those of Flink's Execution; every other is a bug", () => {
  // From Flink's ExecutionState: the way forward, and from each state that is not final to its ends.
  const legal: Readonly<Record<ExecutionState, string>> = {
    CREATED: "SCHEDULED CANCELED FAILED",
    SCHEDULED: "DEPLOYING CANCELED FAILED",
    DEPLOYING: "INITIALIZING CANCELING FAILED CANCELED",
    INITIALIZING: "RUNNING CANCELING FAILED CANCELED",
    RUNNING: "FINISHED CANCELING FAILED",
    CANCELING: "CANCELED FAILED",
    RECONCILING: "RUNNING FINISHED CANCELED FAILED",
    FINISHED: "",
    CANCELED: "",
    FAILED: "",
  };
  const states = Object.keys(EXECUTION_TRANSITIONS) as ExecutionState[];
  assert.deepEqual(states.toSorted(), Object.keys(legal).toSorted());
  for (const from of states) {
    assert.equal(isTerminal(from), legal[from] === "");
    for (const to of states) {
      const check = () => checkTransition(from, to, "Task x (1/2)");
      if (legal[from].split(" ").includes(to)) check();
      else {assert.throws(check, {
          code: "TSF-0002",
          message: new RegExp(`Task x \\(1/2\\) cannot go from ${from} to ${to}`),
        });}
    }
  }
});
