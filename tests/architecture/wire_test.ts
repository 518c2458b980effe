import assert from "node:assert/strict";
import { generateWire } from "../tools/generate_wire.ts";

Deno.test("runtime/wire/gen is what its schema makes", async () => {
  for (const [name, text] of Object.entries(await generateWire())) {
    const committed = Deno.readTextFileSync(new URL(`../../runtime/wire/gen/${name}`, import.meta.url));
    assert.ok(committed === text, `${name} is stale: deno run -A tests/tools/generate_wire.ts`);
  }
});
