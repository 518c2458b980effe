/**
 * `deno task profile CASE`: a CPU profile of one case's job as a flame graph and a list of self times. The job runs
 * twice before, so that the compiler has done its work.
 *
 * Usage: deno task profile q5 [--rows 1000000] [--seconds 3] [--off codegen,...] [--codec] [--loop]
 *        [--interval 200] [--out folder]
 *
 * @module
 */

import { benchCase } from "./cases.ts";
import { flameTree, functionTimes, recordProfile } from "./cpu_profile.ts";
import { flameGraphPage } from "./flame_graph.ts";
import { commandLine, flag, option, switchesOff } from "./options.ts";

const TOP = 40;
const USAGE = `Usage: deno task profile CASE [--rows 1000000] [--seconds 3] [--off codegen,...] [--codec] [--loop]
                           [--interval 200] [--out folder]`;

if (import.meta.main) {
  const args = commandLine(USAGE);
  const name = args.names[0];
  if (name === undefined) {
    console.error(`error: which case?\n\n${USAGE}`);
    Deno.exit(2);
  }
  const options = switchesOff(args);
  if (flag(args, "codec")) options["pipeline.exchange.force-codec"] = true;
  const { events, runJob, runLoop } = benchCase(name).prepare(option(args, "rows", 1_000_000), options);
  const run = flag(args, "loop") ? () => Promise.resolve(runLoop()) : runJob;
  for (let i = 0; i < 2; i++) await run();
  let runs = 0;
  const profile = await recordProfile(async () => {
    const until = performance.now() + option(args, "seconds", 3) * 1000;
    do {
      await run();
      runs++;
    } while (performance.now() < until);
  }, option(args, "interval", 200));

  const tree = flameTree(profile, new URL("../", import.meta.url).href);
  const out = args.options.get("out") ?? `${Deno.env.get("TMPDIR") ?? "/tmp"}/tsflink-profiles`;
  const file = name.replace(/[^\w.-]+/g, "-");
  Deno.mkdirSync(out, { recursive: true });
  Deno.writeTextFileSync(`${out}/${file}.html`, flameGraphPage(`${name}: ${runs} runs of ${events} events`, tree));
  Deno.writeTextFileSync(`${out}/${file}.cpuprofile`, JSON.stringify(profile));
  const perEvent = (ms: number): string => ((ms * 1e6) / (runs * events)).toFixed(1).padStart(8);
  console.log(`${name}: ${runs} runs of ${events} events; ns per event\n    self    total   %`);
  for (const { name, at, selfMs, totalMs } of functionTimes(tree).slice(0, TOP)) {
    const share = ((100 * selfMs) / tree.totalMs).toFixed(1).padStart(5);
    console.log(`${perEvent(selfMs)} ${perEvent(totalMs)} ${share}  ${name}  ${at}`);
  }
  console.log(`${out}/${file}.html is the flame graph; ${out}/${file}.cpuprofile opens in browsers and editors`);
  Deno.exit(0);
}
