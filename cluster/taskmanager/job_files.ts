/**
 * The code and files of a job on the disk of a TaskManager: the bundle as `<workDir>/jobs/<jobId>/<hash>.mjs`, so that
 * slots can import it, and the files of the distributed cache beside it. Each is laid down once per job, by content.
 *
 * Invariant: a file is there under its name only when it is complete.
 *
 * Caller: deployed_slots.ts.
 *
 * @module
 */

import { JobExecutionError } from "../../runtime/errors.ts";
import type { LocalFiles } from "../../runtime/seams/local_files.ts";
import type { Log } from "../../runtime/seams/log.ts";
import type { RemoteSlotStart } from "../rpc/messages.ts";
import type { BlobSource } from "./task_manager_options.ts";

/** What a slot of a job needs on disk. */
export interface PreparedJob {
  /** The bundle, as a file URL. */
  readonly bundleUrl: string;
  /** Paths of the distributed cache, by name. */
  readonly cachedFiles: ReadonlyMap<string, string>;
}

/** See the module. */
export class JobFiles {
  /** By path; removed with the job, and when it has failed. */
  readonly #laidDown = new Map<string, Promise<string>>();

  constructor(
    readonly options: {
      readonly workDir: string;
      readonly files: LocalFiles;
      readonly blobs: BlobSource;
      readonly log: Log;
    },
  ) {}

  /** @throws JobExecutionError TSF-5270 when a file of the job cannot be had. */
  async prepare({ jobId, bundleHash, assets }: RemoteSlotStart): Promise<PreparedJob> {
    const bundle = this.#layDown(jobId, bundleHash, `${bundleHash}.mjs`);
    const cached = assets.map(async ({ name, hash }) =>
      [name, await this.#layDown(jobId, hash, `files/${hash}`)] as const
    );
    const [path, ...files] = await Promise.all([bundle, ...cached]);
    return { bundleUrl: fileUrl(path), cachedFiles: new Map(files) };
  }

  /** The job is over: nothing of it stays. */
  release(jobId: string): void {
    const directory = this.#directory(jobId);
    for (const path of [...this.#laidDown.keys()]) if (path.startsWith(`${directory}/`)) this.#laidDown.delete(path);
    try {
      if (this.options.files.statSync(directory) !== undefined) this.options.files.remove(directory);
    } catch (error) {
      this.options.log.log("warn", `The files of job ${jobId} cannot be removed from ${directory}: ${error}`);
    }
    this.options.blobs.release(jobId);
  }

  #directory(jobId: string): string {
    return `${this.options.workDir}/jobs/${jobId}`;
  }

  #layDown(jobId: string, hash: string, name: string): Promise<string> {
    const path = `${this.#directory(jobId)}/${name}`;
    const known = this.#laidDown.get(path);
    if (known !== undefined) return known;
    const laying = this.#fetch(jobId, hash, path);
    this.#laidDown.set(path, laying);
    laying.catch(() => this.#laidDown.delete(path));
    return laying;
  }

  async #fetch(jobId: string, hash: string, path: string): Promise<string> {
    const { files, blobs } = this.options;
    try {
      const bytes = await files.readAll(await blobs.fetch(jobId, hash));
      files.makeDirectory(path.slice(0, path.lastIndexOf("/")));
      const partial = `${path}.part`;
      if (files.statSync(partial) !== undefined) files.remove(partial);
      const file = files.appendTo(partial);
      file.append(bytes);
      file.close();
      files.rename(partial, path);
      return path;
    } catch (cause) {
      throw new JobExecutionError("TSF-5270", `A file of job ${jobId} cannot be had`, {
        expected: `blob ${hash} of the JobManager at ${path}`,
        found: cause instanceof Error ? cause.message : String(cause),
        hint: "The disk of the TaskManager may be full, or the JobManager unreachable.",
        cause,
      });
    }
  }
}

function fileUrl(path: string): string {
  return `file://${path.split("/").map(encodeURIComponent).join("/")}`;
}
