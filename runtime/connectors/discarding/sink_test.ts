import { sinkConformance } from "../../testing/conformance.ts";
import { DiscardingSink } from "./sink.ts";

const make = (): { sink: DiscardingSink<number>; read: () => number[] } => ({
  sink: new DiscardingSink<number>(),
  read: () => [],
});
for (const test of sinkConformance("discarding", make, [1, 2, 3], { expected: [] })) Deno.test(test);
