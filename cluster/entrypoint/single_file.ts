/**
 * First code of tsflink as one file (`deno task bundle`): the file is the command line and, started by itself in a
 * thread, each of the entries of threads. Nothing of the others is evaluated.
 *
 * @module
 */

import { threadOf } from "../../runtime/seams/system/launch.ts";

switch (threadOf(import.meta.url)) {
  case "slot":
    await import("./slot.ts");
    break;
  default:
    await import("../../cli.ts");
}
