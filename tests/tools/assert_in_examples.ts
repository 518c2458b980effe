/**
 * Loaded before the doc examples: there `console.assert` throws, so that an example that does not hold is a failed test
 * and not a line that nobody reads.
 *
 * @module
 */

console.assert = (condition?: boolean, ...what: unknown[]): void => {
  if (!condition) throw new Error(["Assertion failed", ...what].join(": "));
};
