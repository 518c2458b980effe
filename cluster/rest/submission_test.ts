import assert from "node:assert/strict";
import fc from "fast-check";
import { RestError } from "./rest_error.ts";
import { decodeSubmission, encodeSubmission, SUBMISSION_VERSION, type SubmissionForm } from "./submission.ts";

/** Sends a form as bytes, as a socket would. */
async function sent(form: FormData): Promise<FormData> {
  const request = new Request("http://jm/jobs", { method: "POST", body: form });
  const body = await request.bytes();
  return await new Response(body, { headers: { "content-type": request.headers.get("content-type")! } }).formData();
}

const bytes = fc.uint8Array({ maxLength: 300 }).map((view) => new Uint8Array(view));
const name = fc.string({ maxLength: 20 });
const forms: fc.Arbitrary<SubmissionForm> = fc.record({
  jobId: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((view) => view.toHex()),
  jobName: name,
  clientVersion: fc.constant("0.1.0"),
  collect: fc.array(name, { maxLength: 3 }),
  program: fc.record({
    descriptor: fc.record({
      url: name,
      args: fc.array(name, { maxLength: 3 }),
      results: fc.array(bytes, { maxLength: 2 }),
    }),
    plan: fc.record({ vertices: fc.array(fc.record({ id: name, at: fc.bigInt() }), { maxLength: 3 }) }),
    planFingerprint: fc.array(name, { maxLength: 4 }),
  }) as unknown as fc.Arbitrary<SubmissionForm["program"]>,
  bundle: bytes.filter(({ length }) => length > 0),
  assets: fc.array(fc.record({ name, executable: fc.boolean(), bytes }), { maxLength: 3 }),
});

Deno.test("whatever a job is made of arrives as it was sent", async () => {
  await fc.assert(
    fc.asyncProperty(forms, async (form) => {
      assert.deepEqual(await decodeSubmission(await sent(encodeSubmission(form))), structuredClone(form));
    }),
    { numRuns: 60 },
  );
});

Deno.test("a form that was changed on its way is refused or read, and never anything else", async () => {
  await fc.assert(
    fc.asyncProperty(
      forms,
      fc.constantFrom("request", "program", "bundle", "asset-0"),
      bytes,
      async (form, part, data) => {
        const encoded = encodeSubmission(form);
        encoded.set(part, new Blob([data]), "x");
        try {
          await decodeSubmission(await sent(encoded));
        } catch (error) {
          assert.equal(error instanceof RestError && error.status === 400, true, String(error));
        }
      },
    ),
    { numRuns: 100 },
  );
});

const REQUEST = {
  version: SUBMISSION_VERSION,
  clientVersion: "0.1.0",
  jobId: "a".repeat(32),
  jobName: "x",
  collect: [],
  assets: [],
};
const WRONG: Record<string, Record<string, unknown>> = {
  "an id that is too short": { jobId: "abc" },
  "an id that is no text": { jobId: 5 },
  "no name": { jobName: undefined },
  "no version of the client": { clientVersion: undefined },
  "collect that is no list": { collect: "c" },
  "collect of numbers": { collect: [1] },
  "assets that are no list": { assets: {} },
  "an asset without name": { assets: [{ executable: true }] },
  "an asset that is null": { assets: [null] },
  "a later version": { version: SUBMISSION_VERSION + 1 },
  "no version": { version: undefined },
};
for (const [what, change] of Object.entries(WRONG)) {
  Deno.test(`refused: ${what}`, async () => {
    const [form] = fc.sample(forms, { numRuns: 1, seed: 1 });
    const encoded = encodeSubmission(form);
    encoded.set("request", JSON.stringify({ ...REQUEST, ...change }));
    await assert.rejects(decodeSubmission(encoded), { code: "TSF-4146", status: 400 });
  });
}
