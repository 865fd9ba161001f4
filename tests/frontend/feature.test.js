import assert from "node:assert/strict";
import { test } from "node:test";

import { stripOf } from "../../custom_components/flexmeasures/frontend/www/feature.js";
import { series } from "../../custom_components/flexmeasures/frontend/www/plan.js";
import { HOUR, NOW, sent } from "./examples.js";

test("a strip begins now and ends with the plan", () => {
  const strip = stripOf(series(sent([9, 2, -2])), NOW + 2 * HOUR);
  assert.deepEqual(strip, { up: "M0 4V4H1000V4Z", down: "M0 4V38H1000V4Z", zero: "M0 4H1000" });
  const half = stripOf(series(sent([2, -2])), NOW + HOUR / 2);
  assert.deepEqual(half, { up: "M0 21V4H333.3V21H1000V21Z", down: "M0 21V21H333.3V38H1000V21Z", zero: "M0 21H1000" });
});

test("where nothing is done there is a line", () => {
  assert.equal(stripOf(series(sent([0, 0])), NOW)?.zero, "M0 38H1000");
});

test("there is no strip without a plan", () => {
  assert.equal(stripOf(null, NOW), null);
  assert.equal(stripOf(series(sent([1])), NOW + HOUR), null);
});
