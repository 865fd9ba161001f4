import assert from "node:assert/strict";
import { test } from "node:test";

import { between, blocks, heldAt, outlook, pointsOf, series, valueAt, within } from "../../custom_components/flexmeasures/frontend/www/plan.js";
import { AHEAD, HOUR, NOW, picture, plan, sent } from "./examples.js";

test("values are read with their times", () => {
  assert.deepEqual(series(sent([1, null], { step: 900 })), {
    start: NOW,
    step: HOUR / 4,
    values: [1, null],
    end: NOW + HOUR / 2,
  });
  assert.equal(series(null), null);
  assert.equal(series(sent([])), null);
});

test("a value holds for its slot, and nothing is known around them", () => {
  const of = series(sent([1, null, 3]));
  assert.deepEqual([-1, 0, HOUR - 1, HOUR, 2 * HOUR, 3 * HOUR].map((after) => valueAt(of, NOW + after)), [null, 1, 1, null, 3, null]);
  assert.equal(valueAt(null, NOW), null);
});

test("between two slots' starts values change evenly", () => {
  const soc = series(sent([4, 6, null, 5]));
  assert.equal(between(soc, NOW + HOUR / 2), 5);
  assert.equal(between(soc, NOW + 1.5 * HOUR), 6);
  assert.equal(between(soc, NOW + 3.5 * HOUR), 5);
  assert.equal(between(soc, NOW + 4 * HOUR), null);
});

test("points are cut to a span, with the values at its ends", () => {
  const of = series(sent([1, 2, 3]));
  const span = { start: NOW + HOUR / 2, end: NOW + 2.5 * HOUR };
  assert.deepEqual(within(pointsOf(of), span, (at) => valueAt(of, at)), [
    [NOW + HOUR / 2, 1],
    [NOW + HOUR, 2],
    [NOW + 2 * HOUR, 3],
    [NOW + 2.5 * HOUR, 3],
  ]);
  assert.deepEqual(within(pointsOf(of), { start: NOW, end: NOW }, () => 1), []);
  assert.deepEqual(pointsOf(null), []);
});

test("what was measured holds until the next time", () => {
  /** @type {Point[]} */
  const points = [[NOW, 1], [NOW + HOUR, null]];
  assert.deepEqual([NOW - 1, NOW, NOW + HOUR - 1, NOW + HOUR].map((at) => heldAt(points, at)), [null, 1, 1, null]);
  assert.equal(heldAt(null, NOW), null);
});

test("slots with the same action are one block", () => {
  assert.deepEqual(blocks(plan(), AHEAD), [
    { start: NOW, end: NOW + HOUR, power: 2 },
    { start: NOW + 2 * HOUR, end: NOW + 4 * HOUR, power: -1 },
  ]);
  assert.deepEqual(blocks(plan({ power: sent([1, 3, null, 2]) }), AHEAD), [
    { start: NOW, end: NOW + 2 * HOUR, power: 2 },
    { start: NOW + 3 * HOUR, end: NOW + 4 * HOUR, power: 2 },
  ]);
});

test("a block that has begun is told as a whole, and those outside are not", () => {
  const span = { start: NOW + HOUR / 2, end: NOW + 2 * HOUR };
  assert.deepEqual(blocks(plan(), span), [{ start: NOW, end: NOW + HOUR, power: 2 }]);
});

test("plans may be missing, empty, or have one slot", () => {
  assert.deepEqual(blocks(plan({ power: null }), AHEAD), []);
  assert.deepEqual(blocks(plan({ power: sent([null, 0]) }), AHEAD), []);
  assert.deepEqual(blocks(plan({ power: sent([1.5]) }), AHEAD), [{ start: NOW, end: NOW + HOUR, power: 1.5 }]);
});

test("without a price for production the other one holds, and a fixed one for all times", () => {
  const same = outlook(picture());
  assert.equal(same.production, same.consumption);
  const { consumption, production } = plan({ prices: { currency: "EUR", consumption: { fixed: 0.3 }, production: sent([0.1]) } });
  assert.deepEqual([NOW, NOW + 1e12, 0].map((at) => valueAt(consumption, at)), [0.3, 0.3, 0.3]);
  assert.equal(valueAt(production, NOW), 0.1);
  assert.equal(plan({ prices: null }).production, null);
});
