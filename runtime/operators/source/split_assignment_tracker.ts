/**
 * Which splits were given to which subtask since which checkpoint, so that those a failed subtask does not have in its
 * restored state return to the enumerator.
 *
 * Who calls: source_coordinator.ts.
 *
 * @module
 */

type Assignments<SplitT> = Map<number, Set<SplitT>>;

/** See the module. */
export class SplitAssignmentTracker<SplitT> {
  readonly #byCheckpoint: Map<number, Assignments<SplitT>> = new Map();
  #uncheckpointed: Assignments<SplitT> = new Map();

  recordAssignment(subtaskId: number, split: SplitT): void {
    const splits = this.#uncheckpointed.get(subtaskId);
    if (splits === undefined) this.#uncheckpointed.set(subtaskId, new Set([split]));
    else splits.add(split);
  }
  /** What was assigned so far will be in the readers' state of this checkpoint. */
  onCheckpoint(checkpointId: number): void {
    this.#byCheckpoint.set(checkpointId, this.#uncheckpointed);
    this.#uncheckpointed = new Map();
  }
  onCheckpointComplete(checkpointId: number): void {
    for (const id of this.#byCheckpoint.keys()) if (id <= checkpointId) this.#byCheckpoint.delete(id);
  }
  /** The splits given to the subtask after that checkpoint, in order; they are forgotten here. */
  takeAssignedAfter(subtaskId: number, restoredCheckpointId: number): SplitT[] {
    const taken: SplitT[] = [];
    const later = [...this.#byCheckpoint].filter(([id]) => id > restoredCheckpointId).sort(([a], [b]) => a - b);
    for (const assignments of [...later.map(([, assignments]) => assignments), this.#uncheckpointed]) {
      taken.push(...assignments.get(subtaskId) ?? []);
      assignments.delete(subtaskId);
    }
    return taken;
  }
}
