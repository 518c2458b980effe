/**
 * Binds the host of the bench before mod.ts can bind its own: jobs run in this isolate, where the rows are, at
 * parallelism 1; nothing records the program (a recorder wraps the clocks), and info lines stay out of the results.
 * Entry modules of the bench import it first.
 *
 * @module
 */

import { bindHost } from "../runtime/api/host_binding.ts";
import { hostConnectors } from "../runtime/connectors/host_connectors.ts";
import { systemSeams } from "../runtime/seams/system/system_seams.ts";

const seams = systemSeams();
const log: typeof seams.log = {
  log: (level, message, fields) => {
    if (level === "error") seams.log.log(level, message, fields);
  },
  print: (line, stream) => seams.log.print(line, stream),
  flush: () => seams.log.flush?.(),
};

bindHost({
  executor: () => import("../cluster/entrypoint/local.ts").then((m) => m.localExecutor({ seams: { ...seams, log } })),
  connectors: hostConnectors,
  args: () => [],
  configuration: () => ({ "parallelism.default": 1 }),
});
