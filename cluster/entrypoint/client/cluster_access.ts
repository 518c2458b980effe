/**
 * How the verbs of a client reach a cluster: configuration of the client, address, token and certificates, and what the
 * command line says about them.
 *
 * @module
 */

import { FlinkError, InvalidProgramError } from "../../../runtime/errors.ts";
import type { Clock } from "../../../runtime/seams/clock.ts";
import type { Address } from "../../../runtime/seams/transport.ts";
import { SystemClock } from "../../../runtime/seams/system/clock.ts";
import { SystemLocalFiles } from "../../../runtime/seams/system/local_files.ts";
import { ClusterClient } from "../../client/cluster_client.ts";
import { reasonOf, type SendRequest } from "../../client/http_call.ts";
import type { ClusterConfiguration } from "../../config/cluster_configuration.ts";
import { JobManagerOptions, RestOptions, SecurityOptions } from "../../config/cluster_options.ts";
import { loadConfiguration } from "../../config/load_configuration.ts";

/** Options that every verb of a client takes. */
export interface ClusterAccessOptions {
  /** `-m`: host:port of the JobManager's REST. */
  readonly jobmanager?: string;
  /** `-D key=value`. */
  readonly define?: Readonly<Record<string, string>>;
  readonly configDir?: string;
}

/** Attempts between two lines that say so. */
const SAID_EVERY = 5;

/** A cluster that can be asked. */
export interface ClusterAccess {
  readonly configuration: ClusterConfiguration;
  readonly address: Address;
  readonly cluster: ClusterClient;
}

/**
 * Reads the configuration; asks nothing yet.
 *
 * @param say Gets a line when the JobManager cannot be reached at once.
 * @throws InvalidProgramError TSF-4150 for an address that is none, FlinkError TSF-4100 to TSF-4103 for a wrong configuration.
 */
export async function accessCluster(
  options: ClusterAccessOptions,
  say: (line: string) => void = () => {},
): Promise<ClusterAccess> {
  const { configuration } = await loadConfiguration({
    files: new SystemLocalFiles(),
    environment: Deno.env.toObject(),
    configDir: options.configDir,
    define: options.define,
  });
  const address = addressOf(options.jobmanager, configuration);
  const isTls = configuration.get(SecurityOptions.SSL_REST);
  const clock: Clock = new SystemClock();
  const cluster = new ClusterClient({
    address,
    isTls,
    token: await tokenOf(configuration),
    send: await sender(configuration, isTls),
    clock,
    maxRetries: configuration.get(RestOptions.RETRY_ATTEMPTS),
    retryDelayMs: configuration.get(RestOptions.RETRY_DELAY),
    timeoutMs: configuration.get(RestOptions.CLIENT_TIMEOUT),
    maxContentLength: configuration.get(RestOptions.CLIENT_MAX_CONTENT_LENGTH),
    onRetry: (attempt, max, cause) => {
      // Not every attempt: whoever reads it knows by then.
      if (attempt > 1 && attempt % SAID_EVERY !== 0) return;
      const where = `${address.host}:${address.port}`;
      say(
        `the JobManager at ${where} cannot be reached (${reasonOf(cause)}); attempt ${attempt + 1} of ${
          max + 1
        } follows`,
      );
    },
  });
  return { configuration, address, cluster };
}

/** `-m`, else rest.address and rest.port. @throws InvalidProgramError TSF-4150. */
export function addressOf(text: string | undefined, configuration: ClusterConfiguration): Address {
  const port = configuration.get(RestOptions.PORT);
  if (text === undefined) {
    const host = configuration.get(RestOptions.ADDRESS) ?? configuration.get(JobManagerOptions.RPC_ADDRESS);
    return { host, port };
  }
  const match = /^(?:https?:\/\/)?(\[[0-9a-f:.]+\]|[^\s:/[\]@?#]+)(?::(\d{1,5}))?\/?$/i.exec(text.trim());
  const given = match?.[2] === undefined ? port : Number(match[2]);
  if (match !== null && given >= 1 && given <= 65535) return { host: match[1].replace(/^\[|\]$/g, ""), port: given };
  throw new InvalidProgramError("TSF-4150", "The address of the JobManager is malformed", {
    expected: "-m host:port, as -m localhost:8081",
    found: `-m ${text}`,
  });
}

/** @throws FlinkError TSF-4102 when the file cannot be read. */
async function tokenOf(configuration: ClusterConfiguration): Promise<string | undefined> {
  const path = configuration.get(SecurityOptions.TOKEN_FILE);
  if (path === undefined) return undefined;
  return (await readSecret(path, SecurityOptions.TOKEN_FILE.key)).trim();
}

async function sender(configuration: ClusterConfiguration, isTls: boolean): Promise<SendRequest> {
  // Taken now: later the program that runs in this process may have put its own before it.
  const realFetch = globalThis.fetch.bind(globalThis);
  if (!isTls) return (request) => realFetch(request);
  const read = async (option: typeof SecurityOptions.SSL_REST_CA) => {
    const path = configuration.get(option);
    return path === undefined ? undefined : await readSecret(path, option.key);
  };
  const ca = await read(SecurityOptions.SSL_REST_CA);
  const needsCertificate = configuration.get(SecurityOptions.SSL_REST_AUTHENTICATION);
  const cert = needsCertificate ? await read(SecurityOptions.SSL_REST_CERTIFICATE) : undefined;
  const key = needsCertificate ? await read(SecurityOptions.SSL_REST_KEY) : undefined;
  const client = Deno.createHttpClient({
    ...(ca !== undefined && { caCerts: [ca] }),
    ...(cert !== undefined && key !== undefined && { cert, key }),
  });
  return (request) => realFetch(request, { client } as RequestInit);
}

async function readSecret(path: string, key: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    throw new FlinkError("TSF-4161", `The file of ${key} cannot be read`, {
      expected: "a file that can be read",
      found: `${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
      cause,
    });
  }
}
