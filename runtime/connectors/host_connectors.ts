/**
 * The connectors behind methods of the fluent API (fromData, print, ...), as mod.ts and the command line hand them to the
 * host binding. Shaped like HostConnectors of api/host_binding.ts, which this folder may not import.
 *
 * @module
 */

import { CollectSink } from "./collect/sink.ts";
import { CollectionSource } from "./collection/source.ts";
import { FileSource } from "./files/source.ts";
import { TextLineInputFormat } from "./files/text_line_format.ts";
import { PrintSink } from "./print/sink.ts";
import { NumberSequenceSource } from "./sequence/source.ts";
import { SocketTextSource } from "./socket/source.ts";

/** See the head of the file. */
export interface BuiltInConnectors {
  collection(values: readonly unknown[]): CollectionSource<unknown>;
  sequence(from: number, to: number): NumberSequenceSource;
  textFile(path: string, options: { readonly encoding?: string }): FileSource<string>;
  socketText(options: SocketAddress): SocketTextSource;
  print(options: { readonly identifier: string | undefined; readonly stderr: boolean }): PrintSink<unknown>;
  collect(): CollectSink<unknown>;
}

interface SocketAddress {
  readonly hostname: string;
  readonly port: number;
  readonly delimiter: string;
  readonly maxRetries: number;
}

/** The built-in connectors. */
export const hostConnectors: BuiltInConnectors = {
  collection: (values) => new CollectionSource(values),
  sequence: (from, to) => new NumberSequenceSource(from, to),
  textFile: (path, { encoding }) => new FileSource(new TextLineInputFormat(encoding), path),
  socketText: ({ hostname, port, delimiter, maxRetries }) =>
    new SocketTextSource(hostname, port, { delimiter, maxRetries }),
  print: ({ identifier, stderr }) => new PrintSink(identifier, stderr),
  collect: () => new CollectSink(),
};
