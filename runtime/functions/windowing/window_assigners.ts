/**
 * All window assigners and their windows, by name.
 *
 * @module
 */

export { GlobalWindow, TimeWindow, WindowStagger } from "./time_window.ts";
export { TumblingEventTimeWindows, TumblingProcessingTimeWindows } from "./tumbling_windows.ts";
export { SlidingEventTimeWindows, SlidingProcessingTimeWindows } from "./sliding_windows.ts";
export { CumulativeEventTimeWindows, CumulativeProcessingTimeWindows } from "./cumulative_windows.ts";
export {
  DynamicEventTimeSessionWindows,
  DynamicProcessingTimeSessionWindows,
  EventTimeSessionWindows,
  ProcessingTimeSessionWindows,
  type SessionWindowTimeGapExtractor,
} from "./session_windows.ts";
export { GlobalWindows } from "./global_windows.ts";
