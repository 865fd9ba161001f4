import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

import { LANGUAGES } from "./languages.js";

const WWW = new URL("../../custom_components/flexmeasures/frontend/www/", import.meta.url);
const MOST = 15_000;
const MOST_WHERE_FOLLOWED = 3_000;
const MOST_OF_DECISIONS = 3_000;

/**
 * The compressed sizes of a module and of all that it imports, except what is imported when it is needed.
 * @param {string} file
 * @param {Map<string, number>} [found]
 */
async function sizes(file, found = new Map()) {
  const code = await readFile(new URL(file, WWW));
  found.set(file, gzipSync(code, { level: 9 }).length);
  for (const [, name] of code.toString().matchAll(/^(?:import|}) .*from "\.\/(.*)";$/gm)) {
    if (!found.has(name)) {
      await sizes(name, found);
    }
  }
  return found;
}

/** @param {Map<string, number>} found */
const sum = (found) => [...found.values()].reduce((total, size) => total + size);

for (const language of LANGUAGES) {
  test(`all that a card with a plan loads is below 15 kB, compressed file by file, in ${language}`, async (context) => {
    const found = await sizes(`texts/${language}.js`, await sizes("card.js", await sizes("flexmeasures.js")));
    assert.deepEqual([...found.keys()], ["flexmeasures.js", "card.js", "plan.js", `texts/${language}.js`]);
    context.diagnostic(`${sum(found)} bytes, and ${(await sizes("history.js")).get("history.js")} where something is measured`);
    assert.ok(sum(found) < MOST, `${sum(found)} bytes`);
  });
}

for (const language of LANGUAGES) {
  test(`what a card loads more where something follows is below 3 kB in ${language}`, async (context) => {
    const card = await sizes("card.js");
    const found = await sizes(`texts/${language}-more.js`, await sizes("follower.js"));
    const more = [...found.keys()].filter((file) => !card.has(file));
    assert.deepEqual(more, ["follower.js", `texts/${language}-more.js`]);
    const size = more.reduce((total, file) => total + (found.get(file) ?? 0), 0);
    context.diagnostic(`${size} bytes`);
    assert.ok(size < MOST_WHERE_FOLLOWED, `${size} bytes`);
  });
}

test("the list of decisions is below 3 kB, and is loaded by nothing else than its being opened", async (context) => {
  const before = await sizes("follower.js", await sizes("card.js", await sizes("flexmeasures.js")));
  assert.ok(!before.has("decisions.js"));
  const found = await sizes("decisions.js");
  const more = [...found.keys()].filter((file) => !before.has(file));
  assert.deepEqual(more, ["decisions.js"]);
  context.diagnostic(`${found.get("decisions.js")} bytes`);
  assert.ok(Number(found.get("decisions.js")) < MOST_OF_DECISIONS);
});
