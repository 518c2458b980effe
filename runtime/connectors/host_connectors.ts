/**
 * The connectors behind methods of the fluent API (fromData, print, ...), as mod.ts and the command line hand them to the
 * host binding. Shaped like HostConnectors of api/host_binding.ts, which this folder may not import.
 *
 * @module
 */

import { CollectSink } from "./collect/sink.ts";
import { CollectionSource } from "./collection/source.ts";
import { PrintSink } from "./print/sink.ts";
import { NumberSequenceSource } from "./sequence/source.ts";

/** See the head of the file. */
export const hostConnectors = {
  collection: (values: readonly unknown[]): CollectionSource<unknown> => new CollectionSource(values),
  sequence: (from: number, to: number): NumberSequenceSource => new NumberSequenceSource(from, to),
  textFile: (_path: string, _options: { readonly encoding?: string }): CollectionSource<string> => {
    throw new Error("not yet");
  },
  socketText: (_options: object): CollectionSource<string> => {
    throw new Error("not yet");
  },
  print: (options: { readonly identifier: string | undefined; readonly stderr: boolean }): PrintSink<unknown> =>
    new PrintSink(options.identifier, options.stderr),
  collect: (): CollectSink<unknown> => new CollectSink(),
};
