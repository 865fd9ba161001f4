import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

import { LANGUAGES } from "./languages.js";

const WWW = new URL("../../custom_components/flexmeasures/frontend/www/", import.meta.url);
const MOST = 15_000;

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
