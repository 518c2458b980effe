import { runSlot } from "../slot_port.ts";
import { scenario } from "./slot_scenarios.ts";

runSlot(scenario);
