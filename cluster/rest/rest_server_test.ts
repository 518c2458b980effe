import assert from "node:assert/strict";
import { request as plainRequest } from "node:http";
import type { FlinkError } from "../../runtime/errors.ts";
import { type RestServer, startRestServer } from "./rest_server.ts";
import { FakeCluster, id, jobOf } from "./testdata/fake_cluster.ts";

const MAX = 2048;

async function withServer(
  fake: FakeCluster,
  run: (origin: string, server: RestServer) => Promise<void>,
): Promise<void> {
  const server = await startRestServer({ app: fake.app, host: "127.0.0.1", ports: [0], maxContentLength: MAX });
  try {
    await run(`http://127.0.0.1:${server.address.port}`, server);
  } finally {
    await server.close();
  }
}

Deno.test("REST answers on a socket, with and without body", async () => {
  const fake = new FakeCluster();
  fake.add(jobOf(id("a")));
  await withServer(fake, async (origin) => {
    const overview = await fetch(`${origin}/v1/overview`);
    assert.equal(overview.headers.get("content-type"), "application/json");
    assert.equal((await overview.json())["slots-total"], 2);
    const cancelled = await fetch(`${origin}/jobs/${id("a")}?mode=cancel`, { method: "PATCH", body: "ignored" });
    assert.deepEqual([cancelled.status, await cancelled.json()], [202, {}]);
    const head = await fetch(`${origin}/overview`, { method: "HEAD" });
    assert.deepEqual([head.status, await head.text()], [200, ""]);
  });
});

Deno.test("a body beyond the limit is refused, whether it says so or not", async () => {
  await withServer(new FakeCluster(), async (origin) => {
    const headers = { "content-type": "multipart/form-data; boundary=x" };
    const bodies: [string, BodyInit][] = [
      ["announced", new Uint8Array(MAX + 1)],
      ["streamed", ReadableStream.from([new Uint8Array(MAX), new Uint8Array(1)])],
      // Whoever is cut off while sending never reads why.
      ["much larger", new Uint8Array(40_000_000)],
      ["much larger, streamed", ReadableStream.from(Array.from({ length: 400 }, () => new Uint8Array(100_000)))],
    ];
    for (const [what, body] of bodies) {
      const answer = await fetch(`${origin}/jobs`, { method: "POST", headers, body });
      const json = await answer.json();
      assert.deepEqual([answer.status, json.code], [413, "TSF-4145"], what);
    }
    assert.equal((await fetch(`${origin}/overview`).then((answer) => answer.json()))["slots-total"], 2);
  });
});

Deno.test("a body that nobody reads, or whose sender goes away, does no harm", async () => {
  const fake = new FakeCluster({ isSubmitEnabled: false });
  await withServer(fake, async (origin, { address }) => {
    const answer = await fetch(`${origin}/jobs`, { method: "POST", body: new Uint8Array(MAX) });
    assert.equal((await answer.json()).code, "TSF-4162");
    const open = new FakeCluster();
    await withServer(open, async (_, other) => {
      for (const { port } of [address, other.address]) {
        const connection = await Deno.connect({ hostname: "127.0.0.1", port });
        const head =
          "POST /jobs HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=y\r\nContent-Length: 900\r\n\r\n";
        await connection.write(new TextEncoder().encode(`${head}--y\r\n`));
        connection.close();
      }
    });
    assert.equal((await fetch(`${origin}/config`).then((answer) => answer.json()))["flink-version"], "0.1.0");
  });
});

Deno.test("what is no proper request is refused and the server goes on", async () => {
  await withServer(new FakeCluster(), async (origin, { address }) => {
    const raw = async (text: string): Promise<string> => {
      const connection = await Deno.connect({ hostname: address.host, port: address.port });
      await connection.write(new TextEncoder().encode(text));
      return await new Response(connection.readable).text();
    };
    assert.match(await raw("nonsense\r\n\r\n"), /^HTTP\/1\.1 400/);
    assert.match(await raw(`GET / HTTP/1.1\r\nHost: x\r\nX: ${"y".repeat(40_000)}\r\n\r\n`), /^HTTP\/1\.1 4\d\d|^$/);
    const odd = await new Promise<number | undefined>((resolve, reject) => {
      const sent = plainRequest(`${origin}`, { path: "//[", headers: { host: "a b<>" } }, (answer) => {
        answer.resume();
        answer.on("end", () => resolve(answer.statusCode));
      });
      sent.on("error", reject);
      sent.end();
    });
    assert.equal(odd! >= 400 && odd! < 500, true, String(odd));
    assert.equal((await fetch(`${origin}/config`)).status, 200);
  });
});

Deno.test("a port in use is told with what to do; a range finds a free one", async () => {
  const fake = new FakeCluster();
  await withServer(fake, async (_, { address: { port } }) => {
    const start = (ports: number[]) =>
      startRestServer({ app: fake.app, host: "127.0.0.1", ports, maxContentLength: MAX });
    await assert.rejects(start([port]), (error: FlinkError) => {
      assert.deepEqual([error.code, error.found], ["TSF-4160", "EADDRINUSE"]);
      return true;
    });
    const other = await start([port, 0]);
    assert.notEqual(other.address.port, port);
    await other.close();
  });
});

Deno.test("closing ends connections that are waited on", async () => {
  const fake = new FakeCluster();
  fake.add(jobOf(id("a")));
  const asked = Promise.withResolvers<void>();
  fake.clock.after = () => {
    asked.resolve();
    return () => {};
  };
  const server = await startRestServer({ app: fake.app, host: "127.0.0.1", ports: [0], maxContentLength: MAX });
  const waiting = fetch(`http://127.0.0.1:${server.address.port}/jobs/${id("a")}/execution-result?wait=20000`);
  const refused = assert.rejects(waiting);
  await asked.promise;
  await server.close();
  await refused;
});
