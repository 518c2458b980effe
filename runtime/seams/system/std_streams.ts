/**
 * What tsflink uses of `@std/streams`, with the same names and behaviour. The package is on JSR; where JSR cannot be
 * reached, deno.json maps `@std/streams` to this module, so that the switch is one line there.
 *
 * Callers: REST bodies, uploads and downloads; never the engine, where streams cost a hundred times a call.
 *
 * @module
 */

/** All bytes of a stream. */
export async function toArrayBuffer(stream: ReadableStream<Uint8Array>): Promise<ArrayBuffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    length += chunk.length;
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes.buffer;
}

/** All bytes of a stream as a Blob. */
export async function toBlob(stream: ReadableStream<Uint8Array>): Promise<Blob> {
  return new Blob([await toArrayBuffer(stream)]);
}

/** A stream of UTF-8 bytes or of texts as one text. */
export async function toText(stream: ReadableStream<Uint8Array> | ReadableStream<string>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream as ReadableStream<Uint8Array | string>) {
    text += typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** A stream of JSON as its value. @throws SyntaxError when it is none. */
export async function toJson(stream: ReadableStream<Uint8Array> | ReadableStream<string>): Promise<unknown> {
  return JSON.parse(await toText(stream));
}

/** Chunks of all streams as they come; the first that fails ends it. */
export function mergeReadableStreams<T>(...streams: ReadableStream<T>[]): ReadableStream<T> {
  const readers = streams.map((stream) => stream.getReader());
  return new ReadableStream<T>({
    async start(controller) {
      try {
        await Promise.all(readers.map(async (reader) => {
          for (let next = await reader.read(); !next.done; next = await reader.read()) controller.enqueue(next.value);
        }));
        controller.close();
      } catch (error) {
        controller.error(error);
      }
    },
    async cancel(reason) {
      await Promise.all(readers.map((reader) => reader.cancel(reason)));
    },
  });
}

/** Passes on chunks up to so many bytes; what goes beyond is dropped, or with `error` a RangeError. */
export class LimitedBytesTransformStream extends TransformStream<Uint8Array, Uint8Array> {
  constructor(size: number, options?: { error?: boolean }) {
    let read = 0;
    super({
      transform(chunk, controller) {
        if (read + chunk.byteLength > size) {
          if (options?.error) throw new RangeError(`Exceeded byte size limit of '${size}'`);
          return controller.terminate();
        }
        read += chunk.byteLength;
        controller.enqueue(chunk);
      },
    });
  }
}
