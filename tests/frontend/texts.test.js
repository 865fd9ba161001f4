import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { test } from "node:test";

import { LANGUAGES, PARTS, textsIn } from "./languages.js";

const WWW = new URL("../../custom_components/flexmeasures/frontend/www/", import.meta.url);

const TEXTS = await textsIn("en");

/** @param {string} text */
const placeholders = (text) => (text.match(/{\w+}/g) ?? []).sort();

test("there is a file of each part for each language", async () => {
  const files = await readdir(new URL("texts/", WWW));
  assert.deepEqual(files.sort(), LANGUAGES.flatMap((language) => PARTS.map((part) => `${language}${part}.js`)).sort());
});

for (const language of LANGUAGES) {
  test(`texts are complete in ${language}, with the same values put in`, async () => {
    const texts = /** @type {Record<string, string>} */ (await textsIn(language));
    assert.deepEqual(Object.keys(texts).sort(), Object.keys(TEXTS).sort());
    for (const [key, english] of Object.entries(TEXTS)) {
      assert.deepEqual(placeholders(texts[key]), placeholders(english), key);
      assert.ok(texts[key].trim(), key);
    }
  });
}

test("each text is used", async () => {
  const files = (await readdir(WWW)).filter((file) => file.endsWith(".js"));
  const code = (await Promise.all(files.map((file) => readFile(new URL(file, WWW), "utf8")))).join("\n");
  // By name, as a problem, as a range, as what is compared with, as a field of the form, as a state of what follows, as a reason, or as one of the verbs.
  const unused = Object.keys(TEXTS).filter(
    (key) => !new RegExp(`texts\\.${key}\\b|"${key}"|_${key.replace(/^\w+?_/, "")}\\b`).test(code) && !/^(against|form|range|follower|why)_/.test(key) && key !== "not_found",
  );
  assert.deepEqual(unused, []);
});
