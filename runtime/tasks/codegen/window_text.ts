/**
 * The statements that put a record into a window: where its key is a small integer or a text and has something in the
 * window of the last record, the row is looked up and the user's function called in place; every other record goes to the
 * operator.
 *
 * Invariant: what is done in place is what pane_windows.ts, slice_windows.ts and session_windows.ts would do. The current
 * key is set only for the operator: functions that add to windows do not see it.
 * Who calls: operator_text.ts, for an operator that is not held.
 *
 * @module
 */

import type { WindowFusion } from "../../operators/codegen/fusion.ts";
import { SPREAD } from "../../operators/windowing/key_index.ts";
import type { FusedContent } from "../../operators/windowing/pane_content.ts";
import { oneKey } from "../../operators/windowing/window_cursor.ts";
import type { FusedPath } from "../../operators/windowing/window_path.ts";
import { keyText } from "./key_text.ts";
import type { Place } from "./operator_text.ts";

/**
 * Records of smaller batches are copied into lists: where few records are left of a large input, each could hold on to
 * the text it was cut out of.
 */
const MIN_ROWS_MOVED_TO_LISTS = 16;

/** What happens to a record at a window operator. */
export function windowText(place: Place, { operator, path }: WindowFusion): string {
  const { text, body, plan: { index, node, keyedState }, row } = place;
  const o = text.constant(`o${index}`, operator);
  const key = text.name();
  // Whoever takes a batch that has arrived is the only one to hold its records.
  const isOwn = row.travels && body.loop !== undefined && index === 0;
  const isMoved = path?.content.kind === "list" ? `to - from >= ${MIN_ROWS_MOVED_TO_LISTS}` : "true";
  const given = `(${row.value}, ${row.timestamp});`;
  const moves = `if (${isMoved}) ${o}.processMoved${given} else`;
  return `at = ${2 * index}; ${text.count(body, place.plan, "In")}
    at = ${2 * index + 1}; const ${key} = ${keyText(place)};
    added: {
      ${isOwn && path !== undefined ? `if (${isMoved}) { ${inPlace(place, path, key)} }` : ""}
      at = ${2 * index + 1}; ${text.constant(`ks${index}`, keyedState)}.setCurrentKey(${key}); at = ${2 * index};
      ${isOwn ? moves : ""} ${o}.processElement${given}
      if (${o}.busy) ${text.constant(`n${index}`, node)}.isHeld = true;
    }`;
}

/** Names of variables that hold the table of rows, the row of the key and what is stored for it. */
interface Names {
  readonly index: string;
  readonly row: string;
  readonly values: string;
  readonly stored: string;
}

/** Adds a moved record where its place is known; breaks out of the block `added` then. */
function inPlace(place: Place, { rows, content }: FusedPath, key: string): string {
  const { text, plan, row: { value, timestamp } } = place;
  const names: Names = { index: text.name(), row: text.name(), values: text.name(), stored: text.name() };
  // A text that starts with this character is compared in another form, see types/canonical_key.ts.
  const isOrdinary = `(typeof ${key} === "number" ? (${key} | 0) === ${key}
    : typeof ${key} === "string" && ${key}.charCodeAt(0) !== 0) && ${value} != null`;
  if (rows.kind === "sessions") {
    const [spans, at] = [text.name(), text.name()];
    const sessions = text.constant(`sessions${plan.index}`, rows.store);
    return `if (${isOrdinary}) { ${looksUp(place, names, { from: sessions, key })}
      const ${spans} = ${sessions}.spans, ${at} = 4 * ${names.row};
      if (${names.stored} !== undefined && ${spans}[${at} + 3] < 0 &&
          ${timestamp} >= ${spans}[${at}] && ${timestamp} <= ${spans}[${at} + 1]) {
        if (${timestamp} + ${rows.gapMs} > ${spans}[${at} + 1]) {
          ${spans}[${at} + 1] = ${timestamp} + ${rows.gapMs};
          ${spans}[${at} + 2] = ${sessions}.nextOrder++;
        }
        ${adds(place, names, content)}
      } }`;
  }
  const cursor = text.constant(`cursor${plan.index}`, rows.cursor);
  const time = text.name();
  const now = rows.clock === undefined
    ? timestamp
    : `${text.constant(`clock${plan.index}`, rows.clock)}.processingTime()`;
  return `if (${isOrdinary}) {
    const ${time} = ${now};
    if (${time} >= ${cursor}.from && ${time} < ${cursor}.to) { ${
    // The one key has the first row.
    plan.keys[place.input] === oneKey
      ? `const ${names.row} = 0, ${names.values} = ${cursor}.values, ${names.stored} = ${names.values}[0];`
      : looksUp(place, names, { from: cursor, key })}
      if (${names.stored} !== undefined) { ${adds(place, names, content)} }
    } }`;
}

/** As in key_index.ts. */
function looksUp(
  { text }: Place,
  { index, row, values, stored }: Names,
  { from, key }: { readonly from: string; readonly key: string },
): string {
  const bucket = text.name();
  return `const ${index} = ${from}.index, ${values} = ${from}.values;
    let ${row};
    if (typeof ${key} === "number") {
      let ${bucket} = Math.imul(${key}, ${SPREAD}) >>> ${index}.shift;
      ${row} = ${index}.pairs[2 * ${bucket} + 1] - 1;
      while (${row} >= 0 && ${index}.pairs[2 * ${bucket}] !== ${key}) {
        ${bucket} = (${bucket} + 1) & ${index}.mask;
        ${row} = ${index}.pairs[2 * ${bucket} + 1] - 1;
      }
    } else ${row} = ${index}.getOther(${key});
    const ${stored} = ${row} < 0 ? undefined : ${values}[${row}];`;
}

function adds({ text, plan: { index }, row: { value } }: Place, names: Names, content: FusedContent): string {
  const { row, values, stored } = names;
  const done = `at = ${2 * index}; break added;`;
  if (content.kind === "list") return `${stored}.push(${value}); ${done}`;
  const fn = text.constant(`f${index}`, content.fn);
  const kept = text.constant(`kept${index}`, content.kept);
  const result = text.name();
  const call = content.kind === "aggregate" ? `${fn}.add(${value}, ${stored})` : `${fn}(${stored}, ${value})`;
  return `at = ${2 * index}; const ${result} = ${call};
    ${values}[${row}] = typeof ${result} === "number" || ${result} === ${stored} ? ${result} : ${kept}(${result});
    break added;`;
}
