import assert from "node:assert/strict";
import fc from "fast-check";
import { MemoryFiles } from "../../testing/memory_files.ts";
import { findFiles, isVisibleFile } from "./file_paths.ts";

const find = async (files: MemoryFiles, pattern: string, recursive = true): Promise<string[]> => {
  const search = { paths: [pattern], recursive, filter: isVisibleFile, mustExist: false };
  return (await findFiles(files, search)).map(({ path }) => path);
};

/** Whether one name matches one segment, by trying everything. */
function segmentMatches(pattern: string, name: string): boolean {
  if (pattern === "") return name === "";
  const [first, rest] = [pattern[0], pattern.slice(1)];
  if (first === "*") return segmentMatches(rest, name) || (name !== "" && segmentMatches(pattern, name.slice(1)));
  const close = first === "[" ? pattern.indexOf("]", 2) : -1;
  if (close < 0) return name !== "" && (first === "?" || first === name[0]) && segmentMatches(rest, name.slice(1));
  const set = pattern.slice(1, close);
  const has = name !== "" && (set[0] === "!" ? !set.slice(1).includes(name[0]) : set.includes(name[0]));
  return has && segmentMatches(pattern.slice(close + 1), name.slice(1));
}
const visible = (name: string): boolean => name[0] !== "." && name[0] !== "_";

/** Whether a path, as segments, matches; names that begin with "." or "_" have to be named. */
function pathMatches(pattern: readonly string[], path: readonly string[]): boolean {
  if (pattern.length === 0) return path.length === 0;
  const [first, ...rest] = pattern;
  if (first === "**") {
    const asLast = rest.length === 0 ? ["*"] : rest;
    return pathMatches(asLast, path) || (path.length > 0 && visible(path[0]) && pathMatches(pattern, path.slice(1)));
  }
  if (path.length === 0) return false;
  const named = visible(path[0]) || first[0] === path[0][0];
  return named && segmentMatches(first, path[0]) && pathMatches(rest, path.slice(1));
}

/** All choices of the braces, the innermost left one first. */
function choices(pattern: string): string[] {
  const braces = /^([^{]*)\{([^{}]*)\}(.*)$/s.exec(pattern);
  if (braces === null) return [pattern];
  return braces[2].split(",").flatMap((choice) => choices(braces[1] + choice + braces[3]));
}

const name = fc.stringMatching(/^[ab._]{1,3}$/).filter((text) => !/^\.+$/.test(text));
const path = fc.array(name, { minLength: 1, maxLength: 3 });
const segment = fc.oneof(
  { weight: 3, arbitrary: fc.stringMatching(/^([ab._*?]|\[ab\]|\[!a\]|\{a,b\*\}|\{,a\}){1,3}$/) },
  fc.constantFrom("**", "*", "a", "{a,**}"),
).filter((text) => !choices(text).some((choice) => /^\.*$/.test(choice)));

Deno.test("globs match what trying everything matches, in any tree", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(path, { maxLength: 8 }),
      fc.array(segment, { minLength: 1, maxLength: 3 }).filter((parts) => /[*?[{]/.test(parts.join(""))),
      async (paths, pattern) => {
        const files = new MemoryFiles();
        const made: string[][] = [];
        for (const parts of paths) {
          // A name is a file or a directory, not both.
          const clash = made.some((other) => {
            const least = Math.min(parts.length, other.length);
            return parts.slice(0, least).join("/") === other.slice(0, least).join("/");
          });
          if (clash) continue;
          made.push(parts);
          files.write(`/${parts.join("/")}`, "");
        }
        const alternatives = choices(pattern.join("/")).map((text) => text.split("/"));
        const matches = (parts: string[]): boolean => alternatives.some((wanted) => pathMatches(wanted, parts));
        // A directory that matches stands for what is visible in it.
        const expected = made.filter((parts) =>
          parts.some((_, i) => matches(parts.slice(0, i + 1)) && parts.slice(i + 1).every(visible))
        );
        const found = await find(files, `/${pattern.join("/")}`);
        assert.deepEqual(found, expected.map((parts) => `/${parts.join("/")}`).sort());
      },
    ),
    { numRuns: 1500 },
  );
});

Deno.test("special characters of regular expressions are themselves, in names and in sets", async () => {
  const names = ["a.b", "a+b", "a(b)", "a^b", "a$b", "a|b", "a\\b", "axb", "a]b", "ü", "日本", "a b", "😀"];
  const files = new MemoryFiles(Object.fromEntries(names.map((file) => [`/d/${file}`, ""])));
  const table: Record<string, string[]> = {
    "a.*": ["a.b"],
    "a+?": ["a+b"],
    "a(*)": ["a(b)"],
    "a^?": ["a^b"],
    "*$b": ["a$b"],
    "a|*": ["a|b"],
    "a[+^]b": ["a+b", "a^b"],
    "a[!.+(^$|\\x]b": ["a b", "a]b"],
    "[a-z][.]b": ["a.b"],
    "a[]]b": ["a]b"],
    "?": ["ü", "😀"],
    "??": ["日本"],
    "a ?": ["a b"],
    "{a.b,ü}": ["a.b", "ü"],
  };
  for (const [pattern, expected] of Object.entries(table)) {
    assert.deepEqual(await find(files, `/d/${pattern}`), expected.map((file) => `/d/${file}`).sort(), pattern);
  }
});

Deno.test("a set that cannot be is refused with a code", async () => {
  const files = new MemoryFiles({ "/d/a": "" });
  await assert.rejects(find(files, "/d/[z-a]"), { code: "TSF-3014", message: /\[z-a\]/ });
});

Deno.test("paths come as the user wrote them, each once, sorted; directories only when asked for", async () => {
  const files = new MemoryFiles({ "/w/b/2": "", "/w/a/1": "", "/w/a/deep/3": "", "/w/c": "" });
  const table: [string[], boolean, string[]][] = [
    [["/w"], true, ["/w/a/1", "/w/a/deep/3", "/w/b/2", "/w/c"]],
    [["/w"], false, ["/w/c"]],
    [["/w/*"], false, ["/w/c"]],
    [["/w/c", "/w/?", "/w/b"], true, ["/w/a/1", "/w/a/deep/3", "/w/b/2", "/w/c"]],
    [["/w/*/*"], false, ["/w/a/1", "/w/b/2"]],
    [["/*/[ab]"], true, ["/w/a/1", "/w/a/deep/3", "/w/b/2"]],
    [["w/*/1"], true, ["w/a/1"]],
    [["./w/?/2"], true, ["w/b/2"]],
  ];
  for (const [paths, recursive, expected] of table) {
    const search = { paths, recursive, filter: isVisibleFile, mustExist: true };
    assert.deepEqual((await findFiles(files, search)).map(({ path }) => path), expected, String(paths));
  }
  const search = { recursive: true, filter: isVisibleFile, mustExist: true };
  await assert.rejects(findFiles(files, { ...search, paths: ["/w/none"] }), { code: "TSF-3001" });
  await assert.rejects(findFiles(files, { ...search, paths: ["/w/c", "/w/x*"] }), { code: "TSF-3014" });
});
