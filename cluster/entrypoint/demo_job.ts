/**
 * The job behind `tsflink demo`.
 *
 * @module
 */

import { launch } from "../../runtime/seams/system/launch.ts";
import { DEMO_BUNDLE } from "./demo_bundle.ts";
import { temporaryModule } from "./job_module.ts";

/** Where it lies as a file. A compiled file has it bundled, since the example reads its data beside the package's code. */
const DEMO_FILES = { source: "examples/airline_delays.ts", compiled: "dist/demo.mjs", bundle: "demo.mjs" };

/** Its URL. */
export async function demoJob(): Promise<string> {
  const { form, root } = launch();
  if (DEMO_BUNDLE === undefined) return new URL(DEMO_FILES[form], root).href;
  const bytes = Uint8Array.fromBase64(DEMO_BUNDLE);
  const text = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return temporaryModule("airline_delays.mjs", await new Response(text).bytes());
}
