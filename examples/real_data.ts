/**
 * Where the examples get real data from: the files of the npm package `vega-datasets`. The package exports only code, so
 * its files are found beside that code.
 */

/** The text of a file, e.g. "airports.csv". */
export async function readDataset(file: string): Promise<string> {
  await import("vega-datasets");
  return await Deno.readTextFile(new URL(`../data/${file}`, import.meta.resolve("vega-datasets")));
}
