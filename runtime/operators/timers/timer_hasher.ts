/**
 * The hash by which queues find a timer again: of key, namespace and time.
 *
 * @module
 */

import { hashText, mixHash } from "../../state/hash_index.ts";
import type { KeyContext } from "../../state/key_context.ts";
import { ownString } from "../../types/canonical_key.ts";

/** See the header; it knows the last namespace, because namespaces come in runs. */
export class TimerHasher {
  #namespace = "";
  #namespaceHash = 0;

  /** Hash of a timer of the current key. */
  hash(context: KeyContext, namespace: string, timestamp: number): number {
    if (namespace !== this.#namespace) {
      this.#namespace = ownString(namespace);
      this.#namespaceHash = hashText(namespace);
    }
    const time = Math.floor(timestamp / 2 ** 32) ^ timestamp;
    return mixHash(mixHash(context.hash, this.#namespaceHash), time);
  }
}
