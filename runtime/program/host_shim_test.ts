import assert from "node:assert/strict";
import * as api from "../../mod.ts";
import * as testing from "../testing/mod.ts";
import { hostNames, publishHostApi, shimSource } from "./host_shim.ts";

const API = Symbol.for("tsflink.api.v1");
const host = globalThis as unknown as Record<symbol, unknown>;

/** Each text is a module of its own. */
const importText = (text: string, n: number) => import(`data:text/javascript,${encodeURIComponent(text)}#${n}`);

Deno.test("the shim finds what was published, by every name of the API", async () => {
  const names = hostNames("tsflink");
  assert.deepEqual(names, Object.keys(api).sort(), "stale: run deno task names");
  assert.deepEqual(hostNames("tsflink/testing"), Object.keys(testing).sort(), "stale: run deno task names");
  publishHostApi();
  assert.deepEqual({ ...await importText(shimSource("tsflink", names, "1.0.0"), 1) }, { ...api });
  const { testEnvironment } = await importText(shimSource("tsflink/testing", ["testEnvironment"], "1.0.0"), 2);
  assert.equal(testEnvironment, (await import("../testing/mod.ts")).testEnvironment);
});

Deno.test("the first host that is published stays", () => {
  publishHostApi();
  const first = host[API];
  publishHostApi();
  assert.equal(host[API], first);
});

Deno.test("no host, or one without the name: errors that say what to do", async () => {
  publishHostApi();
  const newer = shimSource("tsflink", ["StreamExecutionEnvironment", "notYet"], "9.9.9");
  await assert.rejects(
    importText(newer, 3),
    /\[TSF-4021\] This tsflink has no "notYet"\n.*9\.9\.9[\s\S]*Bundle the job/,
  );

  const published = host[API];
  delete host[API];
  try {
    await assert.rejects(
      importText(shimSource("tsflink", [], "1.0.0"), 4),
      /\[TSF-4020\] This job must be started by tsflink\n {2}expected: tsflink local job\.mjs/,
    );
  } finally {
    host[API] = published;
  }
});
