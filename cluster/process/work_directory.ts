/**
 * The work directory of a process: taken with a lock on its lock file, which the system lets go of when the process
 * ends in whatever way. What dead processes have left behind is removed by the next one that starts beside them.
 *
 * Layout: cluster/config/work_layout.ts.
 *
 * @module
 */

import { FlinkError } from "../../runtime/errors.ts";
import { WORK_PARTS, type WorkLayout, workLayout, type WorkPart } from "../config/work_layout.ts";

/** Whose directory it is. */
export interface WorkDirectoryOwner {
  readonly role: "jobmanager" | "taskmanager";
  readonly resourceId: string;
  /** Whether the id was chosen by somebody, so that the next process with this id finds what this one leaves. */
  readonly isKept: boolean;
}

/** What stands in a lock file, for people and for whoever cleans up. */
interface LockContent extends WorkDirectoryOwner {
  readonly pid: number;
  readonly startedAt: string;
}

/** Parts that mean nothing to another process. */
const DISPOSABLE: readonly WorkPart[] = ["spill", "tmp", "jobs"];

/** A directory this process owns until {@link release}. */
export class WorkDirectory {
  readonly layout: WorkLayout;
  readonly #lock: Deno.FsFile;
  readonly #owner: WorkDirectoryOwner;

  private constructor(layout: WorkLayout, lock: Deno.FsFile, owner: WorkDirectoryOwner) {
    this.layout = layout;
    this.#lock = lock;
    this.#owner = owner;
  }

  /**
   * Takes the directory of an owner below `base`, and removes what dead processes have left there.
   *
   * @throws FlinkError TSF-4110 when another process has it, TSF-4111 when it cannot be made.
   */
  static take(base: string, owner: WorkDirectoryOwner): WorkDirectory {
    const layout = workLayout(`${base}/${owner.role}_${owner.resourceId.replaceAll(/[^\w.-]/g, "_")}`);
    try {
      makePrivate(base);
      makePrivate(layout.root);
      const lock = Deno.openSync(layout.lock, { read: true, write: true, create: true });
      if (!lock.tryLockSync(true)) {
        lock.close();
        throw takenBySomebodyElse(layout);
      }
      writeLock(lock, owner);
      for (const part of DISPOSABLE) removeTree(layout[part]);
      for (const part of WORK_PARTS) makePrivate(layout[part]);
      const directory = new WorkDirectory(layout, lock, owner);
      removeLeftovers(base, layout.root);
      return directory;
    } catch (error) {
      if (error instanceof FlinkError) throw error;
      throw new FlinkError("TSF-4111", "The work directory cannot be made", {
        expected: `a folder at ${layout.root}`,
        found: error instanceof Error ? error.message : String(error),
        hint: "process.working-dir chooses another place.",
      });
    }
  }

  /** Bytes per part; walks the directory. */
  sizes(): Record<WorkPart, number> {
    return Object.fromEntries(WORK_PARTS.map((part) => [part, treeBytes(this.layout[part])])) as Record<
      WorkPart,
      number
    >;
  }

  /** Lets go of the directory; removes what nobody will look for. */
  release(): void {
    if (this.#owner.isKept) { for (const part of DISPOSABLE) removeTree(this.layout[part]); }
    else removeTree(this.layout.root);
    this.#lock.close();
  }
}

function writeLock(lock: Deno.FsFile, owner: WorkDirectoryOwner): void {
  const content: LockContent = { ...owner, pid: Deno.pid, startedAt: new Date().toISOString() };
  lock.truncateSync(0);
  lock.seekSync(0, Deno.SeekMode.Start);
  lock.writeSync(new TextEncoder().encode(JSON.stringify(content) + "\n"));
}

function takenBySomebodyElse(layout: WorkLayout): FlinkError {
  const content = readLock(layout.lock);
  return new FlinkError("TSF-4110", "The work directory belongs to another process", {
    expected: `${layout.root} to be free`,
    found: content === undefined ? "its lock is held" : `process ${content.pid} since ${content.startedAt}`,
    hint: "Give each process its own id: taskmanager.resource-id, jobmanager.resource-id.",
  });
}

/** Every directory beside this one whose process is gone loses what is of no use any more. */
function removeLeftovers(base: string, own: string): void {
  for (const entry of Deno.readDirSync(base)) {
    const layout = workLayout(`${base}/${entry.name}`);
    if (!entry.isDirectory || layout.root === own) continue;
    const content = readLock(layout.lock);
    // Without a lock file it is nobody's of ours.
    if (content === undefined) continue;
    let lock: Deno.FsFile;
    try {
      lock = Deno.openSync(layout.lock, { read: true, write: true });
    } catch {
      continue;
    }
    try {
      if (!lock.tryLockSync(true)) continue;
      if (!content.isKept) removeTree(layout.root);
      else for (const part of DISPOSABLE) removeTree(layout[part]);
    } finally {
      lock.close();
    }
  }
}

function readLock(path: string): LockContent | undefined {
  try {
    const content = JSON.parse(Deno.readTextFileSync(path));
    return typeof content?.pid === "number" ? content : undefined;
  } catch {
    return undefined;
  }
}

/** Only its owner may look inside: bundles are code, and files may be secrets. */
function makePrivate(path: string): void {
  Deno.mkdirSync(path, { recursive: true, mode: 0o700 });
}

function removeTree(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

function treeBytes(path: string): number {
  let bytes = 0;
  try {
    for (const entry of Deno.readDirSync(path)) {
      const inside = `${path}/${entry.name}`;
      if (entry.isSymlink) continue;
      bytes += entry.isDirectory ? treeBytes(inside) : Deno.lstatSync(inside).size;
    }
  } catch {
    // Removed while we looked.
  }
  return bytes;
}
