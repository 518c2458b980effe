/**
 * A split as fetching_reader.ts reads it: what to read, from where, and how many records from there the task has
 * already got.
 *
 * @module
 */

import type { SourceSplit } from "../functions/source.ts";

/** The plain form of a {@link FetchedSplit}, as checkpoints hold it. */
export interface FetchedSplitData<DataT, PositionT> {
  readonly id: string;
  readonly data: DataT;
  readonly position: PositionT | undefined;
  readonly skip: number;
}

/** What to read and where to go on. */
export class FetchedSplit<DataT, PositionT> implements SourceSplit {
  /**
   * @param position Undefined = the beginning.
   * @param skip Records after `position` that were already emitted.
   */
  constructor(
    readonly id: string,
    readonly data: DataT,
    readonly position: PositionT | undefined,
    readonly skip: number = 0,
  ) {}

  splitId(): string {
    return this.id;
  }

  toData(): FetchedSplitData<DataT, PositionT> {
    return { id: this.id, data: this.data, position: this.position, skip: this.skip };
  }

  static fromData<DataT, PositionT>(data: unknown): FetchedSplit<DataT, PositionT> {
    const { id, data: content, position, skip } = data as FetchedSplitData<DataT, PositionT>;
    return new FetchedSplit(id, content, position, skip);
  }
}
