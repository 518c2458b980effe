/**
 * What ended a slot, in the user's terms. Used by the hosts and by the slot's side of them.
 *
 * @module
 */

import { BugError, FlinkError, JobExecutionError, userFrame } from "../../errors.ts";

/** An error that nobody caught; one of tsflink's own says enough and passes as it is. */
export function uncaughtError(slot: string, cause: unknown, kind: "error" | "rejection"): FlinkError {
  if (cause instanceof FlinkError) return cause;
  const what = kind === "error" ? "An error that nobody caught" : "A rejected promise that nobody waited for";
  return new JobExecutionError("TSF-5045", `${what} ended ${slot}`, {
    userLine: userFrame(cause instanceof Error ? cause.stack : undefined),
    hint: kind === "error"
      ? "Catch errors of timers and callbacks that your functions start."
      : "Await the promise, or give it a catch(), where your function starts it.",
    cause,
  });
}

/** Code of the program called a function that ends the process. */
export function exitError(slot: string, call: string, stack: string | undefined): FlinkError {
  return new JobExecutionError("TSF-5041", `${call} was called in ${slot}`, {
    expected: "functions that return or throw: a slot runs several tasks, and none may end it",
    userLine: userFrame(stack),
    hint: "Throw an error to fail the job; bound the source to let it end.",
  });
}

/** The heap of a slot is full. */
export function outOfHeapError(slot: string, heapMb: number): FlinkError {
  return new JobExecutionError("TSF-5040", `${slot} ran out of heap`, {
    expected: `at most ${heapMb} MiB of objects in the slot`,
    found: "a heap that is full after collecting garbage",
    hint: `Raise taskmanager.memory.task.heap.size (now ${heapMb}m), spread the job over more slots, ` +
      "or keep less in variables and in state.",
  });
}

/** The first module of a slot does not load. */
export function startError(slot: string, entry: URL, cause: unknown): FlinkError {
  return new BugError("TSF-5043", `${slot} could not be started from ${entry.href}`, {
    hint: "This is a defect of tsflink or of its installation; please report it.",
    cause,
  });
}

/** A thread is gone and nothing says why. */
export function silentEndError(slot: string): FlinkError {
  return new JobExecutionError("TSF-5044", `${slot} ended without saying why`, {
    hint: "Something in it ended its thread; look for native code, and at what it wrote last.",
  });
}
