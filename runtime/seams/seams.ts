/**
 * The bundle of seams that every role and task gets: the only way to the outside world.
 *
 * @module
 */

import type { Clock } from "./clock.ts";
import type { LocalFiles } from "./local_files.ts";
import type { Log } from "./log.ts";
import type { MainThread } from "./main_thread.ts";
import type { Random } from "./random.ts";
import type { Sockets } from "./sockets.ts";
import type { Spill } from "./spill.ts";

/** Everything a role or task may reach outside itself. */
export interface Seams {
  readonly clock: Clock;
  readonly random: Random;
  readonly mainThread: MainThread;
  readonly log: Log;
  readonly files: LocalFiles;
  readonly sockets: Sockets;
  readonly spill: Spill;
}
