/**
 * The command line. What it does is in cluster/entrypoint/; the version is told before any of that is loaded.
 *
 * @module
 */

import config from "./deno.json" with { type: "json" };

const [first] = Deno.args;
if (Deno.args.length === 1 && (first === "--version" || first === "-V")) {
  console.log(config.version);
} else {
  const { commandLine } = await import("./cluster/entrypoint/cli/program.ts");
  await commandLine(Deno.args);
}
