import assert from "node:assert/strict";
import { accessCluster } from "./cluster_access.ts";

/** Runs with other requests of the network. */
async function withFetch<T>(fetch: (request: Request) => Promise<Response>, run: () => Promise<T>): Promise<T> {
  const before = globalThis.fetch;
  globalThis.fetch = fetch as typeof globalThis.fetch;
  try {
    return await run();
  } finally {
    globalThis.fetch = before;
  }
}

Deno.test("a JobManager that stays away is mentioned now and then, not at every attempt", async () => {
  const said: string[] = [];
  const gone = () => Promise.reject(new TypeError("gone"));
  const define = { "rest.retry.max-attempts": "11", "rest.retry.delay": "0 ms" };
  const { cluster, address } = await withFetch(
    gone,
    () => accessCluster({ jobmanager: "jm:9", define }, (l) => said.push(l)),
  );
  assert.deepEqual(address, { host: "jm", port: 9 });
  // What the network was when the client was made is what it asks.
  await assert.rejects(cluster.jobs(), { code: "TSF-4148" });
  assert.deepEqual(said.map((line) => /attempt (\d+) of 12 follows$/.exec(line)?.[1]), ["2", "6", "11"]);
});

Deno.test("the token of the cluster goes with every request", async () => {
  const file = Deno.makeTempFileSync();
  Deno.writeTextFileSync(file, "hush\n");
  let seen: string | null = null;
  const answer = (request: Request) => {
    seen = request.headers.get("authorization");
    return Promise.resolve(Response.json({ jobs: [] }));
  };
  try {
    const { cluster } = await withFetch(answer, () => accessCluster({ define: { "security.cluster.token": file } }));
    assert.deepEqual([await cluster.jobs(), seen], [[], "Bearer hush"]);
  } finally {
    Deno.removeSync(file);
  }
  await assert.rejects(accessCluster({ define: { "security.cluster.token": `${file}.none` } }), { code: "TSF-4161" });
});

Deno.test("what is wrong with the configuration is told before anybody is asked", async () => {
  await assert.rejects(accessCluster({ define: { "rest.prot": "1" } }), { code: "TSF-4100" });
  await assert.rejects(accessCluster({ configDir: "/none/such" }), { code: "TSF-4103" });
});
