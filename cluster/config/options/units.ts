/**
 * Units in which defaults of options are written.
 *
 * @module
 */

/** Bytes. */
export const KIB = 1024;
/** Bytes. */
export const MIB: number = 1024 * KIB;
/** Bytes. */
export const GIB: number = 1024 * MIB;
/** Milliseconds. */
export const SECOND = 1000;
/** Milliseconds. */
export const MINUTE: number = 60 * SECOND;
/** Milliseconds. */
export const HOUR: number = 60 * MINUTE;
