/**
 * The statements that take one record through one operator: what its `processElement` does, with the user's call in place
 * where the operator tells of it (operators/codegen/fusion.ts), else a call of the operator.
 *
 * Who calls: chain_text.ts.
 *
 * @module
 */

import type {
  CoMapFusion,
  FlatMapFusion,
  MapOrFilterFusion,
  ProcessFusion,
  ReduceFusion,
  SinkFusion,
  WatermarkParts,
} from "../../operators/codegen/fusion.ts";
import type { NodeInput } from "../operator_chain.ts";
import type { Body, ChainText, Row } from "./chain_text.ts";
import type { NodePlan } from "./fused_chain.ts";
import { setsKey } from "./key_text.ts";
import { windowText } from "./window_text.ts";

/** The condition under which a loop may go on without asking. */
export const UNTIL_ASKED = "control.held === 0 && budget.left > budget.lookAt";

/** Where a record is on its way. */
export interface Place {
  readonly text: ChainText;
  readonly body: Body;
  readonly plan: NodePlan;
  readonly input: number;
  readonly row: Row;
}

/** What happens to a record that has reached an operator, and behind it. */
export function operatorText(place: Place): string {
  const { fusion, keys } = place.plan;
  // A filter does not change what it looks at: what it drops need not be copied for it.
  if (fusion?.kind === "filter" && keys[place.input] === undefined) return mapOrFilter(place, fusion);
  const { text, row } = place.text.owned(place.row);
  return `${text} ${owning({ ...place, row })}`;
}

/** {@link operatorText} for a record that nobody else holds. */
function owning(place: Place): string {
  const { fusion } = place.plan;
  switch (fusion?.kind) {
    case "map":
    case "filter":
      return mapOrFilter(place, fusion);
    case "coMap":
      return coMap(place, fusion);
    case "reduce":
      return reduce(place, fusion);
    case "flatMap":
      return flatMap(place, fusion);
    case "process":
      return process(place, fusion);
    case "sink":
      return sink(place, fusion);
    case "timestamps":
      return timestamps(place, fusion);
    case "window":
      return typeof place.plan.keys[place.input] === "function"
        ? heldOr(place, windowText(place, fusion))
        : called(place);
    default:
      return called(place);
  }
}

/** What comes behind an operator for the record it has made. */
function onwards({ text, body, plan, row }: Place, made: Partial<Row>): string {
  const next = { ...row, ...made };
  const own = String(2 * plan.index);
  return `${text.count(body, plan, "Out")} ${text.consumers(body, { plan, own }, plan.node.output.main, next)}`;
}

function mapOrFilter(place: Place, fusion: MapOrFilterFusion): string {
  const { text, plan: { index }, row } = place;
  const { decides } = row;
  const result = text.name();
  const call = `const ${result} = ${text.constant(`f${index}`, fusion.call)}(${row.value});
    ${refusesPromise(result, `${fusion.kind}()`)}`;
  const scope = fusion.scope === undefined ? undefined : text.constant(`s${index}`, fusion.scope);
  return `${begin(place)} ${scope === undefined ? call : `${scope}.enter(); ${call} ${scope}.exit();`}
    ${
    fusion.kind === "map"
      ? onwards(place, { value: result, travels: row.travels && fusion.keepsTravelling === true })
      : `if (${result}) { ${decides === undefined ? "" : `${decides.passed} at = ${2 * index};`} ${
        onwards(place, { decides: undefined })
      } }
        ${decides === undefined ? "" : `else { ${decides.dropped} }`}`
  }`;
}

function coMap(place: Place, { fn, methods, scope }: CoMapFusion): string {
  const { text, plan: { index }, input, row } = place;
  const result = text.name();
  const calls = text.constant(`s${index}`, scope);
  return `${begin(place)} ${calls}.enter();
    const ${result} = ${text.constant(`f${index}`, fn)}.${methods[input]}(${row.value});
    ${refusesPromise(result, `${methods[input]}()`)}
    ${calls}.exit(); ${onwards(place, { value: result, travels: false })}`;
}

/** As in Flink, null in state is the same as nothing. The backend keeps a copy of its own, so the result moves on. */
function reduce(place: Place, { values, call, scope, reduceStored }: ReduceFusion): string {
  const { text, plan: { index }, row } = place;
  const result = text.name();
  if (reduceStored !== undefined) {
    return `${begin(place)} const ${result} = ${text.constant(`f${index}`, reduceStored)}(${row.value});
      ${onwards(place, { value: result, travels: false })}`;
  }
  const current = text.name();
  const state = text.constant(`h${index}`, values);
  const calls = text.constant(`s${index}`, scope);
  return `${begin(place)} const ${current} = ${state}.value(); let ${result} = ${row.value};
    if (${current} !== undefined && ${current} !== null) {
      ${calls}.enter();
      ${result} = ${text.constant(`f${index}`, call)}(${current}, ${row.value});
      ${refusesPromise(result, "reduce()")}
      ${calls}.exit();
    }
    ${state}.update(${result}); ${onwards(place, { value: result, travels: false })}`;
}

function flatMap(place: Place, fusion: FlatMapFusion): string {
  const { text, plan, row: { value, timestamp } } = place;
  const { index } = plan;
  const [out, result, element, next] = [text.name(), text.name(), text.name(), text.name()];
  const { fn, method } = fusion.calls[place.input];
  const user = text.constant(`f${index}`, fn);
  const call = `${method === undefined ? user : `${user}.${method}`}(${value}, ${out})`;
  const draw = text.constant(`d${index}`, fusion.draw);
  const keepRest = text.constant(`k${index}`, fusion.keepRest);
  const copied = plan.node.output.objectReuse ? element : `${text.constant(`e${index}`, fusion.copy)}(${element})`;
  // An array is gone through in place, stopping where the drawing of its iterator would.
  return unlessHeld(
    place,
    `${text.begin(plan, fusion, timestamp, out)}
      const ${result} = ${call};
      if (${result} === undefined) c${index}.end();
      else {
        if (Array.isArray(${result}) && ${result}[Symbol.iterator] === arrayValues) {
          c${index}.end();
          for (let ${next} = 0; ${next} < ${result}.length;) {
            const ${element} = ${result}[${next}++];
            ${refusesPromise(element, "An element of the returned iterable")}
            emit${index}(${copied}, ${timestamp});
            if (${UNTIL_ASKED}) budget.left--;
            else if (!control.mayEmit(n${index})) {
              ${keepRest}(${result}, ${next}, ${timestamp});
              break;
            }
          }
        } else ${draw}(${result}, ${timestamp}, ${place.input});
        if (o${index}.busy) n${index}.isHeld = true;
      }`,
  );
}

function process(place: Place, fusion: ProcessFusion): string {
  const { text, plan, input, row: { value, timestamp } } = place;
  const { index } = plan;
  const method = fusion.methods[input];
  if (method === undefined) return called(place);
  const out = text.name();
  const result = text.name();
  const fn = text.constant(`f${index}`, fusion.fn);
  const binding = text.constant(`p${index}`, fusion.binding);
  return unlessHeld(
    place,
    `${text.begin(plan, fusion, timestamp, out)}
      const ${result} = ${fn}.${method}(${value}, ${binding}.contextAt(${timestamp}), ${out});
      ${refusesPromise(result, `${method}()`)}
      c${index}.end();`,
  );
}

function sink(place: Place, fusion: SinkFusion): string {
  const { text, plan: { index }, row: { value, timestamp } } = place;
  const answer = text.name();
  const clock = text.constant(`c${index}`, fusion.clock);
  const call = `${text.constant(`f${index}`, fusion.writer)}.write(${value}, ${
    text.constant(`x${index}`, fusion.context)
  })`;
  return unlessHeld(
    place,
    `${clock}.timestamp = ${timestamp};
      const ${answer} = ${call};
      if (${answer} !== undefined) {
        ${text.constant(`h${index}`, fusion.wait)}(${answer});
        if (o${index}.busy) n${index}.isHeld = true;
      }`,
  );
}

function timestamps(place: Place, fusion: WatermarkParts): string {
  const { text, body, plan, row } = place;
  const timestamp = text.name();
  return `${begin(place)} ${assigned(text, plan.index, { parts: fusion, row, to: timestamp })}
    ${onwards(place, { timestamp })} at = ${2 * plan.index};
    ${watermarked({ text, body, index: plan.index }, fusion, { ...row, timestamp })}`;
}

/** Gives a record its timestamp. */
export function assigned(
  text: ChainText,
  index: number,
  { parts, row, to }: { readonly parts: WatermarkParts; readonly row: Row; readonly to: string },
): string {
  const assign = text.constant(`a${index}`, parts.assign);
  return `const ${to} = ${assign}(${row.value}, ${row.timestamp}); if (!Number.isFinite(${to})) noTimestamp(${to});`;
}

/** Tells the generator of a record; one that only keeps the largest timestamp hears of it once per batch. */
export function watermarked(
  { text, body, index }: { readonly text: ChainText; readonly body: Body; readonly index: number },
  { generator, keepsMaximum, onEvent }: WatermarkParts,
  { value, timestamp }: Row,
): string {
  if (generator === undefined) return "";
  const hears = text.constant(`g${index}`, generator);
  const output = text.constant(`m${index}`, onEvent);
  if (body.loop === undefined || !keepsMaximum) return `${hears}.onEvent(${value}, ${timestamp}, ${output});`;
  const max = `max${index}`;
  body.loop.declared.add(`${max} = -Infinity`);
  body.loop.handOver.push(`if (${max} !== -Infinity) ${hears}.onEvent(undefined, ${max}, ${output});`);
  return `if (${timestamp} > ${max}) ${max} = ${timestamp};`;
}

/** An operator that is called for each record. */
function called(place: Place): string {
  const { plan: { index, node }, input, row } = place;
  const method = node.operator.numInputs < 2 ? "processElement" : `processElement${input + 1}`;
  return unlessHeld(
    place,
    `o${index}.${method}(${row.value}, ${row.timestamp}); if (o${index}.busy) n${index}.isHeld = true;`,
  );
}

/** What comes for a busy operator waits in its queue. */
function unlessHeld(place: Place, rest: string): string {
  return heldOr(place, `${begin(place)} ${rest}`);
}
/** {@link unlessHeld} for code that begins by itself. */
function heldOr({ text, plan: { index, node }, input, row }: Place, rest: string): string {
  text.constant(`n${index}`, node);
  text.constant(`o${index}`, node.operator);
  const queue = text.constant(`q${index}_${input}`, (node.inputs[input] as NodeInput).queue);
  return `if (n${index}.held) ${queue}.record(${row.value}, ${row.timestamp}); else { ${rest} }`;
}

/** From here on the operator is at work; its key first. */
function begin({ text, body, plan, input, row }: Place): string {
  const { index, keys, node } = plan;
  const entered = `at = ${2 * index}; ${text.count(body, plan, "In")}`;
  const key = keys[input];
  if (key === undefined) return entered;
  const set = key === "own"
    ? `${text.constant(`o${index}`, node.operator)}.setKeyContext(${input}, ${row.value});`
    : setsKey({ text, plan, input, row });
  return `${entered} at = ${2 * index + 1}; ${set} at = ${2 * index};`;
}

function refusesPromise(name: string, what: string): string {
  return `if (typeof ${name} === "object" && ${name} !== null && ${name}.then !== undefined) refusePromise(${name}, ${
    JSON.stringify(what)
  });`;
}
