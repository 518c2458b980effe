import assert from "node:assert/strict";
import { FlinkError } from "../../runtime/errors.ts";
import { MemoryFiles } from "../../runtime/testing/memory_files.ts";
import { bearer, isBearerOf, readClusterToken } from "./cluster_token.ts";
import { makeDevelopmentCa } from "./development_ca.ts";
import { loadTlsMaterial } from "./tls_material.ts";

const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 10, 20);

/** What the promise gives, or the code it fails with. */
function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.catch((error) => (error as FlinkError).code);
}

Deno.test("a token is the first line of its file", async () => {
  const long = "x".repeat(16);
  const cases: readonly [string, string][] = [
    [long, long],
    [`  ${long}\t\n`, long],
    [`${long}\r\nsecond line`, long],
    ["x".repeat(15), "TSF-5218"],
    ["", "TSF-5218"],
    [`\n${long}`, "TSF-5218"],
    [`two words of ${long}`, "TSF-5218"],
    [`ü${long}`, "TSF-5218"],
    ["x".repeat(4096), "x".repeat(4096)],
    ["x".repeat(4097), "TSF-5218"],
  ];
  for (const [content, expected] of cases) {
    const files = new MemoryFiles({ "/token": content });
    assert.equal(await outcomeOf(readClusterToken(files, "/token")), expected, content.slice(0, 40));
  }
  assert.equal(await outcomeOf(readClusterToken(new MemoryFiles(), "/token")), "TSF-3001");
});

Deno.test("an error about a token does not show it", async () => {
  const files = new MemoryFiles({ "/token": "short secret" });
  await assert.rejects(readClusterToken(files, "/token"), (error) => !(error as Error).message.includes("short"));
});

Deno.test("a header shows the token or it does not", () => {
  const token = "0123456789abcdef";
  assert.ok(isBearerOf(bearer(token), token));
  for (const header of [undefined, "", token, `Bearer ${token} `, `bearer ${token}`, `Bearer ${token.slice(1)}`]) {
    assert.equal(isBearerOf(header, token), false, header);
  }
});

Deno.test("TLS files that cannot be used are named", async () => {
  const good = await makeDevelopmentCa({ hosts: ["localhost"], nowMs: NOW, validDays: 10 });
  const load = (change: Record<string, string>, nowMs = NOW) => {
    const texts = { certificate: good.certificate, key: good.key, certificateAuthority: good.certificateAuthority };
    const content = Object.entries({ ...texts, ...change }).map(([name, text]) => [`/tls/${name}`, text]);
    return loadTlsMaterial(new MemoryFiles(Object.fromEntries(content)), {
      certificate: "/tls/certificate",
      key: "/tls/key",
      certificateAuthority: "/tls/certificateAuthority",
    }, nowMs);
  };
  assert.deepEqual(await load({}), {
    certificate: good.certificate,
    key: good.key,
    certificateAuthority: good.certificateAuthority,
  });
  const wrong: readonly [Record<string, string>, number, string][] = [
    [{ certificate: "nothing" }, NOW, "/tls/certificate "],
    [{ certificate: good.key }, NOW, "/tls/certificate "],
    [{ key: good.certificate }, NOW, "/tls/key "],
    [{ certificateAuthority: "" }, NOW, "/tls/certificateAuthority "],
    [{}, NOW + 11 * DAY_MS, "/tls/certificate "],
    [{}, NOW - 2 * DAY_MS, "/tls/certificate "],
  ];
  for (const [change, nowMs, path] of wrong) {
    await assert.rejects(load(change, nowMs), (error) => {
      assert.ok(error instanceof FlinkError && error.code === "TSF-5218", String(error));
      assert.ok(error.summary.startsWith(path), error.summary);
      assert.ok(!error.message.includes("PRIVATE KEY-----\n"));
      return true;
    });
  }
});
