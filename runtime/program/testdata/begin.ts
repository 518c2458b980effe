/**
 * What importing tsflink does in a fresh isolate: jobs of the tests call it first, because there the module was imported
 * long before.
 */
import { hostBinding } from "../../api/host_binding.ts";
import { StreamExecutionEnvironment } from "../../api/environment.ts";
import { DiscardingSink } from "../../connectors/discarding/sink.ts";

export function begin(): void {
  hostBinding().program?.begin();
}
export { DiscardingSink, StreamExecutionEnvironment };
export function environment(): StreamExecutionEnvironment {
  begin();
  return StreamExecutionEnvironment.getExecutionEnvironment();
}
/** Puts what the program has seen into the plan, where a test finds it. */
export function tell(env: StreamExecutionEnvironment, seen: unknown): void {
  env.fromData(1).map((n) => n).name(JSON.stringify(seen)).sinkTo(new DiscardingSink());
}
