/**
 * What the generated scanners of CSV and JSON share: the units they go over, and which numbers they may compute.
 *
 * @module
 */

/** The characters of a text as numbers: bytes where each is one, else UTF-16 units. */
export type TextUnits = Uint8Array | Uint16Array;

/** The UTF-16 units of a text. */
export function unitsOf(text: string): Uint16Array {
  const units = new Uint16Array(text.length);
  for (let i = 0; i < text.length; i++) units[i] = text.charCodeAt(i);
  return units;
}

/** Whole numbers of so many digits are exact, and so their quotients by {@link POWERS} are those of `Number`. */
export const MAX_DIGITS = 15;
/** The powers of ten. */
export const POWERS: readonly number[] = Array.from({ length: MAX_DIGITS + 1 }, (_, i) => Number(`1e${i}`));
