/**
 * What sources over {@link DiscoveringEnumerator} share: enumerators, and splits that travel as plain data. Extended by
 * the connectors.
 *
 * @module
 */

import type {
  Boundedness,
  Source,
  SourceReader,
  SourceReaderContext,
  SourceSplit,
  SplitEnumerator,
  SplitEnumeratorContext,
} from "../functions/source.ts";
import { DiscoveringEnumerator, type DiscoveryOptions, type EnumeratorCheckpoint } from "./split_enumerator.ts";

/** A split that gives the plain form checkpoints hold. */
export interface PlainSplit extends SourceSplit {
  toData(): unknown;
}

/** How a source finds and gives out its splits. */
export type SplitDiscovery<SplitT extends SourceSplit> = Omit<
  DiscoveryOptions<SplitT>,
  "serializeSplit" | "deserializeSplit"
>;

/** A source whose splits are found once or again and again. */
export abstract class DiscoveringSource<T, SplitT extends PlainSplit>
  implements Source<T, SplitT, EnumeratorCheckpoint> {
  abstract getBoundedness(): Boundedness;
  abstract createReader(context: SourceReaderContext): SourceReader<T, SplitT>;
  /** The split of what {@link PlainSplit.toData} gave. */
  abstract deserializeSplit(data: unknown): SplitT;
  /** Called once per enumerator. */
  protected abstract discovery(context: SplitEnumeratorContext<SplitT>): SplitDiscovery<SplitT>;

  createEnumerator(
    context: SplitEnumeratorContext<SplitT>,
    checkpoint?: EnumeratorCheckpoint,
  ): SplitEnumerator<SplitT, EnumeratorCheckpoint> {
    const options = {
      ...this.discovery(context),
      serializeSplit: (split: SplitT) => this.serializeSplit(split),
      deserializeSplit: (data: unknown) => this.deserializeSplit(data),
    };
    return new DiscoveringEnumerator(context, options, checkpoint);
  }

  restoreEnumerator(
    context: SplitEnumeratorContext<SplitT>,
    checkpoint: EnumeratorCheckpoint,
  ): SplitEnumerator<SplitT, EnumeratorCheckpoint> {
    return this.createEnumerator(context, checkpoint);
  }

  serializeSplit(split: SplitT): unknown {
    return split.toData();
  }
}
