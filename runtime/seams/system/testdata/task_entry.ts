import "../../../tasks/task_builder.ts";
import { runSlot } from "../slot_port.ts";

runSlot((_data, port) => {
  port.post("runs");
  port.close();
});
