/**
 * All triggers, by name.
 *
 * @module
 */

export {
  ContinuousEventTimeTrigger,
  ContinuousProcessingTimeTrigger,
  EventTimeTrigger,
  isFire,
  isPurge,
  ProcessingTimeTrigger,
} from "./time_triggers.ts";
export {
  CountTrigger,
  type DeltaFunction,
  DeltaTrigger,
  EndOfStreamTrigger,
  NeverTrigger,
} from "./element_triggers.ts";
export { ProcessingTimeoutTrigger, PurgingTrigger } from "./nesting_triggers.ts";
