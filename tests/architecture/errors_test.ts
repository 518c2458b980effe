import assert from "node:assert/strict";
import { codeUses, ERRORS_PAGE, errorsPage } from "../tools/error_codes.ts";

Deno.test("docs/errors.md lists every code of the source", () => {
  // The formatter breaks lines; words decide.
  const words = (text: string) => text.split(/\s+/);
  assert.deepEqual(words(Deno.readTextFileSync(ERRORS_PAGE)), words(errorsPage()), "stale: run `deno task errors`");
});

Deno.test("codes lie in the range of their side", () => {
  const wrong = codeUses().filter(({ code, file }) => {
    const range = Number(code.slice(4)) / 1000 | 0;
    if (file.startsWith("runtime/graph/")) return range > 1;
    // They run programs, and refuse some.
    if (file === "cluster/minicluster/program_cluster.ts") return range > 1;
    if (file === "cluster/minicluster/worker_slots.ts") return ![0, 1, 5].includes(range);
    if (file.startsWith("cluster/jobmaster/") || file.startsWith("cluster/minicluster/")) {
      return ![0, 2, 3, 5].includes(range);
    }
    return range > 5;
  });
  assert.deepEqual(wrong, []);
});
