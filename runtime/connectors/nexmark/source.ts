/**
 * The Nexmark events as a source. Every split is each S-th event, so all readers move along the same time line and the
 * events do not depend on the number of subtasks.
 *
 * @module
 */

import type {
  BatchOutput,
  Boundedness,
  ReaderOutput,
  SourceReader,
  SourceReaderContext,
  SourceSplit,
  SplitEnumeratorContext,
} from "../../functions/source.ts";
import { RateLimiterStrategy } from "../datagen/rate_limiter.ts";
import { DiscoveringSource, type SplitDiscovery } from "../discovering_source.ts";
import { checkOption } from "../invalid_option.ts";
import { ComputedReader, type Gate } from "../computed_reader.ts";
import { NexmarkGenerator, type NexmarkSettings } from "./generator.ts";
import type { NexmarkEvent } from "./model.ts";

/** How a {@link NexmarkSource} emits. */
export interface NexmarkOptions extends NexmarkSettings {
  /** Events of all subtasks together. Default: no end. */
  readonly count?: number;
  /** How fast events go out; event time does not depend on it. Default: as fast as they are taken. */
  readonly rateLimiter?: RateLimiterStrategy;
}

/** The events `next`, `next + step`, ...; plain data beside its id. */
export class NexmarkSplit implements SourceSplit {
  /** `next` is the number of the next event, `step` the distance to the one after it. */
  constructor(readonly index: number, readonly step: number, readonly next: number) {}
  splitId(): string {
    return `nexmark-${this.index}/${this.step}`;
  }
  /** What a checkpoint keeps of it. */
  toData(): { index: number; step: number; next: number } {
    return { index: this.index, step: this.step, next: this.next };
  }
}

/**
 * A source of persons, auctions and bids with event timestamps; the same settings give the same events.
 *
 * @throws InvalidProgramError TSF-3016 for a wrong option.
 */
export class NexmarkSource extends DiscoveringSource<NexmarkEvent, NexmarkSplit> {
  readonly #options: NexmarkOptions;

  /** Endless unless `count` is given. @throws InvalidProgramError TSF-3016 for a wrong option. */
  constructor(options: NexmarkOptions = {}) {
    super();
    const { count } = options;
    checkOption(
      count === undefined || (Number.isSafeInteger(count) && count >= 0),
      "count",
      "a whole number >= 0",
      count,
    );
    new NexmarkGenerator(options);
    this.#options = options;
  }

  /** Bounded when `count` is given. */
  override getBoundedness(): Boundedness {
    return this.#options.count === undefined ? "continuous-unbounded" : "bounded";
  }

  /** Generates the events of its splits, at the limited rate. */
  override createReader(context: SourceReaderContext): SourceReader<NexmarkEvent, NexmarkSplit> {
    const { rateLimiter = RateLimiterStrategy.noOp(), count = Infinity } = this.#options;
    const gate = rateLimiter.createGate(context.currentParallelism, context.clock);
    return new NexmarkReader(context, { generator: new NexmarkGenerator(this.#options), count, gate });
  }

  /** Makes a split from what a checkpoint holds of it. */
  override deserializeSplit(data: unknown): NexmarkSplit {
    const { index, step, next } = data as { index: number; step: number; next: number };
    return new NexmarkSplit(index, step, next);
  }

  /** One split per subtask, so that all of them generate. */
  protected override discovery(context: SplitEnumeratorContext<NexmarkSplit>): SplitDiscovery<NexmarkSplit> {
    return {
      assignment: "spread",
      discover: () => {
        const step = context.currentParallelism();
        return Array.from({ length: step }, (_, index) => new NexmarkSplit(index, step, index));
      },
    };
  }
}

interface NexmarkReading {
  readonly generator: NexmarkGenerator;
  readonly count: number;
  readonly gate: Gate | undefined;
}

const EVENT_TIME = (event: NexmarkEvent): number => event.dateTime;

/** Emits the events of its splits in the order of their numbers. */
class NexmarkReader extends ComputedReader<NexmarkEvent, NexmarkSplit> {
  readonly recordsTravel = true;
  readonly #generator: NexmarkGenerator;
  readonly #count: number;
  #splits: { readonly index: number; readonly step: number; next: number }[] = [];
  /** The split of the lowest number. */
  #lowest = 0;

  constructor(context: SourceReaderContext, { generator, count, gate }: NexmarkReading) {
    super(context, gate);
    this.#generator = generator;
    this.#count = count;
  }

  snapshotState(_checkpointId: number): NexmarkSplit[] {
    return this.#splits.map(({ index, step, next }) => new NexmarkSplit(index, step, next));
  }

  protected override hasSplit(): boolean {
    return this.#splits.length > 0;
  }

  protected override next(): boolean {
    this.#lowest = 0;
    for (let i = 1; i < this.#splits.length; i++) {
      if (this.#splits[i].next < this.#splits[this.#lowest].next) this.#lowest = i;
    }
    if (this.#splits[this.#lowest].next < this.#count) return true;
    this.#splits = [];
    return false;
  }

  protected override emit(output: ReaderOutput<NexmarkEvent>): void {
    const split = this.#splits[this.#lowest];
    const event = this.#generator.event(split.next);
    output.collect(event, event.dateTime);
    split.next += split.step;
  }

  /** Of one split; of several, one event at a time, by their numbers. */
  protected override emitMany(output: BatchOutput<NexmarkEvent>): void {
    const split = this.#splits[this.#lowest];
    const { next, step } = split;
    const others = this.#splits.filter((other) => other !== split).map((other) => other.next);
    const end = Math.min(this.#count, ...others);
    const taken = output.emitRange(
      0,
      Math.ceil((end - next) / step),
      (index) => this.#generator.event(next + index * step),
      EVENT_TIME,
    );
    split.next = next + taken * step;
  }

  protected override take(splits: readonly NexmarkSplit[]): void {
    for (const { index, step, next } of splits) this.#splits.push({ index, step, next });
  }
}
