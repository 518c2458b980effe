/**
 * What ties a process to the one that started it: it ends when that one is gone, and stops while that one is stopped, so
 * that kill -9 and kill -STOP of what a user has started mean the process that does the work.
 *
 * @module
 */

/** Holds the pid of the parent that holds the other end of standard input. */
export const CHILD_VARIABLE = "TSFLINK_CHILD_OF";

const POLL_MS = 200;

/** The pid of the parent that watches this process; undefined when it stands alone. */
export function supervisorPid(): number | undefined {
  const text = Deno.env.get(CHILD_VARIABLE);
  return text === undefined ? undefined : Number(text);
}

/** Watches the parent; `onGone` is called once, when it has ended. */
export function watchParent(parentPid: number, onGone: () => void): void {
  (async () => {
    const buffer = new Uint8Array(256);
    try {
      while (await Deno.stdin.read(buffer) !== null);
    } catch {
      // As good as its end.
    }
    // Somebody who stops a process may let go of the pipe first; the process then belongs to him all the same.
    for (let waitMs = 1; Deno.ppid === parentPid; waitMs = Math.min(2 * waitMs, POLL_MS)) {
      await new Promise((done) => setTimeout(done, waitMs));
    }
    onGone();
  })();
  if (Deno.build.os !== "linux") return;
  const stat = `/proc/${parentPid}/stat`;
  const timer = setInterval(() => {
    try {
      // "pid (name) state ...", and a name may hold anything.
      const state = /\) (\S)[^)]*$/.exec(Deno.readTextFileSync(stat))?.[1];
      if (state === "T") Deno.kill(Deno.pid, "SIGSTOP");
    } catch {
      // Its end comes by standard input.
    }
  }, POLL_MS);
  Deno.unrefTimer(timer);
}
