/**
 * "Run soon, in order" on the thread of a role or slot.
 *
 * @module
 */

/** Contract: `post` never calls inline and keeps order; timers and sockets get their turn between calls. */
export interface MainThread {
  post(fn: () => void): void;
}
