/**
 * The coordinators of the sources of a job as the JobMaster sees them: beside it in its isolate (job_coordinators.ts), or
 * in an isolate of their own (coordinator_isolate.ts).
 *
 * @module
 */

/** State of split enumerators, by operator id. */
export type EnumeratorStates = ReadonlyMap<string, Uint8Array>;

/** Who hears of coordinators. */
export interface CoordinatorListener {
  /** An event for the current attempt of a subtask; it goes as mail of its task. */
  send(vertexId: string, subtaskIndex: number, operatorId: string, event: unknown): void;
  /** A coordinator has failed, and with it its stage. Never called inline. */
  fail(vertexId: string, error: unknown): void;
}

/** See the module. */
export interface CoordinatorGateway {
  /** Starts those of the sources of some vertices, from what is given or from the beginning. */
  start(vertexIds: readonly string[], restored: EnumeratorStates | undefined): void;
  handleEvent(operatorId: string, subtaskIndex: number, attemptNumber: number, event: unknown): void;
  /**
   * The states of all enumerators as of now. What enumerators send later is heard after `done`, which may be called at
   * once: who tells barriers in it has them before that.
   */
  snapshot(checkpointId: number, done: (answer: EnumeratorStates | { readonly error: unknown }) => void): void;
  complete(checkpointId: number): void;
  /** Ends those of some vertices; nothing of them is heard once this resolves. */
  stop(vertexIds: readonly string[]): Promise<void>;
  close(): Promise<void>;
}
