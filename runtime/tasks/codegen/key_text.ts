/**
 * The statements that make the key of a record current: the fields that a selector made by the API reads are read in
 * place, and a tuple of two numbers is not made at all.
 *
 * Who calls: operator_text.ts and window_text.ts.
 *
 * @module
 */

import type { KeySelector } from "../../functions/functions.ts";
import { keyFieldsOf } from "../../functions/key_fields.ts";
import type { Key } from "../../types/key.ts";
import type { Row } from "./chain_text.ts";
import type { Place } from "./operator_text.ts";

/** An input with a key selector, and its record. */
type KeyPlace = Omit<Place, "body">;

/** Makes the key of the record current. */
export function setsKey(place: KeyPlace): string {
  const { text, plan: { index, keys, keyedState }, input } = place;
  const fields = keyFieldsOf(keys[input] as KeySelector<unknown, Key>);
  const state = text.constant(`ks${index}`, keyedState);
  if (fields?.length !== 2 || keyedState?.setCurrentPair === undefined) {
    return `${state}.setCurrentKey(${keyText(place)});`;
  }
  const [left, right] = [text.name(), text.name()];
  return `const ${left} = ${fieldText(place.row, fields[0])}, ${right} = ${fieldText(place.row, fields[1])};
    if (typeof ${left} === "number" && typeof ${right} === "number") ${state}.setCurrentPair(${left}, ${right});
    else ${state}.setCurrentKey([${left}, ${right}]);`;
}

/** The key of a record: its fields read in place where the selector says so, else a call of the selector. */
export function keyText({ text, plan: { index, keys }, input, row }: KeyPlace): string {
  const key = keys[input] as KeySelector<unknown, Key>;
  const fields = keyFieldsOf(key);
  if (fields === undefined) return `${text.constant(`key${index}_${input}`, key)}(${row.value})`;
  if (fields.length === 1) return fieldText(row, fields[0]);
  return `[${fields.map((field) => fieldText(row, field)).join(", ")}]`;
}

function fieldText({ value }: Row, field: string | number): string {
  return `${value}[${JSON.stringify(field)}]`;
}
