/**
 * Which subtasks of two vertices an edge connects, and over which subpartition and channel.
 *
 * @module
 */

/** Whether every producer reaches every consumer, or only its neighbours. */
export type DistributionPattern = "POINTWISE" | "ALL_TO_ALL";

/** One connection of a producing with a consuming subtask. */
export interface Connection {
  readonly producer: number;
  readonly consumer: number;
  /** Index of the subpartition at the producer. */
  readonly subpartition: number;
}

/**
 * All connections of an edge, ordered by consumer and then producer: the order of the consumer's channels.
 *
 * Pointwise as Flink does it: each subtask of the smaller side gets a contiguous range of the larger side.
 */
export function connections(pattern: DistributionPattern, producers: number, consumers: number): Connection[] {
  const result: Connection[] = [];
  for (let consumer = 0; consumer < consumers; consumer++) {
    for (let producer = 0; producer < producers; producer++) {
      if (pattern === "ALL_TO_ALL") {
        result.push({ producer, consumer, subpartition: consumer });
      } else if (producers >= consumers) {
        const start = Math.floor((consumer * producers) / consumers);
        const end = Math.floor(((consumer + 1) * producers) / consumers);
        if (producer >= start && producer < end) result.push({ producer, consumer, subpartition: 0 });
      } else {
        const start = Math.floor((producer * consumers + producers - 1) / producers);
        const end = Math.floor(((producer + 1) * consumers + producers - 1) / producers);
        if (consumer >= start && consumer < end) result.push({ producer, consumer, subpartition: consumer - start });
      }
    }
  }
  return result;
}

/** Number of subpartitions of one producer. */
export function numSubpartitions(all: readonly Connection[], producer: number): number {
  return all.reduce((count, connection) => count + (connection.producer === producer ? 1 : 0), 0);
}
