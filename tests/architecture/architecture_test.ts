/**
 * Decides whether the code keeps to tests/architecture/rules.json, on the resolved module graph: imports between
 * folders, value-import cycles, sizes of files, functions and folders.
 *
 * @module
 */

import assert from "node:assert/strict";
import ts from "typescript";
import { folderOf, isTest } from "../tools/lint_plugin.ts";
import rules from "./rules.json" with { type: "json" };

const ROOT = new URL("../../", import.meta.url);
const IMPORTS = rules.imports as Record<string, string[]>;

/** All source files of the two sides, as paths from the root. */
function sources(directory = ""): string[] {
  const tops = directory === "" ? ["runtime", "cluster"] : [directory];
  return tops.flatMap((folder) =>
    [...Deno.readDirSync(new URL(`${folder}/`, ROOT))].flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory) return sources(path);
      return entry.name.endsWith(".ts") && !path.includes("/gen/") ? [path] : [];
    })
  );
}

interface ParsedFile {
  readonly path: string;
  readonly lines: number;
  readonly imports: readonly { readonly target: string; readonly isType: boolean; readonly isDynamic: boolean }[];
  readonly functionLines: readonly { readonly name: string; readonly lines: number }[];
}

function parse(path: string): ParsedFile {
  const text = Deno.readTextFileSync(new URL(path, ROOT));
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const imports: { target: string; isType: boolean; isDynamic: boolean }[] = [];
  const functionLines: { name: string; lines: number }[] = [];
  const lineOf = (position: number) => file.getLineAndCharacterOfPosition(position).line;
  const visit = (node: ts.Node): void => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier !== undefined) {
      addImport((node.moduleSpecifier as ts.StringLiteral).text, isTypeOnly(node), false);
    }
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [argument] = node.arguments;
      if (argument !== undefined && ts.isStringLiteral(argument)) addImport(argument.text, false, true);
    }
    if (ts.isFunctionLike(node) && "body" in node && node.body !== undefined) {
      const name = node.name?.getText(file) ?? "(anonymous)";
      functionLines.push({ name, lines: lineOf(node.getEnd()) - lineOf(node.getStart(file)) + 1 });
    }
    ts.forEachChild(node, visit);
  };
  const addImport = (specifier: string, isType: boolean, isDynamic: boolean) => {
    if (!specifier.startsWith(".")) return;
    imports.push({ target: new URL(specifier, `file:///${path}`).pathname.slice(1), isType, isDynamic });
  };
  visit(file);
  return { path, lines: text.split("\n").length - 1, imports, functionLines };
}

function isTypeOnly(node: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  if (ts.isExportDeclaration(node)) {
    if (node.isTypeOnly) return true;
    const named = node.exportClause !== undefined && ts.isNamedExports(node.exportClause)
      ? node.exportClause.elements
      : undefined;
    return named !== undefined && named.length > 0 && named.every((element) => element.isTypeOnly);
  }
  const clause = node.importClause;
  if (clause === undefined) return false;
  if (clause.isTypeOnly) return true;
  const named = clause.namedBindings !== undefined && ts.isNamedImports(clause.namedBindings)
    ? clause.namedBindings.elements
    : undefined;
  return clause.name === undefined && named !== undefined && named.length > 0 &&
    named.every((element) => element.isTypeOnly);
}

const files = sources().map(parse);
const production = files.filter((file) => !isTest(file.path));
/** Tables of behaviour that every implementation of a contract is run against. */
const isTestTable = (file: ParsedFile) => /_?conformance(_fixture)?\.ts$|\/testdata\//.test(file.path);

Deno.test("folders import only what the table allows", () => {
  const wrong: string[] = [];
  for (const file of production) {
    const from = folderOf(file.path);
    const allowed = IMPORTS[from];
    if (allowed === undefined) {
      wrong.push(`${file.path}: folder ${from} is not in the table`);
      continue;
    }
    for (const { target } of file.imports) {
      const to = folderOf(target);
      const isForbidden = rules.nobodyImports.includes(to) && !rules.nobodyImportsExcept.includes(from);
      if (to !== from && (isForbidden || (!allowed.includes(to) && !allowed.includes("*")))) {
        wrong.push(`${file.path} imports ${target}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
});

Deno.test("value imports form no cycle, type imports none across folders", () => {
  const values = new Map(production.map((file) => [
    file.path,
    file.imports.filter((use) => !use.isType && !use.isDynamic).map((use) => use.target),
  ]));
  assert.deepEqual(findCycle(values), undefined);
});

function findCycle(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (node: string): string[] | undefined => {
    if (done.has(node)) return undefined;
    const at = path.indexOf(node);
    if (at >= 0) return [...path.slice(at), node];
    path.push(node);
    for (const next of graph.get(node) ?? []) {
      const cycle = visit(next);
      if (cycle !== undefined) return cycle;
    }
    path.pop();
    done.add(node);
    return undefined;
  };
  for (const node of graph.keys()) {
    const cycle = visit(node);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

Deno.test("the cycle search finds a planted cycle", () => {
  assert.deepEqual(findCycle(new Map([["a", ["b"]], ["b", ["c"]], ["c", ["b"]]])), ["b", "c", "b"]);
  assert.equal(findCycle(new Map([["a", ["b", "c"]], ["b", ["c"]], ["c", []]])), undefined);
});

Deno.test("files, functions and folders keep to their sizes", () => {
  const { maxLines, p90Lines, maxFunctionLines, maxLongFunctionShare, maxFilesPerFolder } = rules.sizes;
  const lines = production.map((file) => file.lines).sort((a, b) => a - b);
  assert.ok(
    lines[Math.floor(lines.length * 0.9)] <= p90Lines,
    `p90 of file length is ${lines[Math.floor(lines.length * 0.9)]}`,
  );
  assert.deepEqual(production.filter((file) => file.lines > maxLines).map((file) => `${file.path}: ${file.lines}`), []);
  const functions = production.flatMap((file) => file.functionLines.map((f) => ({ ...f, path: file.path })));
  const long = functions.filter((f) => f.lines > maxFunctionLines);
  const share = long.length / functions.length;
  assert.ok(share <= maxLongFunctionShare, `${long.map((f) => `${f.path} ${f.name}: ${f.lines}`).join("\n")}`);
  const perFolder = Map.groupBy(production, (file) => file.path.slice(0, file.path.lastIndexOf("/")));
  const full = [...perFolder].filter(([, inside]) => inside.length > maxFilesPerFolder);
  assert.deepEqual(full.map(([folder, inside]) => `${folder}: ${inside.length}`), []);
});

Deno.test("there are nearly as many test lines as production lines", () => {
  const sum = (all: readonly ParsedFile[]) => all.reduce((total, file) => total + file.lines, 0);
  const tables = sum(production.filter(isTestTable));
  const tests = sum(files.filter((file) => isTest(file.path))) + sum(sources("tests").map(parse)) +
    sum(sources("examples").filter(isTest).map(parse)) + tables;
  const made = sum(production) - tables;
  assert.ok(tests >= rules.sizes.minTestShare * made, `${tests} test lines for ${made} production lines`);
});

Deno.test("nothing in runtime/ imports cluster/", () => {
  const wrong = production.filter((file) =>
    file.path.startsWith("runtime/") && file.imports.some((use) => use.target.startsWith("cluster/"))
  );
  assert.deepEqual(wrong.map((file) => file.path), []);
});

Deno.test("docs/architecture.md shows the table of imports", () => {
  const page = Deno.readTextFileSync(new URL("docs/architecture.md", ROOT));
  const rows = page.split("\n").filter((line) => line.startsWith("| ")).map((line) =>
    line.split("|").map((cell) => cell.trim())
  );
  const shown = new Map(rows.map(([, folder, allowed]) => [`runtime/${folder}`, allowed]));
  for (const [folder, allowed] of Object.entries(IMPORTS)) {
    if (!folder.startsWith("runtime/")) continue;
    assert.equal(shown.get(folder), allowed.map((each) => each.replace("runtime/", "")).join(", ") || "-", folder);
  }
});
