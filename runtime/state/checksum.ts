/**
 * CRC-32 (the polynomial of zip and Ethernet), four bytes at a time. Guards snapshot runs against cut or changed bytes.
 *
 * @module
 */

const TABLES: readonly Uint32Array[] = makeTables();

/** The CRC-32 of `bytes[0..end)` as an unsigned number. */
export function crc32(bytes: Uint8Array, end: number = bytes.length): number {
  const [t0, t1, t2, t3] = TABLES;
  let crc = ~0;
  let i = 0;
  for (; i + 4 <= end; i += 4) {
    crc ^= bytes[i] | bytes[i + 1] << 8 | bytes[i + 2] << 16 | bytes[i + 3] << 24;
    crc = t3[crc & 0xff] ^ t2[crc >>> 8 & 0xff] ^ t1[crc >>> 16 & 0xff] ^ t0[crc >>> 24];
  }
  for (; i < end; i++) crc = crc >>> 8 ^ t0[(crc ^ bytes[i]) & 0xff];
  return ~crc >>> 0;
}

function makeTables(): Uint32Array[] {
  const tables = [0, 1, 2, 3].map(() => new Uint32Array(256));
  for (let n = 0; n < 256; n++) {
    let crc = n;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : crc >>> 1 ^ 0xedb88320;
    tables[0][n] = crc;
  }
  for (let n = 0; n < 256; n++) {
    for (let t = 1; t < 4; t++) tables[t][n] = tables[t - 1][n] >>> 8 ^ tables[0][tables[t - 1][n] & 0xff];
  }
  return tables;
}
