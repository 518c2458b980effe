import assert from "node:assert/strict";
import { StreamExecutionEnvironment } from "tsflink";
import { readBible, top, wordCount } from "./word_count.ts";

/** The same in plain loops over characters, without a regular expression. */
function expectedOf(lines: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  const isLetter = (c: string | undefined) => c !== undefined && c.toLowerCase() !== c.toUpperCase();
  for (const line of lines) {
    let word = "";
    for (let i = 0; i <= line.length; i++) {
      const c = line[i];
      if (isLetter(c) || (c === "'" && word !== "" && isLetter(line[i + 1]))) word += c.toLowerCase();
      else if (word !== "") {
        counts.set(word, (counts.get(word) ?? 0) + 1);
        word = "";
      }
    }
  }
  return counts;
}

Deno.test("word count: every word of the Bible, on two subtasks", async () => {
  const verses = await readBible();
  const expected = expectedOf(verses);
  const env = StreamExecutionEnvironment.createLocalEnvironment(2);
  const counts = wordCount(env.fromData(verses));
  const all = counts.collectAsync().toArray();
  const best = top(counts, 5).collectAsync().toArray();
  await env.execute("word count");

  const found = (await all).map(({ word, count }) => [word, count] as const);
  assert.equal(found.length, expected.size, "each word once");
  assert.deepEqual(new Map(found), expected);
  assert.deepEqual((await best).map(({ word, count }) => `${word} ${count}`), [
    "the 64016",
    "and 51708",
    "of 34747",
    "to 13630",
    "that 12916",
  ]);
  assert.equal(verses.length, 31_102);
  assert.equal(expected.get("jerusalem's"), 3);
});

Deno.test("word count: a text file", async () => {
  const file = await Deno.makeTempFile({ suffix: ".txt" });
  try {
    await Deno.writeTextFile(file, "To be, or not to be:\r\nthat is the question.\n\nDon't 'quote' me");
    const env = StreamExecutionEnvironment.createLocalEnvironment();
    const found = await wordCount(env.readTextFile(file)).executeAndCollect();
    const counts = Object.fromEntries(found.map(({ word, count }) => [word, count]));
    assert.deepEqual(counts, {
      to: 2,
      be: 2,
      or: 1,
      not: 1,
      that: 1,
      is: 1,
      the: 1,
      question: 1,
      "don't": 1,
      quote: 1,
      me: 1,
    });
  } finally {
    await Deno.remove(file);
  }
});
