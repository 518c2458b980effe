/**
 * A script, for ../mini_cluster_test.ts.
 *
 * @module
 */

import { StreamExecutionEnvironment } from "tsflink";

const env = StreamExecutionEnvironment.getExecutionEnvironment();
const drawn = Math.random();
env.fromSequence(1, 3).map((n) => n + Math.floor(drawn)).print();
await env.execute("script");
console.log(`drew ${drawn < 1}`);
