/**
 * Local scratch files for what exceeds memory, read and written in the task loop.
 *
 * @module
 */

/** A file that is deleted when closed. Synchronous: spilling runs where the engine may not wait. */
export interface SpillFile {
  /** Appends and returns the position where the bytes begin. */
  append(bytes: Uint8Array): number;
  readAt(position: number, sizeBytes: number): Uint8Array;
  close(): void;
}

/** Contract: errors name the directory and the free space where it is known (TSF-3040). */
export interface Spill {
  open(prefix: string): SpillFile;
}
