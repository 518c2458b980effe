import assert from "node:assert/strict";
import type { CheckpointBarrier, CheckpointOptions } from "../types/stream_element.ts";
import { BarrierHandler } from "./barrier_handler.ts";
import { InputGate } from "./input_gate.ts";

function barrier(checkpointId: number, alignment: CheckpointOptions["alignment"] = "aligned"): CheckpointBarrier {
  return { kind: "barrier", checkpointId, timestamp: 0, options: { type: "checkpoint", alignment } };
}

function setup(...channels: number[]) {
  const gates = channels.map((numChannels) =>
    new InputGate({ numChannels, exclusiveBuffersPerChannel: 2, floatingBuffersPerGate: 8, onAvailable: () => {} })
  );
  const aborted: number[] = [];
  const handler = new BarrierHandler(gates, (id) => aborted.push(id));
  const blocked = () =>
    gates.flatMap((gate, g) => gate.channels.filter((c) => c.isBlocked).map((c) => `${g}/${c.index}`));
  return { handler, blocked, aborted };
}

Deno.test("one channel: complete at once", () => {
  const { handler, blocked } = setup(1);
  assert.equal(handler.barrier(0, 0, barrier(1))?.checkpointId, 1);
  assert.deepEqual(blocked(), []);
});

Deno.test("aligned: channels block until the last one over all gates has delivered", () => {
  const { handler, blocked } = setup(2, 1);
  assert.equal(handler.barrier(0, 1, barrier(1)), undefined);
  assert.equal(handler.barrier(1, 0, barrier(1)), undefined);
  assert.deepEqual(blocked(), ["0/1", "1/0"]);
  assert.equal(handler.isAligning, true);
  assert.equal(handler.barrier(0, 0, barrier(1))?.checkpointId, 1);
  assert.deepEqual(blocked(), []);
  assert.equal(handler.isAligning, false);
});

Deno.test("at-least-once blocks nothing", () => {
  const { handler, blocked } = setup(2);
  assert.equal(handler.barrier(0, 0, barrier(1, "at-least-once")), undefined);
  assert.deepEqual(blocked(), []);
  assert.equal(handler.barrier(0, 1, barrier(1, "at-least-once"))?.checkpointId, 1);
});

Deno.test("a newer barrier subsumes an older one that is not complete", () => {
  const { handler, blocked, aborted } = setup(2);
  handler.barrier(0, 0, barrier(1));
  assert.equal(handler.barrier(0, 1, barrier(2)), undefined);
  assert.deepEqual(aborted, [1]);
  assert.deepEqual(blocked(), ["0/1"]);
  assert.equal(handler.barrier(0, 0, barrier(2))?.checkpointId, 2);
});

Deno.test("barriers of the past are dropped", () => {
  const { handler, aborted } = setup(2);
  handler.barrier(0, 0, barrier(5));
  handler.barrier(0, 1, barrier(5));
  assert.equal(handler.barrier(0, 0, barrier(4)), undefined);
  assert.equal(handler.barrier(0, 1, barrier(5)), undefined);
  assert.equal(handler.isAligning, false);
  assert.deepEqual(aborted, []);
});

Deno.test("an ended channel counts as having delivered", () => {
  const { handler, blocked } = setup(3);
  assert.equal(handler.end(0, 2), undefined);
  handler.barrier(0, 0, barrier(1));
  assert.equal(handler.end(0, 1)?.checkpointId, 1);
  assert.deepEqual(blocked(), []);
  assert.equal(handler.barrier(0, 0, barrier(2))?.checkpointId, 2, "only one channel is left");
});
