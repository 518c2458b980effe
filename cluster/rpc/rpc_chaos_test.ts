/** Random calls over connections that break, close and come again: every call ends exactly once, and nothing is left. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { ManualClock } from "../../runtime/testing/manual_clock.ts";
import { InProcessNetwork } from "../transport/in_process_transport.ts";
import type { RpcPeer } from "./rpc_service.ts";
import { inProcessRpc, settle } from "./testdata/in_process_rpc.ts";

const TIMEOUT_MS = 100;
const CODES = new Set(["ok", "TSF-5207", "TSF-5208", "TSF-5209", "TSF-5210", "TSF-5999"]);

type Step =
  | { readonly kind: "call"; readonly side: number; readonly answer: "now" | "later" | "never" | "throw" }
  | { readonly kind: "tell" | "cut" | "connect" | "answer" | "fence" | "unregister" | "settle" }
  | { readonly kind: "close"; readonly side: number }
  | { readonly kind: "wait"; readonly ms: number };

const side = fc.nat(1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant("call" as const),
      side,
      answer: fc.constantFrom("now", "later", "never", "throw"),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom("settle", "answer") }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("tell", "connect") }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("cut", "fence", "unregister") }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("close" as const), side }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.nat(60) }) },
) as fc.Arbitrary<Step>;

Deno.test("whatever happens, every call ends exactly once and nothing is left behind", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.boolean(), async (steps, waits) => {
      const network = new InProcessNetwork();
      const clock = new ManualClock();
      const nodes = [
        await inProcessRpc(network, "a", { role: "jobmanager", clock, callTimeoutMs: TIMEOUT_MS }),
        await inProcessRpc(network, "b", { clock, callTimeoutMs: TIMEOUT_MS }),
      ];
      const later: (() => void)[] = [];
      const begun: number[][] = [[], []];
      const register = (index: number) =>
        nodes[index].rpc.register("e", {
          heartbeat: ({ payload }) => {
            const { n, answer } = payload as { n: number; answer: string };
            begun[index].push(n);
            if (answer === "throw") throw Object.assign(new Error("x"), { code: "TSF-5999" });
            if (answer === "never") return new Promise(() => {});
            if (answer === "now") return { payload: n };
            return new Promise((resolve) => later.push(() => resolve({ payload: n })));
          },
        }, "token");
      const servers = [register(0), register(1)];
      // What each side calls over: its newest connection.
      const peers: (RpcPeer | undefined)[] = [undefined, undefined];
      nodes[0].rpc.onPeer = (peer) => peers[0] = peer;
      const ends: string[][] = [];
      const run = async (one: Step): Promise<void> => {
        switch (one.kind) {
          case "call": {
            const peer = peers[one.side];
            if (peer === undefined) return;
            const n = ends.push([]) - 1;
            const body = { resourceId: "r", payload: { n, answer: one.answer } };
            return void nodes[one.side].rpc.gateway(peer, "e", "token").call("heartbeat", body).then(
              ({ payload }) => ends[n].push(payload === n ? "ok" : `answer of ${payload}`),
              (error) => ends[n].push(error.code),
            );
          }
          case "tell":
            return peers[1] && nodes[1].rpc.gateway(peers[1], "e", "token").tell("jobEnded", { jobId: "j" });
          case "connect":
            return void (peers[1] = await nodes[1].rpc.connect(nodes[0].address));
          case "cut":
            return network.cut(nodes[0].address);
          case "close":
            return peers[one.side]?.close();
          case "answer":
            return later.shift()?.();
          case "fence":
            return void (servers[0].fencingToken = servers[0].fencingToken === "token" ? "other" : "token");
          case "unregister":
            servers[1].close();
            return void (servers[1] = register(1));
          case "wait":
            return clock.advance(one.ms);
          case "settle":
            return await settle();
        }
      };
      for (const one of steps) await run(one);
      await settle();
      if (waits) {
        clock.advance(TIMEOUT_MS);
        await settle();
        assert.deepEqual(nodes.map(({ rpc }) => rpc.statistics.pendingCalls), [0, 0]);
      }
      for (const node of nodes) node.rpc.close();
      await settle();
      for (const [n, outcome] of ends.entries()) {
        assert.equal(outcome.length, 1, `call ${n}: ${outcome}`);
        assert.ok(CODES.has(outcome[0]), outcome[0]);
      }
      for (const numbers of begun) assert.equal(new Set(numbers).size, numbers.length, "begun twice");
      const left = nodes.map(({ rpc }) => [rpc.statistics.pendingCalls, rpc.statistics.malformed]);
      assert.deepEqual([left, network.openConnections, clock.pending], [[[0, 0], [0, 0]], 0, 0]);
    }),
    { numRuns: 300, seed: 11 },
  );
});
