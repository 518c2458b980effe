/**
 * The text of the one function a chain is compiled to: user functions are constants of it, records and timestamps its
 * locals, so that V8 sees one target per call and makes one loop of the chain (facts: three times the interpreter).
 *
 * What is written: a loop over a batch for each input of the head (or over what a source makes) with the operators inside
 * it (operator_text.ts), and an `emit` for every operator that writes to its output itself, which goes on from there. The
 * order is that of the interpreter, depth first. `at` says whose code runs, for errors: twice the position in the chain,
 * plus one for the key selector, below zero for the caller's. Counters are added to the nodes once per batch.
 *
 * Who calls: fused_chain.ts.
 *
 * @module
 */

import type { InlinedWriter, RecordWriter } from "../../network/record_writer.ts";
import { CallHandle } from "../../operators/collector.ts";
import type { CollectorFusion, Fusion, SourceFusion } from "../../operators/codegen/fusion.ts";
import { type ChainTarget, type NodeInput, WriterTarget } from "../operator_chain.ts";
import type { NodePlan } from "./fused_chain.ts";
import { assigned, operatorText, UNTIL_ASKED, watermarked } from "./operator_text.ts";

/** Operators written into one function; V8 gives up optimizing functions that are too large. */
const MAX_OPERATORS = 24;

/** Names in the generated text that stand for objects of this side. */
export type Constants = Record<string, unknown>;

/** What is known while the text of one function is written. */
export interface Body {
  /** Statements that declare and hand over counters; undefined outside of loops, where nodes are counted directly. */
  readonly loop: { readonly declared: Set<string>; readonly handOver: string[] } | undefined;
  /** Operators written into it so far. */
  operators: number;
}

/** A record: the names of its variables, and what is known of it. */
export interface Row {
  readonly value: string;
  readonly timestamp: string;
  /**
   * Whether the value was found to be fit to travel already and is the same still: it has come from another task, was
   * copied, or its source says so. Writers then need not look at it, and at the memory of all its fields, once more.
   */
  readonly travels: boolean;
  /** Set while somebody else holds the value too: who has to be copied from before anything but a filter gets it. */
  readonly shared?: { readonly plan: NodePlan; readonly own: string };
  /** A variable to set in place of writing the record. */
  readonly held?: string;
  /** What the filter that is next does behind its call: with a record that it drops, with one that it lets through. */
  readonly decides?: { readonly dropped: string; readonly passed: string };
}

const GIVEN: Row = { value: "v", timestamp: "t", travels: false };
const TRAVELLED: Row = { ...GIVEN, travels: true };
/** The caller of the function is at work. */
const CALLER = "-1";

/** Writes the text of one chain. */
export class ChainText {
  readonly constants: Constants;
  readonly #plans: readonly NodePlan[];
  readonly #functions: string[] = [];
  readonly #written = new Set<string>();
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

  /** All consumers in order; the last gets the value itself, the others a copy each (rule 11). */
  consumers(body: Body, from: NonNullable<Row["shared"]>, targets: readonly ChainTarget[], row: Row): string {
    if (targets.length === 2 && row.shared === undefined && !from.plan.node.output.objectReuse) {
      const writer = this.#writerBehindFilters(targets[0]);
      if (writer !== undefined && this.#isFilter(targets[1])) return this.#writeLater(body, from, targets, row, writer);
    }
    return targets.map((target, i) => {
      const isLast = i === targets.length - 1;
      const shared = isLast || from.plan.node.output.objectReuse ? row.shared : row.shared ?? from;
      return `${targets.length > 1 ? `at = ${from.own};` : ""} { ${this.#target(body, target, { ...row, shared })} }`;
    }).join("\n");
  }

  /**
   * Two consumers: the first only writes the record, the second begins with a filter. Whether the first needs a copy is
   * known once that filter has spoken: what it drops is written as it is.
   */
  #writeLater(
    body: Body,
    from: NonNullable<Row["shared"]>,
    [first, second]: readonly ChainTarget[],
    row: Row,
    writer: RecordWriter,
  ): string {
    const held = this.name();
    const { text, row: copied } = this.owned({ ...row, shared: from });
    const decides = {
      passed: `if (${held}) { ${text} ${this.#writer(writer, copied)} }`,
      dropped: `if (${held}) { ${this.#writer(writer, row)} }`,
    };
    return `let ${held} = false; at = ${from.own}; { ${this.#target(body, first, { ...row, shared: from, held })} }
      at = ${from.own}; { ${this.#target(body, second, { ...row, decides })} }`;
  }

  /** The writer that a target leads to, over nothing but filters. */
  #writerBehindFilters(target: ChainTarget): RecordWriter | undefined {
    let next: ChainTarget | undefined = target;
    while (next !== undefined && this.#isFilter(next)) {
      const main: readonly ChainTarget[] = (next as NodeInput).node.output.main;
      next = main.length === 1 ? main[0] : undefined;
    }
    return next instanceof WriterTarget ? next.writer : undefined;
  }

  #isFilter(target: ChainTarget): boolean {
    const plan = this.#plans.find(({ node }) => node.inputs.includes(target));
    return plan?.fusion?.kind === "filter" && plan.keys[0] === undefined;
  }

  /** A row that nobody else holds, and the statement that makes it so. */
  owned(row: Row): { readonly text: string; readonly row: Row } {
    if (row.shared === undefined) return { text: "", row };
    const { plan, own } = row.shared;
    const copy = this.name();
    return {
      text: `at = ${own}; const ${copy} = ${this.constant(`copy${plan.index}`, plan.copy)}(${row.value});`,
      row: { value: copy, timestamp: row.timestamp, travels: true },
    };
  }

  /** Counts one record more that came in or went out. */
  count(body: Body, { index, node }: NodePlan, what: "In" | "Out"): string {
    const holder = what === "In" ? this.constant(`n${index}`, node) : this.constant(`out${index}`, node.output);
    if (body.loop === undefined) return `${holder}.numRecords${what}++;`;
    const local = `${what.toLowerCase()}Of${index}`;
    body.loop.declared.add(`${local} = 0`);
    body.loop.handOver.push(`${holder}.numRecords${what} += ${local};`);
    return `${local}++;`;
  }

  /** Starts a call of an operator: the statement that makes its collector, which goes on with `emit`. */
  begin({ index }: NodePlan, { collector }: CollectorFusion, timestamp: string, out: string): string {
    this.constant("CallHandle", CallHandle);
    const owner = this.constant(`c${index}`, collector);
    return `const ${out} = new CallHandle(${owner}, ${owner}.enter(${timestamp}));`;
  }

  /** A name for a variable. */
  name(): string {
    return `x_${this.#names++}`;
  }
  /** Makes an object known by that name. */
  constant(name: string, value: unknown): string {
    this.constants[name] = value;
    return name;
  }

  /** The loop over a batch that has arrived. */
  #batch(input: number): string {
    const body = newLoop();
    const rest = operatorText({ text: this, body, plan: this.#plans[0], input, row: TRAVELLED });
    return this.#function(
      `input${input}(values, timestamps, from, to)`,
      inLoop(body, `const v = values[i], t = timestamps[i]; i++; ${rest}`),
    );
  }

  /** The loop over what the reader of a source makes. */
  #source(fusion: SourceFusion): string {
    const body = newLoop();
    const plan = this.#plans[0];
    const row = { ...GIVEN, travels: fusion.travels };
    const stamped = assigned(this, 0, { parts: fusion, row: { ...row, timestamp: "given" }, to: "t" });
    const rest = this.consumers(body, { plan, own: CALLER }, plan.node.output.main, row);
    const told = watermarked({ text: this, body, index: 0 }, fusion, row);
    return this.#function(
      "source(from, to, make, stamp)",
      inLoop(
        body,
        `at = ${CALLER};
         const v = make(i);
         const given = stamp === undefined ? ${Number.MIN_SAFE_INTEGER} : stamp(v, i);
         ${stamped}
         i++;
         ${this.count(body, plan, "Out")} ${rest}
         at = ${CALLER}; ${told}`,
      ),
    );
  }

  /** The way on from an operator that writes to its output itself. */
  #emit(plan: NodePlan): string {
    const body: Body = { loop: undefined, operators: 0 };
    // What went through a collector was copied.
    const travels = plan.fusion !== undefined && "scope" in plan.fusion && !plan.node.output.objectReuse;
    const rest = this.consumers(body, { plan, own: CALLER }, plan.node.output.main, { ...GIVEN, travels });
    return this.#function(`emit${plan.index}(v, t)`, `${this.count(body, plan, "Out")} ${caught(rest)}`);
  }

  #emitSide(plan: NodePlan): string {
    const cases = [...plan.node.output.side].map(([tag, targets]) => {
      const body: Body = { loop: undefined, operators: 0 };
      const rest = this.consumers(body, { plan, own: CALLER }, targets, GIVEN);
      return `case ${JSON.stringify(tag)}: { ${rest} break; }`;
    });
    const text = cases.length === 0 ? "" : caught(`switch (tag) { ${cases.join(" ")} }`);
    return this.#function(`side${plan.index}(tag, v, t)`, text);
  }

  /** A part of a long chain as a function of its own. */
  #part(plan: NodePlan, input: number): string {
    const name = `part${plan.index}_${input}`;
    if (!this.#written.has(name)) {
      this.#written.add(name);
      const body: Body = { loop: undefined, operators: 0 };
      this.#function(`${name}(v, t)`, caught(operatorText({ text: this, body, plan, input, row: GIVEN })));
    }
    return name;
  }

  #target(body: Body, target: ChainTarget, row: Row): string {
    if (target instanceof WriterTarget) {
      if (row.held !== undefined) return `${row.held} = true;`;
      const { text, row: mine } = this.owned(row);
      return `${text} ${this.#writer(target.writer, mine)}`;
    }
    const { node, input } = target as NodeInput;
    const plan = this.#plans.find((each) => each.node === node)!;
    if (++body.operators <= MAX_OPERATORS) return operatorText({ text: this, body, plan, input, row });
    const { text, row: { value, timestamp } } = this.owned(row);
    return `${row.decides?.passed ?? ""} ${text} ${this.#part(plan, input)}(${value}, ${timestamp});`;
  }

  /** Appends to the open batch in place where every record goes to one channel. */
  #writer(writer: RecordWriter, { value, timestamp, travels }: Row): string {
    const name = this.#shared("w", writer);
    const { inlined } = writer;
    if (inlined === undefined) return `${name}.emit(${value}, ${timestamp});`;
    const known = `${this.#shared("r", inlined.shapes)}.check(${value})`;
    const at = this.name();
    const { chosen, open, channel } = this.#channel(inlined, value);
    return `${
      travels ? "" : `if (typeof ${value} !== "object" || ${value} === null || !${known}) ${name}.verify(${value});`
    }
      ${chosen} const ${at} = ${open}.rows;
      if (${at} === ${open}.lookAt) ${name}.look(${open}, ${value});
      ${open}.values[${at}] = ${value}; ${open}.timestamps[${at}] = ${timestamp}; ${open}.rows = ${at} + 1;
      if (${at} + 1 >= ${open}.rowLimit) ${name}.finish(${channel});`;
  }

  /** The open batch a record belongs to and its channel, and the statement that chooses it. */
  #channel({ open: batches, selector }: InlinedWriter, value: string): Record<"chosen" | "open" | "channel", string> {
    if (selector === undefined) return { chosen: "", open: this.#shared("b", batches[0]), channel: "0" };
    const [channel, open] = [this.name(), this.name()];
    const [select, all] = [this.#shared("ch", selector), this.#shared("b", batches)];
    return { chosen: `const ${channel} = ${select}(${value}), ${open} = ${all}[${channel}];`, open, channel };
  }

  #function(signature: string, body: string): string {
    this.#functions.push(`function ${signature} { ${body} }`);
    return signature.slice(0, signature.indexOf("("));
  }
  /** The name of an object that may be met more than once. */
  #shared(prefix: string, value: unknown): string {
    const known = Object.keys(this.constants).find((name) => this.constants[name] === value);
    return known ?? this.constant(`${prefix}_${this.#names++}`, value);
  }
}

/** Operators whose output is never written to but by the code that is written for them. */
function isPassed(fusion: Fusion | undefined): boolean {
  return fusion?.kind === "map" || fusion?.kind === "filter" || fusion?.kind === "timestamps";
}

function newLoop(): Body {
  return { loop: { declared: new Set(), handOver: [] }, operators: 0 };
}

/** A loop that stops where the step does, and the first index it has left. */
function inLoop({ loop }: Body, each: string): string {
  return `let ${[`at = ${CALLER}`, "i = from", ...loop!.declared].join(", ")};
    try {
      while (i < to && ${UNTIL_ASKED}) { budget.left--; ${each} }
      return i;
    } catch (error) { throw fail(error, at); } finally { ${loop!.handOver.join(" ")} }`;
}

function caught(text: string): string {
  if (!text.includes("at = ")) return text;
  return `let at = ${CALLER}; try { ${text} } catch (error) { throw fail(error, at); }`;
}
