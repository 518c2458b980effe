/**
 * Lists every error code of the source with what it says, for docs/errors.md. `deno run -A tests/tools/error_codes.ts`
 * writes the page; tests/architecture/errors_test.ts says when it is stale.
 *
 * @module
 */

import ts from "typescript";

const ROOT = new URL("../../", import.meta.url);
/** The page. */
export const ERRORS_PAGE: URL = new URL("docs/errors.md", ROOT);

/** One place that raises a code. */
export interface CodeUse {
  readonly code: string;
  readonly file: string;
  /** The summary as it stands in the source; parts that are computed are shown as "...". */
  readonly summary: string;
}

function sourceFiles(directory: string): string[] {
  return [...Deno.readDirSync(new URL(`${directory}/`, ROOT))].flatMap((entry) => {
    const path = `${directory}/${entry.name}`;
    if (entry.isDirectory) return sourceFiles(path);
    return /\.ts$/.test(entry.name) && !/_test\.ts$|testdata|conformance/.test(path) ? [path] : [];
  });
}

/** The text of a string or template; undefined for anything else. */
function textOf(node: ts.Node | undefined): string | undefined {
  if (node === undefined) return undefined;
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node)) {
    return node.head.text + node.templateSpans.map((span) => `...${span.literal.text}`).join("");
  }
  return undefined;
}

/** All uses of codes, by code and file. */
export function codeUses(): CodeUse[] {
  const uses: CodeUse[] = [];
  for (const file of [...sourceFiles("runtime"), ...sourceFiles("cluster"), "cli.ts"]) {
    const source = ts.createSourceFile(file, Deno.readTextFileSync(new URL(file, ROOT)), ts.ScriptTarget.Latest, true);
    const visit = (node: ts.Node): void => {
      if (ts.isStringLiteralLike(node) && /^TSF-\d{4}$/.test(node.text)) {
        const call = node.parent;
        const next = (ts.isCallExpression(call) || ts.isNewExpression(call)) && call.arguments?.[0] === node
          ? call.arguments[1]
          : undefined;
        uses.push({ code: node.text, file, summary: textOf(next) ?? "" });
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return uses.sort((a, b) => a.code.localeCompare(b.code) || a.file.localeCompare(b.file));
}

/** The page as text. */
export function errorsPage(): string {
  const byCode = Map.groupBy(codeUses(), (use) => use.code);
  const rows = [...byCode].map(([code, uses]) => {
    const summaries = [...new Set(uses.map((use) => use.summary).filter((summary) => summary !== ""))];
    const files = [...new Set(uses.map((use) => use.file))];
    return `- **${code}** ${summaries.join("; ") || "(text is computed)"} — ${
      files.map((file) => `\`${file}\``).join(", ")
    }`;
  });
  return [
    "# Error codes",
    "",
    "Every error tsflink raises on purpose has a code. Compare `error.code`, never the class. 0xxx are defects of tsflink",
    "itself, 1xxx are about the program and its graph, 2xxx about functions, types, keys and state, 3xxx about files,",
    "sockets and connectors, 4xxx about options and the command line, 5xxx about running jobs. `...` stands for what is",
    "filled in. Made by `tests/tools/error_codes.ts` from the source.",
    "",
    ...rows,
    "",
  ].join("\n");
}

if (import.meta.main) Deno.writeTextFileSync(ERRORS_PAGE, errorsPage());
