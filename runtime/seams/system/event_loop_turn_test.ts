import assert from "node:assert/strict";
import { afterSocketPoll, afterTurn, letEventLoopRun } from "./event_loop_turn.ts";

Deno.test("a turn comes after all promise callbacks, however many hops they take, and never inline", async () => {
  for (const pollsSockets of [false, true]) {
    const notes: string[] = [];
    void (async () => {
      for (let hop = 0; hop < 200; hop++) await null;
      notes.push("promises");
    })();
    const turn = letEventLoopRun(pollsSockets).then(() => void notes.push("turn"));
    notes.push("inline");
    await turn;
    assert.deepEqual(notes, ["inline", "promises", "turn"]);
  }
});

Deno.test("a rejection that nobody handles is reported within a turn", async () => {
  const seen: unknown[] = [];
  const listener = (event: PromiseRejectionEvent): void => {
    event.preventDefault();
    seen.push(event.reason);
  };
  addEventListener("unhandledrejection", listener);
  void Promise.reject("nobody");
  await letEventLoopRun(false);
  removeEventListener("unhandledrejection", listener);
  assert.deepEqual(seen, ["nobody"]);
});

Deno.test("callbacks come in order, one poll of sockets takes many turns", async () => {
  const notes: string[] = [];
  await new Promise<void>((resolve) => {
    afterSocketPoll(() => {
      notes.push("polled");
      resolve();
    });
    afterTurn(() => notes.push("first"));
    afterTurn(() => afterTurn(() => notes.push("second turn")));
  });
  assert.deepEqual(notes, ["first", "second turn", "polled"]);
});

Deno.test("a socket that has something is served within one run, by a thread that does nothing else than give way", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const client = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  const server = await listener.accept();
  for (let i = 0; i < 5; i++) {
    let hasRead = false;
    const reading = server.read(new Uint8Array(8)).then(() => hasRead = true);
    await client.write(Uint8Array.of(i));
    // The first run may begin in the middle of the runtime's count.
    for (let runs = 0; runs < 2 && !hasRead; runs++) await letEventLoopRun(true);
    assert.ok(hasRead, `round ${i}`);
    await reading;
  }
  client.close();
  server.close();
  listener.close();
});
