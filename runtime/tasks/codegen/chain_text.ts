/**
 * The text of the one function a chain is compiled to: user functions are constants of it, records and timestamps its
 * locals, so that V8 sees one target per call and makes one loop of the chain (facts: three times the interpreter).
 *
 * What is written: a loop over a batch for each input of the head (or over what a source makes), with map, filter,
 * flatMap and sinks inside it; an `emit` for every operator that is called instead, which goes on from there. The order
 * is that of the interpreter, depth first. `at` says whose code runs, for errors: twice the position in the chain, plus
 * one for the key selector, below zero for the caller's. Counters are added to the nodes once per batch.
 *
 * Who calls: fused_chain.ts.
 *
 * @module
 */

import type { Fusion } from "../../operators/fusion.ts";
import { type ChainTarget, NodeInput, WriterTarget } from "../operator_chain.ts";
import type { NodePlan } from "./fused_chain.ts";

/** Operators written into one function; V8 gives up optimizing functions that are too large. */
const MAX_OPERATORS = 24;

/** Names in the generated text that stand for objects of this side. */
export type Constants = Record<string, unknown>;

/** What is known while the text of one function is written. */
interface Body {
  /** Statements that declare and hand over counters; undefined outside of loops, where nodes are counted directly. */
  readonly loop: { readonly declared: Set<string>; readonly handOver: string[] } | undefined;
  operators: number;
}

/** Where a record is: the names of its variables. */
interface Row {
  readonly value: string;
  readonly timestamp: string;
}

const GIVEN: Row = { value: "v", timestamp: "t" };
const UNTIL_ASKED = "control.held === 0 && budget.left > budget.lookAt";

/** Writes the text of one chain. */
export class ChainText {
  readonly constants: Constants;
  readonly #plans: readonly NodePlan[];
  readonly #functions: string[] = [];
  readonly #parts = new Map<string, string>();
  #names = 0;

  constructor(plans: readonly NodePlan[], constants: Constants) {
    this.#plans = plans;
    this.constants = { ...constants };
  }

  /** The text of a function of one argument, the constants, that gives the functions of the chain. */
  write(id: string, numInputs: number): string {
    const given: string[] = [];
    const head = this.#plans[0].fusion;
    for (let input = 0; input < numInputs; input++) given.push(`input${input}: ${this.#batch(input)}`);
    if (head?.kind === "source") given.push(`source: ${this.#source(head)}`);
    for (const plan of this.#plans) {
      if (isPassed(plan.fusion)) continue;
      given.push(`emit${plan.index}: ${this.#emit(plan)}`);
      given.push(`side${plan.index}: ${this.#emitSide(plan)}`);
    }
    const names = Object.keys(this.constants).join(", ");
    return `"use strict"; // ${id.replaceAll(/[^\w-]/g, "_")}\nconst { ${names} } = constants;\n` +
      `${this.#functions.join("\n")}\nreturn { ${given.join(", ")} };`;
  }

  /** The loop over a batch that has arrived. */
  #batch(input: number): string {
    const body: Body = newLoop();
    const rest = this.#node(body, { plan: this.#plans[0], input }, GIVEN);
    return this.#function(
      `input${input}(values, timestamps, from, to)`,
      `${declarations(body)} let i = from;
       try {
         while (i < to && ${UNTIL_ASKED}) {
           budget.left--;
           const v = values[i], t = timestamps[i];
           i++;
           ${rest}
         }
         return i;
       } catch (error) { throw fail(error, at); } finally { ${body.loop!.handOver.join(" ")} }`,
    );
  }

  /** The loop over what the reader of a source makes. */
  #source(fusion: Fusion & { kind: "source" }): string {
    const body: Body = newLoop();
    const plan = this.#plans[0];
    const before = this.#assign(body, plan, fusion, { value: "v", timestamp: "given" }, "t");
    const rest = this.#consumers(body, { plan, own: "-1" }, plan.node.output.main, GIVEN);
    const after = this.#watermark(body, plan, fusion, GIVEN);
    const out = this.#count(body, plan, "Out");
    return this.#function(
      "source(from, to, make, stamp)",
      `${declarations(body)} let i = from;
       try {
         while (i < to && ${UNTIL_ASKED}) {
           budget.left--;
           at = -1;
           const v = make(i);
           const given = stamp === undefined ? ${Number.MIN_SAFE_INTEGER} : stamp(v, i);
           ${before}
           i++;
           ${out} ${rest}
           at = -1;
           ${after}
         }
         return i;
       } catch (error) { throw fail(error, at); } finally { ${body.loop!.handOver.join(" ")} }`,
    );
  }

  /** The way on from an operator that is called. */
  #emit(plan: NodePlan): string {
    const body: Body = { loop: undefined, operators: 0 };
    const count = this.#count(body, plan, "Out");
    const rest = this.#consumers(body, { plan, own: "-1" }, plan.node.output.main, GIVEN);
    return this.#function(`emit${plan.index}(v, t)`, `${count} ${caught(rest)}`);
  }

  #emitSide(plan: NodePlan): string {
    const cases = [...plan.node.output.side].map(([tag, targets]) => {
      const body: Body = { loop: undefined, operators: 0 };
      return `case ${JSON.stringify(tag)}: { ${this.#consumers(body, { plan, own: "-1" }, targets, GIVEN)} break; }`;
    });
    return this.#function(
      `side${plan.index}(tag, v, t)`,
      cases.length === 0 ? "" : caught(`switch (tag) { ${cases.join(" ")} }`),
    );
  }

  /** A part of a long chain as a function of its own. */
  #part(to: { readonly plan: NodePlan; readonly input: number }): string {
    const name = `part${to.plan.index}_${to.input}`;
    if (!this.#parts.has(name)) {
      this.#parts.set(name, "");
      const rest = this.#node({ loop: undefined, operators: 0 }, to, GIVEN);
      this.#function(`${name}(v, t)`, caught(rest));
    }
    return name;
  }

  /** All consumers in order; the last gets the value itself, the others a copy each (rule 11). */
  #consumers(
    body: Body,
    { plan, own }: { readonly plan: NodePlan; readonly own: string },
    targets: readonly ChainTarget[],
    row: Row,
  ): string {
    const reuse = plan.node.output.objectReuse;
    return targets.map((target, i) => {
      if (i === targets.length - 1) return `${i > 0 ? `at = ${own};` : ""} ${this.#target(body, target, row)}`;
      const copy = this.#name();
      const made = `at = ${own}; const ${copy} = ${reuse ? row.value : `copy${plan.index}(${row.value})`};`;
      if (!reuse) this.#constant(`copy${plan.index}`, plan.copy);
      return `${made} ${this.#target(body, target, { ...row, value: copy })}`;
    }).join("\n");
  }

  #target(body: Body, target: ChainTarget, row: Row): string {
    if (target instanceof WriterTarget) {
      const writer = this.#shared("w", target.writer);
      return `${writer}.emit(${row.value}, ${row.timestamp});`;
    }
    const { node, input } = target as NodeInput;
    const to = { plan: this.#plans.find((plan) => plan.node === node)!, input };
    if (++body.operators > MAX_OPERATORS) return `${this.#part(to)}(${row.value}, ${row.timestamp});`;
    return this.#node(body, to, row);
  }

  #node(body: Body, to: { readonly plan: NodePlan; readonly input: number }, row: Row): string {
    const { plan } = to;
    const { fusion } = plan;
    switch (fusion?.kind) {
      case "map":
      case "filter":
        return this.#mapOrFilter(body, plan, fusion, row);
      case "flatMap":
        return this.#flatMap(body, plan, fusion, row);
      case "sink":
        return this.#sink(body, plan, fusion, row);
      case "timestamps": {
        const timestamp = this.#name();
        const next = { ...row, timestamp };
        return `${this.#begin(body, plan, row)} ${this.#assign(body, plan, fusion, row, timestamp)}
          ${this.#count(body, plan, "Out")} ${this.#consumers(body, own(plan), plan.node.output.main, next)}
          at = ${own(plan).own}; ${this.#watermark(body, plan, fusion, next)}`;
      }
      default:
        return this.#called(body, to, row);
    }
  }

  #mapOrFilter(body: Body, plan: NodePlan, fusion: Fusion & { kind: "map" | "filter" }, row: Row): string {
    const result = this.#name();
    const call = `${this.#constant(`f${plan.index}`, fusion.call)}(${row.value})`;
    const scope = fusion.scope === undefined ? undefined : this.#constant(`s${plan.index}`, fusion.scope);
    const isFilter = fusion.kind === "filter";
    const next = isFilter ? row : { ...row, value: result };
    const rest = `${this.#count(body, plan, "Out")} ${this.#consumers(body, own(plan), plan.node.output.main, next)}`;
    return `${this.#begin(body, plan, row)} ${scope === undefined ? "" : `${scope}.enter();`} const ${result} = ${call};
      ${refusesPromise(result, `${fusion.kind}()`)} ${scope === undefined ? "" : `${scope}.exit();`}
      ${isFilter ? `if (${result}) { ${rest} }` : rest}`;
  }

  #flatMap(body: Body, plan: NodePlan, fusion: Fusion & { kind: "flatMap" }, row: Row): string {
    const { index } = plan;
    const { value, timestamp } = row;
    const [out, result, element, next] = [this.#name(), this.#name(), this.#name(), this.#name()];
    const collector = this.#constant(`c${index}`, fusion.collector);
    const call = `${this.#constant(`f${index}`, fusion.call)}(${value}, ${out})`;
    this.#constant(`d${index}`, fusion.draw);
    this.#constant(`k${index}`, fusion.keepRest);
    const copied = plan.node.output.objectReuse ? element : `${this.#constant(`e${index}`, fusion.copy)}(${element})`;
    // An array is gone through in place, stopping where the drawing of its iterator would.
    return this.#unlessHeld(plan, 0, row, `${this.#begin(body, plan, row)}
      const ${out} = ${collector}.begin(${timestamp});
      const ${result} = ${call};
      if (${result} === undefined) ${collector}.end();
      else {
        if (Array.isArray(${result}) && ${result}[Symbol.iterator] === arrayValues) {
          ${collector}.end();
          for (let ${next} = 0; ${next} < ${result}.length;) {
            const ${element} = ${result}[${next}++];
            ${refusesPromise(element, "An element of the returned iterable")}
            emit${index}(${copied}, ${timestamp});
            if (${UNTIL_ASKED}) budget.left--;
            else if (!control.mayEmit(n${index})) {
              k${index}(${result}, ${next}, ${timestamp});
              break;
            }
          }
        } else d${index}(${result}, ${timestamp});
        if (o${index}.busy) n${index}.isHeld = true;
      }`);
  }

  #sink(body: Body, plan: NodePlan, fusion: Fusion & { kind: "sink" }, row: Row): string {
    const { index } = plan;
    const { value, timestamp } = row;
    this.#constant(`c${index}`, fusion.clock);
    this.#constant(`x${index}`, fusion.context);
    this.#constant(`h${index}`, fusion.wait);
    const answer = this.#name();
    const writer = this.#constant(`f${index}`, fusion.writer);
    return this.#unlessHeld(plan, 0, row, `${this.#begin(body, plan, row)} c${index}.timestamp = ${timestamp};
      const ${answer} = ${writer}.write(${value}, x${index});
      if (${answer} !== undefined) { h${index}(${answer}); if (o${index}.busy) n${index}.isHeld = true; }`);
  }

  /** An operator that is called for each record. */
  #called(body: Body, { plan, input }: { readonly plan: NodePlan; readonly input: number }, row: Row): string {
    const { index } = plan;
    const method = plan.node.operator.numInputs < 2 ? "processElement" : `processElement${input + 1}`;
    const operator = this.#constant(`o${index}`, plan.node.operator);
    return this.#unlessHeld(plan, input, row, `${this.#begin(body, plan, row, input)}
      ${operator}.${method}(${row.value}, ${row.timestamp}); if (${operator}.busy) n${index}.isHeld = true;`);
  }

  #key(plan: NodePlan, input: number, { value }: Row): string {
    const key = plan.keys[input];
    if (key === undefined) return "";
    const { index } = plan;
    const set = typeof key === "function"
      ? `${this.#constant(`ks${index}`, plan.keyedState)}.setCurrentKey(${
        this.#constant(`key${index}_${input}`, key)
      }(${value}));`
      : `${this.#constant(`o${index}`, plan.node.operator)}.setKeyContext(${input}, ${value});`;
    return `at = ${2 * index + 1}; ${set} at = ${2 * index};`;
  }

  #unlessHeld({ index, node }: NodePlan, input: number, { value, timestamp }: Row, rest: string): string {
    this.#constant(`n${index}`, node);
    this.#constant(`o${index}`, node.operator);
    const queue = this.#constant(`q${index}_${input}`, (node.inputs[input] as NodeInput).queue);
    return `if (n${index}.held) ${queue}.record(${value}, ${timestamp}); else { ${rest} }`;
  }

  #begin(body: Body, plan: NodePlan, row: Row, input = 0): string {
    return `at = ${2 * plan.index}; ${this.#count(body, plan, "In")} ${this.#key(plan, input, row)}`;
  }

  #assign(_body: Body, plan: NodePlan, fusion: Fusion & { kind: "source" | "timestamps" }, row: Row, to: string): string {
    const assign = this.#constant(`a${plan.index}`, fusion.assign);
    return `const ${to} = ${assign}(${row.value}, ${row.timestamp}); if (!Number.isFinite(${to})) noTimestamp(${to});`;
  }

  /** Tells the generator; one that only keeps the largest timestamp hears of it once per batch. */
  #watermark(body: Body, plan: NodePlan, fusion: Fusion & { kind: "source" | "timestamps" }, row: Row): string {
    const { index } = plan;
    if (fusion.generator === undefined) return "";
    const tell = (value: string, timestamp: string): string =>
      `${this.#constant(`g${index}`, fusion.generator)}.onEvent(${value}, ${timestamp}, ${
        this.#constant(`m${index}`, fusion.onEvent)
      });`;
    if (body.loop === undefined || !fusion.keepsMaximum) return tell(row.value, row.timestamp);
    const max = `max${index}`;
    body.loop.declared.add(`${max} = -Infinity`);
    body.loop.handOver.push(`if (${max} !== -Infinity) ${tell("undefined", max)}`);
    return `if (${row.timestamp} > ${max}) ${max} = ${row.timestamp};`;
  }

  #count(body: Body, { index, node }: NodePlan, what: "In" | "Out"): string {
    const holder = what === "In" ? this.#constant(`n${index}`, node) : this.#constant(`out${index}`, node.output);
    if (body.loop === undefined) return `${holder}.numRecords${what}++;`;
    const local = `${what.toLowerCase()}Of${index}`;
    body.loop.declared.add(`${local} = 0`);
    body.loop.handOver.push(`${holder}.numRecords${what} += ${local};`);
    return `${local}++;`;
  }

  #function(signature: string, body: string): string {
    this.#functions.push(`function ${signature} { ${body} }`);
    return signature.slice(0, signature.indexOf("("));
  }
  #constant(name: string, value: unknown): string {
    this.constants[name] = value;
    return name;
  }
  /** The name of an object that may be met more than once. */
  #shared(prefix: string, value: unknown): string {
    const known = Object.keys(this.constants).find((name) => this.constants[name] === value);
    return known ?? this.#constant(`${prefix}_${this.#names++}`, value);
  }
  #name(): string {
    return `x_${this.#names++}`;
  }
}

/** Operators whose output is never written to but by the code that is written for them. */
function isPassed(fusion: Fusion | undefined): boolean {
  return fusion?.kind === "map" || fusion?.kind === "filter" || fusion?.kind === "timestamps";
}
function own(plan: NodePlan): { readonly plan: NodePlan; readonly own: string } {
  return { plan, own: String(2 * plan.index) };
}
function newLoop(): Body {
  return { loop: { declared: new Set(), handOver: [] }, operators: 0 };
}
function declarations({ loop }: Body): string {
  return `let ${["at = -1", ...loop!.declared].join(", ")};`;
}
function caught(text: string): string {
  return text.includes("at = ") ? `let at = -1; try { ${text} } catch (error) { throw fail(error, at); }` : text;
}
function refusesPromise(name: string, what: string): string {
  return `if (typeof ${name} === "object" && ${name} !== null && ${name}.then !== undefined) refusePromise(${name}, ${
    JSON.stringify(what)
  });`;
}
