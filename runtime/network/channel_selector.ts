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
import { keyGroupFor, subtaskForKeyGroup } from "../types/key_group.ts";

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
}

/** Channel of a record, or -1 for all of them. */
export type ChannelSelector = (value: unknown) => number;

/** All channels. */
export const BROADCAST_CHANNEL = -1;

/** The selector of edges that always take the first channel; writers need not ask it. */
export const firstChannel: ChannelSelector = () => 0;

/** Makes the selector of an edge for one sending subtask. */
export function channelSelector(options: ChannelSelectorOptions): ChannelSelector {
  const { strategy, numChannels } = options;
  switch (strategy) {
    case "BROADCAST":
      return numChannels === 1 ? firstChannel : () => BROADCAST_CHANNEL;
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

function hashing({ numChannels, maxParallelism, keySelector, keyHashRule }: ChannelSelectorOptions): ChannelSelector {
  if (numChannels === 1) return firstChannel;
  return (value) =>
    subtaskForKeyGroup(
      keyGroupFor(keySelector!(value) as Key, maxParallelism, keyHashRule),
      maxParallelism,
      numChannels,
    );
}

function custom({ numChannels, keySelector, custom }: ChannelSelectorOptions): ChannelSelector {
  return (value) => {
    const channel = custom!(keySelector!(value), numChannels);
    if (!Number.isInteger(channel) || channel < 0 || channel >= numChannels) {
      throw new InvalidProgramError("TSF-2121", "A custom partitioner chose a channel that does not exist", {
        expected: `an integer from 0 to ${numChannels - 1}`,
        found: String(channel),
      });
    }
    return channel;
  };
}
