/**
 * User-defined partitioning of a stream.
 *
 * @module
 */

/** Chooses the channel for a key: an integer from 0 to numPartitions - 1. */
export type Partitioner<K> = (key: K, numPartitions: number) => number;
