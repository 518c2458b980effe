import assert from "node:assert/strict";
import { SystemMainThread } from "./main_thread.ts";

Deno.test("posted calls keep their order, also across turns, and never run inline", async () => {
  const notes: string[] = [];
  await new Promise<void>((resolve) => {
    const thread = new SystemMainThread();
    thread.post(() => {
      notes.push("1");
      thread.post(() => notes.push("3"));
      thread.post(() => {
        notes.push("4");
        resolve();
      });
    });
    thread.post(() => notes.push("2"));
    notes.push("inline");
  });
  assert.deepEqual(notes, ["inline", "1", "2", "3", "4"]);
});

Deno.test("a socket and a timer get their turn while posted work never pauses", async () => {
  const thread = new SystemMainThread();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const client = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  const server = await listener.accept();
  let going = true;
  let posts = 0;
  const spin = (): void => {
    const end = performance.now() + 0.2;
    while (performance.now() < end);
    posts++;
    if (going) thread.post(spin);
  };
  thread.post(spin);
  const timer = new Promise<void>((resolve) => setTimeout(resolve, 3));
  const buffer = new Uint8Array(8);
  for (let i = 0; i < 3; i++) {
    await client.write(Uint8Array.of(i));
    assert.equal(await server.read(buffer), 1);
    assert.equal(buffer[0], i);
  }
  await timer;
  going = false;
  client.close();
  server.close();
  listener.close();
  assert.ok(posts > 0);
});
