import nodeProcess from "node:process";
import { begin, environment, tell } from "./begin.ts";

begin();
const evaluated = [Date.now(), Math.random()];

class Moment extends Date {
  year(): number {
    return this.getUTCFullYear();
  }
}
export async function main(): Promise<void> {
  const view = new Uint16Array(4);
  // Not in every version's types.
  const { Now } = (globalThis as unknown as { Temporal: { Now: Record<string, (zone?: string) => unknown> } }).Temporal;
  const seen = {
    date: [Date.now(), new Date().getTime(), Date(), new Moment().getTime(), new Moment().year()],
    given: [
      new Date(5).getTime(),
      Date.parse("2020-01-01T00:00Z"),
      Date.UTC(2020, 1),
      new Date(NaN).getTime() + "",
      new Date(2020, 1).getMonth(),
    ],
    kinds: [
      new Date() instanceof Date,
      new Moment() instanceof Date,
      new Moment() instanceof Moment,
      new Date().constructor === Date,
    ],
    native: [Date.name, Date.length, Math.random.name, String(Math.random), crypto.randomUUID.name, Date.now.length],
    performance: [performance.now(), nodeProcess.hrtime(), String(nodeProcess.hrtime.bigint())],
    random: [Math.random(), Math.random(), crypto.randomUUID()],
    bytes: [crypto.getRandomValues(view) === view, [...view], [...crypto.getRandomValues(new Uint8Array(3))]],
    temporal: [
      String(Now.instant()),
      String(Now.plainDateISO()),
      String(Now.zonedDateTimeISO("UTC")),
      Now.timeZoneId(),
    ],
    environment: [
      Deno.env.get("H4_SET"),
      Deno.env.get("H4_UNSET") ?? "none",
      Deno.env.has("H4_SET"),
      Deno.env.has("H4_UNSET"),
      nodeProcess.env.H4_SET,
      "H4_UNSET" in nodeProcess.env,
      Object.keys(Deno.env.toObject()).length,
      Deno.env.get("H4_NEVER") ?? "none",
    ],
    args: [Deno.args, nodeProcess.argv.slice(2), nodeProcess.argv[1]],
    place: [Deno.cwd(), nodeProcess.cwd(), navigator.hardwareConcurrency],
  };
  Deno.env.set("H4_SET", "changed");
  const changed = Deno.env.get("H4_SET");
  Deno.env.delete("H4_SET");
  const env = environment();
  tell(env, { evaluated, ...seen, changed, deleted: Deno.env.get("H4_SET") ?? "none", own: env.args.get("name") });
  await env.execute();
}
