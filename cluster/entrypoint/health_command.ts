/**
 * `tsflink health [address]`: asks the small port of a role how it does.
 *
 * Exit codes: 0 ready, 1 not ready or not reachable.
 *
 * @module
 */

/** Options of the command line. */
export interface HealthCommandOptions {
  /** host:port of the small port; default: where the first role of this machine has it. */
  readonly address?: string;
  readonly json?: boolean;
  /** Print the metrics too. */
  readonly metrics?: boolean;
  readonly timeoutMs?: number;
}

/** What was found out. */
export interface HealthAnswer {
  readonly address: string;
  readonly isLive: boolean;
  readonly isReady: boolean;
  /** Why it is not ready, or cannot be reached. */
  readonly reason?: string;
  readonly metrics?: string;
}

const DEFAULT_ADDRESS = "127.0.0.1:9249";
const TIMEOUT_MS = 5000;

/** Asks; never throws. */
export async function askHealth(options: HealthCommandOptions): Promise<HealthAnswer> {
  const address = (options.address ?? DEFAULT_ADDRESS).replace(/^https?:\/\//, "").replace(/\/+$/, "");
  const ask = async (path: string) => {
    const response = await fetch(`http://${address}${path}`, {
      signal: AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS),
    });
    return { isOk: response.ok, text: (await response.text()).trim() };
  };
  try {
    const live = await ask("/livez");
    const ready = await ask("/readyz");
    const metrics = options.metrics ? (await ask("/metrics")).text : undefined;
    const reason = ready.isOk ? undefined : ready.text;
    return { address, isLive: live.isOk, isReady: live.isOk && ready.isOk, reason, metrics };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { address, isLive: false, isReady: false, reason };
  }
}

/** The text to print, and the exit code. */
export async function healthCommand(options: HealthCommandOptions): Promise<{ text: string; code: number }> {
  const answer = await askHealth(options);
  const code = answer.isReady ? 0 : 1;
  if (options.json) return { text: JSON.stringify(answer), code };
  const state = answer.isReady ? "ready" : answer.isLive ? "live, not ready" : "not reachable";
  const because = answer.reason === undefined ? "" : `: ${answer.reason}`;
  const metrics = answer.metrics === undefined ? "" : `\n${answer.metrics}`;
  return { text: `${answer.address} is ${state}${because}${metrics}`, code };
}
