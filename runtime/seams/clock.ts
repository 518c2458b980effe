/**
 * Time as the engine sees it. The system clock is in system/, a manual one in the test kit.
 *
 * @module
 */

/** Takes a planned call back; calling it twice does nothing. */
export type Cancel = () => void;

/** Contract: `after` never calls `fn` inline; calls of equal time come in order of registration. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds since some fixed moment; never goes back. */
  monotonic(): number;
  /** Calls `fn` once, `ms` milliseconds from now, unless taken back. */
  after(ms: number, fn: () => void): Cancel;
}
