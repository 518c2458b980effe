/**
 * Randomness as the engine sees it: seeded, forkable, so that a run can be repeated.
 *
 * @module
 */

/** Contract: a child made by `fork` depends on the parent's seed and the label only; drawing from one never disturbs another. */
export interface Random {
  /** A uniform integer from 0 to 2^32 - 1. */
  u32(): number;
  fork(label: string): Random;
}
