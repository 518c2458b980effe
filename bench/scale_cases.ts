/**
 * The points of the scale curves as cases: `keys:uniform:1e6`, `keys:zipf:1e6`, `chain:30`, `slide:100`, `size:1024`,
 * `coded:1024`.
 *
 * @module
 */

import type { DataStream } from "tsflink";
import { type Case, keyedCount, scatter, sliding } from "./micro/cases.ts";

/** The case of that name; undefined when it is none of these. */
export function scaleCase(name: string): Case | undefined {
  const [curve, ...rest] = name.split(":");
  const point = Number(rest.at(-1));
  switch (curve) {
    case "keys":
      return keyedCount(name, rest[0] === "zipf" ? zipfKey(point) : (n) => scatter(n, point));
    case "chain":
      return chainOf(name, point);
    case "slide":
      return sliding(name, point);
    case "size":
      return recordsOf(name, point);
    case "coded":
      return { ...recordsOf(name, point, throughBytes), configuration: { "pipeline.exchange.force-codec": true } };
    default:
      return undefined;
  }
}

/** Keys whose frequency falls with their rank (exponent 1), drawn by the inverse of the distribution. */
function zipfKey(keys: number): (n: number) => number {
  const scale = Math.log(keys + 1);
  return (n) => Math.min(keys - 1, Math.floor(Math.exp(scale * (scatter(n, 1 << 30) / (1 << 30)))) - 1);
}

/** Closures with a source text of their own, as a program's are. */
function adder(addend: number): (n: number) => number {
  return new Function("n", `return (n + ${addend}) | 0`) as (n: number) => number;
}

function chainOf(name: string, length: number): Case {
  const steps = Array.from({ length }, (_, i) => adder(i));
  const total = (length * (length - 1)) / 2;
  return {
    name,
    job: (numbers) => steps.reduce<DataStream<number>>((stream, step) => stream.map(step), numbers),
    loop: (rows, emit) => {
      for (let n = 1; n <= rows; n++) {
        let value = n;
        for (let i = 0; i < length; i++) value = (value + i) | 0;
        if (value !== n + total) throw new Error(`${value}`);
        emit(value);
      }
    },
  };
}

interface Sized {
  readonly n: number;
  readonly body: string;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What a hand-written exchange would do to a text. */
function throughBytes(text: string): string {
  return decoder.decode(encoder.encode(text));
}

/** Records with a text of that many bytes through an exchange. */
function recordsOf(name: string, bytes: number, carried: (text: string) => string = (text) => text): Case {
  // Texts differ, and are flat.
  const bodies = Array.from({ length: 16 }, (_, i) => String.fromCharCode(97 + i).repeat(bytes));
  const make = (n: number): Sized => ({ n, body: bodies[n & 15] });
  return {
    name,
    job: (numbers) => numbers.map(make).rebalance().map(({ n, body }) => n + body.length),
    loop: (rows, emit) => {
      for (let n = 1; n <= rows; n++) {
        const { body } = make(n);
        emit(n + carried(body).length);
      }
    },
  };
}
