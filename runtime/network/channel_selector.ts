/**
 * Chooses the channel of a record, by the partitioner of the edge.
 *
 * @module
 */

import { InvalidProgramError } from "../errors.ts";
import type { KeySelector } from "../functions/functions.ts";
import type { Partitioner, ShipStrategy } from "../functions/partitioner.ts";
import type { Random } from "../seams/random.ts";
import type { Key, KeyHashRule } from "../types/key.ts";
import { hashKey, keyGroupFor, murmurHash, subtaskForKeyGroup } from "../types/key_group.ts";

/** What a selector is made from. */
export interface ChannelSelectorOptions {
  readonly strategy: ShipStrategy;
  readonly numChannels: number;
  /** Max parallelism of the receiver, for HASH. */
  readonly maxParallelism: number;
  readonly random: Random;
  readonly keySelector?: KeySelector<unknown, unknown>;
  readonly keyHashRule?: KeyHashRule;
  readonly custom?: Partitioner<unknown>;
  /** Makes what is thrown when the key selector throws; default: the error itself. */
  readonly keySelectorFailed?: (error: unknown) => unknown;
  /** Part of the text of a function generated for HASH, so that two edges do not share type feedback; default: none is. */
  readonly generatedId?: string;
}

/** Channel of a record, or -1 for all of them. */
export type ChannelSelector = (value: unknown) => number;

/** All channels. */
export const BROADCAST_CHANNEL = -1;

/** The selector of edges that always take the first channel; writers need not ask it. */
export const firstChannel: ChannelSelector = () => 0;

/** The selector of edges that take every channel. */
export const allChannels: ChannelSelector = () => BROADCAST_CHANNEL;

/** Makes the selector of an edge for one sending subtask. */
export function channelSelector(options: ChannelSelectorOptions): ChannelSelector {
  const { strategy, numChannels } = options;
  switch (strategy) {
    case "BROADCAST":
      return numChannels === 1 ? firstChannel : allChannels;
    case "FORWARD":
    case "GLOBAL":
      return firstChannel;
    case "REBALANCE":
    case "RESCALE":
      return roundRobin(numChannels, strategy === "REBALANCE" ? options.random.u32() % numChannels : 0);
    case "SHUFFLE":
      return () => options.random.u32() % numChannels;
    case "HASH":
      return hashing(options);
    case "CUSTOM":
      return custom(options);
  }
}

function roundRobin(numChannels: number, start: number): ChannelSelector {
  if (numChannels === 1) return firstChannel;
  let next = start;
  return () => {
    const channel = next;
    next = next + 1 === numChannels ? 0 : next + 1;
    return channel;
  };
}

function hashing(options: ChannelSelectorOptions): ChannelSelector {
  const { numChannels, maxParallelism, keyHashRule, generatedId } = options;
  if (numChannels === 1) return firstChannel;
  if (generatedId !== undefined) return generatedHashing(options, generatedId);
  const keyOf = guarded(options);
  return (value) =>
    subtaskForKeyGroup(keyGroupFor(keyOf(value) as Key, maxParallelism, keyHashRule), maxParallelism, numChannels);
}

/** The same for keys of any kind; small integers and strings are hashed in place. */
function generatedHashing(options: ChannelSelectorOptions, id: string): ChannelSelector {
  const { numChannels, maxParallelism, keySelector, keyHashRule = "auto", keySelectorFailed } = options;
  const text = `"use strict"; // ${id.replaceAll(/[^\w-]/g, "_")}
    const { keyOf, failed, hashKey, murmurHash } = constants;
    return (value) => {
      let key, hash = 0;
      try { key = keyOf(value); } catch (error) { throw failed(error); }
      ${hashInPlace(keyHashRule)}
      else hash = hashKey(key, "${keyHashRule}");
      return Math.floor(murmurHash(hash) % ${maxParallelism} * ${numChannels} / ${maxParallelism});
    };`;
  const failed = keySelectorFailed ?? ((error: unknown): unknown => error);
  return new Function("constants", text)({ keyOf: keySelector, failed, hashKey, murmurHash }) as ChannelSelector;
}

/** Statements for the keys that are most common under a rule, as {@link hashKey} does it; what follows is an `else`. */
function hashInPlace(rule: KeyHashRule): string {
  const whole = 'if (typeof key === "number" && (key | 0) === key)';
  const text = `if (typeof key === "string") {
      for (let i = 0; i < key.length; i++) hash = (Math.imul(hash, 31) + key.charCodeAt(i)) | 0;
    }`;
  switch (rule) {
    case "auto":
      return `${whole} hash = key | 0; else ${text}`;
    case "int":
      return `${whole} hash = key | 0;`;
    case "long":
      return `${whole} hash = key < 0 ? ~key : key | 0;`;
    case "string":
      return text;
    default:
      return "if (false);";
  }
}

/** The key selector, its errors named as what they are. */
function guarded({ keySelector, keySelectorFailed }: ChannelSelectorOptions): (value: unknown) => unknown {
  if (keySelectorFailed === undefined) return keySelector!;
  return (value) => {
    try {
      return keySelector!(value);
    } catch (error) {
      throw keySelectorFailed(error);
    }
  };
}

function custom(options: ChannelSelectorOptions): ChannelSelector {
  const { numChannels, custom } = options;
  const keyOf = guarded(options);
  return (value) => {
    const channel = custom!(keyOf(value), numChannels);
    if (!Number.isInteger(channel) || channel < 0 || channel >= numChannels) {
      throw new InvalidProgramError("TSF-2121", "A custom partitioner chose a channel that does not exist", {
        expected: `an integer from 0 to ${numChannels - 1}`,
        found: String(channel),
      });
    }
    return channel;
  };
}
