/**
 * The files of the job store: a head with format, version, length and checksum, then values of the generic serializer.
 * A file is written beside its name, synced and renamed, so that under its name there is all of it or nothing.
 *
 * @module
 */

import { FlinkError } from "../../runtime/errors.ts";
import type { LocalFiles } from "../../runtime/seams/local_files.ts";
import { deserializeValue, serializeValue } from "../../runtime/types/generic_serializer.ts";
import { murmur3_128 } from "../../runtime/types/murmur3.ts";

const MAGIC = 0x4a465354; // "TSFJ"
const VERSION = 1;
const HEAD_BYTES = 4 + 4 + 4 + 16;

/** Bytes of a file that holds these values, one record each. */
export function encodeRecords(values: readonly unknown[]): Uint8Array<ArrayBuffer> {
  const bodies = values.map((value) => serializeValue(value));
  const bytes = new Uint8Array(bodies.reduce((sum, { length }) => sum + HEAD_BYTES + length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const body of bodies) {
    view.setUint32(at, MAGIC, true);
    view.setUint32(at + 4, VERSION, true);
    view.setUint32(at + 8, body.length, true);
    bytes.set(murmur3_128(body), at + 12);
    bytes.set(body, at + HEAD_BYTES);
    at += HEAD_BYTES + body.length;
  }
  return bytes;
}

/**
 * The first `count` values of a file.
 *
 * @throws FlinkError TSF-5253 when the file is not whole, not one of these, or of another version.
 */
export function decodeRecords(bytes: Uint8Array, count: number, path: string): unknown[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values: unknown[] = [];
  for (let at = 0; values.length < count;) {
    if (bytes.length - at < HEAD_BYTES) throw damaged(path, `${HEAD_BYTES} bytes of head`, `${bytes.length - at}`);
    const [magic, version, length] = [0, 4, 8].map((offset) => view.getUint32(at + offset, true));
    if (magic !== MAGIC) throw damaged(path, "a file of the job store", "another kind of file");
    if (version !== VERSION) throw damaged(path, `format version ${VERSION}`, `version ${version}`);
    if (bytes.length - at - HEAD_BYTES < length) throw damaged(path, `${length} bytes`, "a file that was cut off");
    const body = bytes.slice(at + HEAD_BYTES, at + HEAD_BYTES + length);
    const checksum = murmur3_128(body);
    if (checksum.some((byte, i) => byte !== bytes[at + 12 + i])) throw damaged(path, "its checksum", "another one");
    values.push(deserializeValue(body));
    at += HEAD_BYTES + length;
  }
  return values;
}

function damaged(path: string, expected: string, found: string): FlinkError {
  return new FlinkError("TSF-5253", `A file of the job store cannot be read: ${path}`, {
    expected,
    found,
    hint: "It is left where it is under another name; the other jobs are not affected.",
  });
}

/** All of it is there when this returns, or nothing. @throws FlinkError TSF-30xx of the file system. */
export function writeDurably(files: LocalFiles, path: string, bytes: Uint8Array): void {
  const temporary = `${path}.tmp`;
  try {
    if (files.statSync(temporary) !== undefined) files.remove(temporary);
    const file = files.appendTo(temporary);
    try {
      file.append(bytes);
      file.fsync();
    } finally {
      file.close();
    }
    files.rename(temporary, path);
    files.fsyncDirectory(parentOf(path));
  } catch (error) {
    removeQuietly(files, temporary);
    throw error;
  }
}

/** A file that is gone is gone. */
export function removeQuietly(files: LocalFiles, path: string): void {
  try {
    if (files.statSync(path) !== undefined) files.remove(path);
  } catch {
    // Leftovers are found at the next start.
  }
}

/** Makes a directory whose name outlives the machine. */
export function makeDurableDirectory(files: LocalFiles, path: string): void {
  const made: string[] = [];
  for (let at = path; files.statSync(at) === undefined; at = parentOf(at)) made.push(at);
  files.makeDirectory(path);
  for (const directory of made) files.fsyncDirectory(parentOf(directory));
}

function parentOf(path: string): string {
  const end = path.lastIndexOf("/");
  return end > 0 ? path.slice(0, end) : end === 0 ? "/" : ".";
}
