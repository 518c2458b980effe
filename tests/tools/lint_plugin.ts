/**
 * The project's lint rules: which folder may import which, and no ambient time, randomness, files or sockets outside the
 * seams. The table is tests/architecture/rules.json; the architecture test decides on the resolved module graph, this
 * is the quick answer in the editor.
 *
 * @module
 */

import rules from "../architecture/rules.json" with { type: "json" };

const ROOT = new URL("../../", import.meta.url).pathname;
const IMPORTS = rules.imports as Record<string, string[]>;

/** Path of a file from the root of the project. */
function relative(filename: string): string {
  const path = filename.startsWith("file://") ? new URL(filename).pathname : filename;
  return path.startsWith(ROOT) ? path.slice(ROOT.length) : path;
}

/** The folder of the table a file belongs to: "runtime/state", or "runtime/errors" for a file directly in runtime/. */
export function folderOf(path: string): string {
  const [top, second] = path.split("/");
  return second === undefined ? top : `${top}/${second.replace(/\.ts$/, "")}`;
}

/** Tests may import more: the test kit and whatever they compare with. */
export function isTest(path: string): boolean {
  return /_test\.ts$/.test(path) || path.startsWith("tests/") || path.includes("/testdata/");
}

function resolve(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith(".")) return undefined;
  return new URL(specifier, `file:///${from}`).pathname.slice(1);
}

const imports: Deno.lint.Rule = {
  create(context) {
    const path = relative(context.filename);
    const allowed = IMPORTS[folderOf(path)];
    if (allowed === undefined || allowed.includes("*") || isTest(path)) return {};
    const check = (
      node: Deno.lint.ImportDeclaration | Deno.lint.ExportNamedDeclaration | Deno.lint.ExportAllDeclaration,
    ) => {
      const target = node.source === null ? undefined : resolve(path, node.source.value);
      if (target === undefined) return;
      const folder = folderOf(target);
      if (folder === folderOf(path) || allowed.includes(folder)) return;
      context.report({
        node,
        message: `${folderOf(path)} may not import ${folder}`,
        hint: "See tests/architecture/rules.json.",
      });
    };
    return { ImportDeclaration: check, ExportNamedDeclaration: check, ExportAllDeclaration: check };
  },
};

const ambient: Deno.lint.Rule = {
  create(context) {
    const path = relative(context.filename);
    if (isTest(path) || rules.ambient.allowedIn.some((folder) => path === folder || path.startsWith(`${folder}/`))) {
      return {};
    }
    if (!path.startsWith("runtime/") && !path.startsWith("cluster/")) return {};
    const report = (node: Deno.lint.Node, what: string) =>
      context.report({ node, message: `${what} is ambient`, hint: "Take it through runtime/seams." });
    return {
      MemberExpression(node) {
        if (node.object.type !== "Identifier" || node.property.type !== "Identifier") return;
        const member = `${node.object.name}.${node.property.name}`;
        if (rules.ambient.members.includes(member)) report(node, member);
        else if (rules.ambient.globals.includes(node.object.name)) report(node, node.object.name);
      },
      CallExpression(node) {
        if (node.callee.type === "Identifier" && rules.ambient.globals.includes(node.callee.name)) {
          report(node, node.callee.name);
        }
      },
      NewExpression(node) {
        if (node.callee.type !== "Identifier") return;
        const { name } = node.callee;
        const takesNow = rules.ambient.constructions.includes(name) && node.arguments.length === 0;
        if (takesNow || rules.ambient.globals.includes(name)) report(node, `new ${name}`);
      },
    };
  },
};

const plugin: Deno.lint.Plugin = { name: "tsflink", rules: { imports, ambient } };
export default plugin;
