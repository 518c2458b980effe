/**
 * The demonstration as a bundled job with its data, gzipped, in base64. As source there is none: the example's own files
 * are used. `deno task bundle` puts a text here.
 *
 * @module
 */

export const DEMO_BUNDLE = undefined as string | undefined;
