import assert from "node:assert/strict";
import { CONFIGURATION_PAGE, configurationPage } from "../tools/configuration_page.ts";

Deno.test("docs/configuration.md lists every option", () => {
  // The formatter lines up tables and breaks lines; words decide.
  const words = (text: string) => text.split(/[\s|-]+/);
  const stale = "stale: run `deno run -A tests/tools/configuration_page.ts && deno fmt docs/configuration.md`";
  assert.deepEqual(words(Deno.readTextFileSync(CONFIGURATION_PAGE)), words(configurationPage()), stale);
});
