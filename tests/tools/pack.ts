/**
 * `deno task pack`: writes dist/tsflink, one file that runs on a machine with nothing but a shell, tar and gzip. It is a
 * shell script of some lines followed by a compressed archive of Deno, the bundle of tsflink and the bundler of jobs. The
 * first run unpacks it into the user's cache, under the hash of the archive; every further run only starts it.
 *
 * Usage: pack.ts [--without-esbuild] [--fast] [--out DIR]
 *
 * --fast compresses less and sooner, for tests.
 *
 * @module
 */

import { createHash } from "node:crypto";
import config from "../../deno.json" with { type: "json" };
import { outDirectory, writeBundle } from "./bundle_self.ts";

/** What is packed. */
export interface PackOptions {
  readonly directory: string;
  readonly withEsbuild: boolean;
  /** 1 to 9. */
  readonly level: number;
}

/** What has been packed. */
export interface Packed {
  readonly path: string;
  readonly bytes: number;
  /** Names the directory it is unpacked to. */
  readonly id: string;
}

/** Bundles and packs. */
export async function pack({ directory, withEsbuild, level }: PackOptions): Promise<Packed> {
  const stage = await Deno.makeTempDir({ prefix: "tsflink-pack-" });
  try {
    await Deno.mkdir(`${stage}/bin`);
    await Deno.copyFile(Deno.execPath(), `${stage}/bin/deno`);
    await Deno.chmod(`${stage}/bin/deno`, 0o755);
    await writeBundle(stage, true);
    if (withEsbuild) await copyEsbuild(`${stage}/esbuild`);
    const archive = await compressed(stage, level);
    await Deno.mkdir(directory, { recursive: true });
    const id = createHash("sha256").update(archive).digest("hex").slice(0, 16);
    const header = new TextEncoder().encode(headerOf(id));
    const path = `${directory}/tsflink`;
    const part = `${path}.${Deno.pid}.part`;
    await Deno.writeFile(part, header, { mode: 0o755 });
    await Deno.writeFile(part, archive, { append: true });
    await Deno.rename(part, path);
    return { path, bytes: header.length + archive.length, id };
  } finally {
    await Deno.remove(stage, { recursive: true });
  }
}

/** The library and the program of this platform, as cluster/client/esbuild.ts looks for them. */
export async function copyEsbuild(directory: string): Promise<void> {
  // .../esbuild/<version>/lib/main.js
  const library = new URL(import.meta.resolve("esbuild"));
  const version = /\/esbuild\/([^/]+)\/lib\//.exec(library.pathname)![1];
  const arch = Deno.build.arch === "aarch64" ? "arm64" : "x64";
  await Deno.mkdir(`${directory}/lib`, { recursive: true });
  await Deno.mkdir(`${directory}/bin`, { recursive: true });
  await Deno.copyFile(library, `${directory}/lib/main.js`);
  const program = new URL(`../../../@esbuild/${Deno.build.os}-${arch}/${version}/bin/esbuild`, library);
  await Deno.copyFile(program, `${directory}/bin/esbuild`);
  await Deno.chmod(`${directory}/bin/esbuild`, 0o755);
}

/** The same files give the same archive: no times, no owners, one order. */
async function compressed(stage: string, level: number): Promise<Uint8Array<ArrayBuffer>> {
  const tar = new Deno.Command("tar", {
    args: ["-C", stage, "--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "-cf", "-", "."],
    stdout: "piped",
  }).spawn();
  const gzip = new Deno.Command("gzip", { args: [`-${level}`, "-n"], stdin: "piped", stdout: "piped" }).spawn();
  const [, output, status] = await Promise.all([tar.stdout.pipeTo(gzip.stdin), gzip.output(), tar.status]);
  if (!status.success || !output.success) throw new Error("tar or gzip failed");
  return output.stdout;
}

/** Lines of the header, which `tail` skips; counted by the header itself. */
const HEADER = `#!/bin/sh
# tsflink @VERSION@: this script, and behind it a gzipped tar archive. "tail -n +@NEXT@ FILE | tar -tz" lists it.
set -u
cache=\${TSFLINK_CACHE:-\${XDG_CACHE_HOME:-\${HOME:-/tmp}/.cache}/tsflink}
dir=$cache/@ID@
if [ ! -x "$dir/bin/deno" ]; then
  fail() {
    echo "error: [TSF-4171] tsflink cannot unpack itself into $cache: $1" >&2
    echo "  hint: Set TSFLINK_CACHE to a directory that can be written to and run from, with 130 MB free." >&2
    exit 3
  }
  mkdir -p "$cache" 2>/dev/null || fail "the directory cannot be made"
  part=$(mktemp -d "$cache/.unpack-XXXXXX" 2>/dev/null) || fail "nothing can be written there"
  trap 'rm -rf "$part"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  tail -n +@NEXT@ "$0" | tar -xzf - -C "$part" 2>/dev/null || fail "the archive cannot be unpacked; is the disk full?"
  chmod 755 "$part"
  "$part/bin/deno" --version >/dev/null 2>&1 || fail "programs cannot be run from there"
  mv -T "$part" "$dir" 2>/dev/null || [ -x "$dir/bin/deno" ] || fail "the directory cannot be renamed"
  rm -rf "$part"
  trap - EXIT INT TERM
fi
case $0 in
  /*) TSFLINK_EXE=$0 ;;
  */*) TSFLINK_EXE=$PWD/$0 ;;
  *) TSFLINK_EXE=$(command -v -- "$0") ;;
esac
if [ -n "\${DENO_DIR:-}" ]; then
  case $DENO_DIR in "$cache"/*) ;; *) export TSFLINK_USER_DENO_DIR="$DENO_DIR" ;; esac
elif [ -d "\${HOME:-/nonexistent}/.cache/deno" ]; then
  export TSFLINK_USER_DENO_DIR="$HOME/.cache/deno"
fi
export TSFLINK_EXE DENO_DIR="$cache/deno" DENO_NO_UPDATE_CHECK=1
exec "$dir/bin/deno" run -A --quiet --no-config --no-lock "$dir/tsflink.js" "$@"
`;

function headerOf(id: string): string {
  const next = String(HEADER.split("\n").length);
  return HEADER.replaceAll("@ID@", id).replaceAll("@NEXT@", next).replaceAll("@VERSION@", config.version);
}

if (import.meta.main) {
  const started = performance.now();
  const { path, bytes, id } = await pack({
    directory: outDirectory(Deno.args),
    withEsbuild: !Deno.args.includes("--without-esbuild"),
    level: Deno.args.includes("--fast") ? 1 : 9,
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${path}  ${(bytes / 1e6).toFixed(1)} MB  unpacks to ${id}  (${seconds} s)`);
}
