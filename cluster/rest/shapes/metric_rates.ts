/**
 * Rates of subtasks (records per second, ms per second that a task was busy) from the counts they tell: the difference
 * to what was seen some time ago. Sampled when somebody asks; what nobody asks for costs nothing. Bounded.
 *
 * @module
 */

import type { SubtaskInfo } from "../../rpc/cluster_info.ts";

/** Counts that become rates. */
interface Counts {
  readonly recordsIn: number;
  readonly recordsOut: number;
  readonly busyMs: number;
  readonly idleMs: number | undefined;
  readonly backPressuredMs: number | undefined;
}

/** Per second. */
export interface Rates {
  readonly numRecordsInPerSecond: number;
  readonly numRecordsOutPerSecond: number;
  readonly busyTimeMsPerSecond: number;
  readonly idleTimeMsPerSecond: number;
  readonly backPressuredTimeMsPerSecond: number;
}

interface Sample extends Counts {
  readonly time: number;
}

/** Samples are taken no closer together, in ms. */
const MIN_DISTANCE_MS = 900;
/** Samples kept of one subtask; the oldest is what rates are told against. */
const KEPT_SAMPLES = 4;
/** Subtasks whose samples are kept. */
const MAX_SUBTASKS = 4096;

/** Remembers samples by execution. */
export class MetricRates {
  readonly #samples = new Map<string, Sample[]>();

  /** Rates of a subtask now; all zero when it has told nothing. */
  of({ progress, state }: SubtaskInfo, now: number): Rates {
    if (progress === undefined || state !== "RUNNING") return ratesBetween(undefined, undefined);
    const more = progress as { idleTimeMs?: number; backPressuredTimeMs?: number };
    const sample: Sample = {
      time: now,
      recordsIn: progress.operators[0]?.numRecordsIn ?? 0,
      recordsOut: progress.operators.at(-1)?.numRecordsOut ?? 0,
      busyMs: progress.busyTimeMs,
      idleMs: more.idleTimeMs,
      backPressuredMs: more.backPressuredTimeMs,
    };
    const samples = this.#samples.get(progress.executionId) ?? [];
    const rates = ratesBetween(samples[0], sample);
    if (samples.length === 0 || now - samples.at(-1)!.time >= MIN_DISTANCE_MS) {
      samples.push(sample);
      if (samples.length > KEPT_SAMPLES) samples.shift();
      this.#keep(progress.executionId, samples);
    }
    return progress.isBackPressured && rates.backPressuredTimeMsPerSecond === 0 && sample.backPressuredMs === undefined
      ? {
        ...rates,
        backPressuredTimeMsPerSecond: Math.max(0, 1000 - rates.busyTimeMsPerSecond),
        idleTimeMsPerSecond: 0,
      }
      : rates;
  }

  /** The one that was asked for longest ago goes first. */
  #keep(executionId: string, samples: Sample[]): void {
    this.#samples.delete(executionId);
    this.#samples.set(executionId, samples);
    if (this.#samples.size <= MAX_SUBTASKS) return;
    const [oldest] = this.#samples.keys();
    this.#samples.delete(oldest);
  }
}

function ratesBetween(before: Sample | undefined, now: Sample | undefined): Rates {
  const seconds = before === undefined || now === undefined ? 0 : (now.time - before.time) / 1000;
  const rate = (of: (sample: Sample) => number | undefined): number | undefined => {
    if (seconds <= 0) return 0;
    const [from, to] = [of(before!), of(now!)];
    return from === undefined || to === undefined ? undefined : Math.max(0, (to - from) / seconds);
  };
  const inThousand = (ms: number) => Math.round(Math.min(1000, ms));
  const busy = inThousand(rate(({ busyMs }) => busyMs)!);
  const backPressured = inThousand(rate(({ backPressuredMs }) => backPressuredMs) ?? 0);
  const idle = rate(({ idleMs }) => idleMs);
  return {
    numRecordsInPerSecond: rate(({ recordsIn }) => recordsIn)!,
    numRecordsOutPerSecond: rate(({ recordsOut }) => recordsOut)!,
    busyTimeMsPerSecond: busy,
    idleTimeMsPerSecond: idle === undefined ? Math.max(0, 1000 - busy - backPressured) : inThousand(idle),
    backPressuredTimeMsPerSecond: backPressured,
  };
}
