/**
 * Records a CPU profile of a piece of work in this process, and reads it: self times by function, and the call tree.
 *
 * @module
 */

import inspector from "node:inspector";

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}
/** What V8 gives: also the format that browsers and editors open (`.cpuprofile`). */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly startTime: number;
  readonly endTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** One frame of the call tree with the time of all below it, in ms. */
export interface FlameFrame {
  readonly name: string;
  /** File and line. */
  readonly at: string;
  readonly selfMs: number;
  readonly totalMs: number;
  readonly children: readonly FlameFrame[];
}

/** Runs `work` under the profiler. */
export async function recordProfile(work: () => Promise<unknown>, intervalUs: number = 200): Promise<CpuProfile> {
  const session = new inspector.Session();
  session.connect();
  const post = (method: string, params: object = {}): Promise<unknown> =>
    new Promise((resolve, reject) =>
      session.post(method, params, (error: Error | null, result: unknown) => error ? reject(error) : resolve(result))
    );
  await post("Profiler.enable");
  await post("Profiler.setSamplingInterval", { interval: intervalUs });
  await post("Profiler.start");
  await work();
  const { profile } = await post("Profiler.stop") as { profile: CpuProfile };
  session.disconnect();
  return profile;
}

/** The call tree, children by falling time; `root` is the folder that file names are shortened by. */
export function flameTree(profile: CpuProfile, root: string): FlameFrame {
  const self = new Map<number, number>();
  profile.samples.forEach((id, i) => self.set(id, (self.get(id) ?? 0) + profile.timeDeltas[i] / 1000));
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const build = ({ id, callFrame, children = [] }: ProfileNode): FlameFrame => {
    const below = children.map((child) => build(nodes.get(child)!)).sort((a, b) => b.totalMs - a.totalMs);
    const selfMs = self.get(id) ?? 0;
    const { functionName, url, lineNumber } = callFrame;
    return {
      name: functionName || "(anonymous)",
      at: url === "" ? "" : `${url.replace(root, "")}:${lineNumber + 1}`,
      selfMs,
      totalMs: below.reduce((sum, { totalMs }) => sum + totalMs, selfMs),
      children: below,
    };
  };
  return build(profile.nodes[0]);
}

/** Self and total time of one function over the whole profile. */
export interface FunctionTime {
  readonly name: string;
  readonly at: string;
  selfMs: number;
  /** Recursion counts once. */
  totalMs: number;
}

/** Functions by falling self time. */
export function functionTimes(tree: FlameFrame): FunctionTime[] {
  const all = new Map<string, FunctionTime>();
  const open = new Set<string>();
  const visit = (frame: FlameFrame): void => {
    const key = `${frame.name} ${frame.at}`;
    let entry = all.get(key);
    if (entry === undefined) all.set(key, entry = { name: frame.name, at: frame.at, selfMs: 0, totalMs: 0 });
    entry.selfMs += frame.selfMs;
    const isOutermost = !open.has(key);
    if (isOutermost) {
      entry.totalMs += frame.totalMs;
      open.add(key);
    }
    frame.children.forEach(visit);
    if (isOutermost) open.delete(key);
  };
  visit(tree);
  return [...all.values()].sort((a, b) => b.selfMs - a.selfMs);
}
