/** A process that listens with the real transport, to be killed: prints its address, then echoes whatever comes. */

import { SystemClock } from "../../../runtime/seams/system/clock.ts";
import { H2Transport } from "../h2_transport.ts";
import { HandshakeTransport } from "../handshake_transport.ts";

const clock = new SystemClock();
const transport = new HandshakeTransport(new H2Transport({ clock }), {
  clock,
  identity: { role: "taskmanager", resourceId: "child" },
  productVersion: "test",
  hostApiVersion: "v1",
});
const listener = await transport.listen({ host: "127.0.0.1", port: 0 }, (connection) => {
  connection.onFrame = (frame) => connection.send(frame);
});
console.log(JSON.stringify(listener.address));
