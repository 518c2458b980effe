/**
 * Writes the fixtures that are not there yet; one that is there stands for data somebody has stored and is never
 * changed: `deno run -A tests/compat/write_fixtures.ts`.
 *
 * @module
 */

import { FIXTURES, written } from "./formats.ts";

for (const [name, text] of Object.entries(await written())) {
  const file = new URL(name, FIXTURES);
  try {
    Deno.writeTextFileSync(file, text, { createNew: true });
    console.log(`written: ${name}`);
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    console.log(`kept: ${name}`);
  }
}
