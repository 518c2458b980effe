/**
 * What a bundle is refused for. Every error names the line of the import it is about, once the bundler has said it.
 *
 * @module
 */

import { InvalidProgramError } from "../../runtime/errors.ts";

/** The bundler cannot parse a module. */
export function doesNotCompile(text: string, lineText: string, userLine: string | undefined): InvalidProgramError {
  return new InvalidProgramError("TSF-4013", "The job does not compile", {
    expected: "TypeScript or JavaScript that can be parsed",
    found: lineText.trim() === "" ? text : `${text} in: ${lineText.trim().slice(0, 120)}`,
    userLine,
  });
}

/** An import leads nowhere. */
export function unresolvedImport(
  specifier: string,
  reason: string,
  userLine: string | undefined,
): InvalidProgramError {
  return new InvalidProgramError("TSF-4014", `The import "${specifier}" cannot be resolved`, {
    expected: "a file, a URL, a package, or a name of the import map in the nearest deno.json",
    found: reason,
    userLine,
    hint: /^[.\/]|:/.test(specifier) ? undefined : `For an npm package: deno add npm:${specifier}`,
  });
}

/** A kind of module that has no place in a bundle. */
export function unusableModule(url: string, mediaType: string, userLine: string | undefined): InvalidProgramError {
  return new InvalidProgramError("TSF-4014", `The module ${url} cannot be part of a bundle`, {
    expected: "TypeScript, JavaScript, JSX or JSON",
    found: mediaType,
    userLine,
  });
}

/** A package needs a native library. */
export function nativeAddOn(label: string, reason: string, userLine: string | undefined): InvalidProgramError {
  return new InvalidProgramError("TSF-4015", `The package ${label} needs a native add-on`, {
    expected: "packages of plain JavaScript or WebAssembly: a job is one module that runs on any machine",
    found: reason,
    userLine,
    hint: "Run such a job from its source (deno run -A job.ts), or take a package without native parts.",
  });
}

/** The job brings tsflink along. */
export function anotherCopy(other: string, host: string, userLine: string | undefined): InvalidProgramError {
  return new InvalidProgramError("TSF-4016", "The job imports another copy of tsflink", {
    expected: `the copy that runs it: ${host}`,
    found: other,
    userLine,
    hint: 'Import it as "tsflink" and map that name in deno.json: the host gives its own copy then.',
  });
}

/** The job reaches into the engine. */
export function innerFile(url: string, userLine: string | undefined): InvalidProgramError {
  return new InvalidProgramError("TSF-4016", "The job imports an inner file of tsflink", {
    expected: 'what "tsflink" and "tsflink/testing" export',
    found: url,
    userLine,
    hint: "Inner files may change at any time, and a bundle would hold a second copy of them.",
  });
}

/** There is no such entry point. */
export function noSuchHostModule(specifier: string, userLine: string | undefined): InvalidProgramError {
  return new InvalidProgramError("TSF-4016", `A job cannot import "${specifier}"`, {
    expected: '"tsflink" or "tsflink/testing"',
    found: specifier,
    userLine,
  });
}

/** The bundler cannot run. */
export function cannotBundle(cause: unknown): InvalidProgramError {
  const isRefused = cause instanceof Deno.errors.NotCapable;
  return new InvalidProgramError("TSF-4018", "The bundler cannot run", {
    expected: "esbuild, which runs as a process of its own, and Deno, which says where modules are",
    found: cause instanceof Error ? cause.message : String(cause),
    cause,
    hint: isRefused ? "Run with -A, or with --allow-read --allow-write --allow-env --allow-run." : undefined,
  });
}
