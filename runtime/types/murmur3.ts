/**
 * MurmurHash3, 128 bits, x64 variant: the hash behind Flink's operator ids and the content hash of schemas. Synchronous
 * and not for speed: it runs over a few bytes per operator or schema, never per record.
 *
 * @module
 */

const C1 = 0x87c37b91114253d5n;
const C2 = 0x4cf5ad432745937fn;
const MASK = 0xffffffffffffffffn;

/**
 * Hashes bytes as Guava's `Hashing.murmur3_128(seed)` does.
 *
 * @param bytes What to hash.
 * @param seed An int32; negative ones are widened with their sign, as in Guava.
 * @returns 16 bytes: two halves, each little-endian.
 */
export function murmur3_128(bytes: Uint8Array, seed: number = 0): Uint8Array<ArrayBuffer> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const blocks = Math.floor(bytes.length / 16);
  let h1 = BigInt.asUintN(64, BigInt(seed | 0));
  let h2 = h1;
  for (let block = 0; block < blocks; block++) {
    h1 ^= mixFirst(view.getBigUint64(block * 16, true));
    h1 = (((rotate(h1, 27n) + h2) & MASK) * 5n + 0x52dce729n) & MASK;
    h2 ^= mixSecond(view.getBigUint64(block * 16 + 8, true));
    h2 = (((rotate(h2, 31n) + h1) & MASK) * 5n + 0x38495ab5n) & MASK;
  }
  const tail = new DataView(new ArrayBuffer(16));
  for (let i = blocks * 16; i < bytes.length; i++) tail.setUint8(i - blocks * 16, bytes[i]);
  h1 ^= mixFirst(tail.getBigUint64(0, true));
  h2 ^= mixSecond(tail.getBigUint64(8, true));

  h1 ^= BigInt(bytes.length);
  h2 ^= BigInt(bytes.length);
  h1 = (h1 + h2) & MASK;
  h2 = (h2 + h1) & MASK;
  h1 = finish(h1);
  h2 = finish(h2);
  h1 = (h1 + h2) & MASK;
  h2 = (h2 + h1) & MASK;

  const result = new DataView(new ArrayBuffer(16));
  result.setBigUint64(0, h1, true);
  result.setBigUint64(8, h2, true);
  return new Uint8Array(result.buffer);
}

/** The bytes as lower-case hexadecimal digits. */
export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

function rotate(value: bigint, by: bigint): bigint {
  return ((value << by) | (value >> (64n - by))) & MASK;
}
function mixFirst(k: bigint): bigint {
  return (rotate((k * C1) & MASK, 31n) * C2) & MASK;
}
function mixSecond(k: bigint): bigint {
  return (rotate((k * C2) & MASK, 33n) * C1) & MASK;
}
function finish(h: bigint): bigint {
  h = ((h ^ (h >> 33n)) * 0xff51afd7ed558ccdn) & MASK;
  h = ((h ^ (h >> 33n)) * 0xc4ceb9fe1a85ec53n) & MASK;
  return h ^ (h >> 33n);
}
