/**
 * The messages between a source operator and its coordinator. All are structured-cloneable; splits travel as what
 * `Source.serializeSplit` made of them.
 *
 * @module
 */

import { BugError } from "../../errors.ts";

/** From the coordinator to one subtask. */
export type SourceOperatorEvent =
  | { readonly type: "AddSplits"; readonly splits: readonly unknown[] }
  | { readonly type: "NoMoreSplits" }
  | { readonly type: "SourceEvent"; readonly event: unknown }
  /** No reader may go on whose watermark is above this. */
  | { readonly type: "WatermarkAlignment"; readonly maxWatermark: number };

/** From one subtask to the coordinator. */
export type SourceCoordinatorEvent =
  | { readonly type: "ReaderRegistration" }
  | { readonly type: "RequestSplit" }
  | { readonly type: "SourceEvent"; readonly event: unknown }
  /** The latest watermark of the subtask; MAX while it is idle or has ended. */
  | { readonly type: "ReportedWatermark"; readonly watermark: number };

/** For the default branch of a switch over events. */
export function unknownEvent(event: unknown): BugError {
  return new BugError("TSF-0004", `unknown source event ${JSON.stringify(event)}`);
}
