/**
 * Writes runtime/program/host_names.ts: what a bundled job may import from tsflink. `deno task names` after a change of
 * mod.ts or runtime/testing/mod.ts; a test beside the file says when it is stale.
 *
 * @module
 */

const ROOT = new URL("../../", import.meta.url);
const MODULES = { "tsflink": "mod.ts", "tsflink/testing": "runtime/testing/mod.ts" };

/** The file as text, one name a line. */
export async function hostNamesFile(): Promise<string> {
  const lists = await Promise.all(
    Object.entries(MODULES).map(async ([name, path]) => {
      const names = Object.keys(await import(new URL(path, ROOT).href)).sort();
      return `  ${JSON.stringify(name)}: [\n${names.map((each) => `    ${JSON.stringify(each)},\n`).join("")}  ],\n`;
    }),
  );
  return [
    "/**",
    " * What a bundled job may import. Listed, because asking the modules themselves would evaluate them, and mod.ts begins to",
    " * record a program when it is evaluated. Made by `deno task names`.",
    " *",
    " * @module",
    " */",
    "",
    "export const HOST_NAMES = {",
    `${lists.join("")}} as const;`,
    "",
  ].join("\n");
}

if (import.meta.main) {
  await Deno.writeTextFile(new URL("runtime/program/host_names.ts", ROOT), await hostNamesFile());
  Deno.exit(0);
}
