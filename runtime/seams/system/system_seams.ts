/**
 * The bundle of real seams. Called by the entry points only; everything else is handed a {@link Seams}.
 *
 * @module
 */

import type { Seams } from "../seams.ts";
import { SystemClock } from "./clock.ts";
import { SystemLocalFiles } from "./local_files.ts";
import { SystemLog, type SystemLogOptions } from "./log.ts";
import { SystemMainThread } from "./main_thread.ts";
import { entropySeed, SeededRandom } from "./random.ts";
import { SystemSockets } from "./sockets.ts";
import { SystemSpill } from "./spill.ts";

/** What may be chosen about the real seams. */
export interface SystemSeamsOptions {
  /** Makes random choices of the engine repeatable. Default: a seed of the operating system. */
  readonly seed?: number;
  readonly log?: SystemLogOptions;
}

/** The real clock, files, sockets and console of this process. */
export function systemSeams(options: SystemSeamsOptions = {}): Seams {
  return {
    clock: new SystemClock(),
    random: new SeededRandom(options.seed ?? entropySeed()),
    mainThread: new SystemMainThread(),
    log: new SystemLog(options.log),
    files: new SystemLocalFiles(),
    sockets: new SystemSockets(),
    spill: new SystemSpill(),
  };
}
