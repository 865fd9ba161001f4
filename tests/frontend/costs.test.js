import assert from "node:assert/strict";
import { test } from "node:test";

import { mean, saved, series, summary, total } from "../../custom_components/flexmeasures/frontend/www/plan.js";
import { AHEAD, HOUR, NOW, picture, plain, plan, reader, sent } from "./examples.js";

/** @param {number | null | undefined} value */
const cents = (value) => (typeof value === "number" ? Math.round(value * 1e6) / 1e6 : value);

/** @param {{energy: KWh, cost: number | null}} of */
const rounded = ({ energy, cost }) => [cents(energy), cents(cost)];

test("a mean weighs by time, and is not known where a part is not", () => {
  const prices = series(sent([0.1, 0.3, null]));
  assert.equal(cents(mean(prices, { start: NOW + HOUR / 2, end: NOW + 2 * HOUR })), cents((0.1 * 0.5 + 0.3) / 1.5));
  assert.equal(mean(prices, { start: NOW, end: NOW + 2.5 * HOUR }), null);
  assert.equal(mean(null, AHEAD), null);
});

test("cost is energy times price, and production is subtracted", () => {
  // 2 kWh at 0.10, then 1 kWh sold at 0.30 and 1 kWh at 0.40.
  assert.deepEqual(rounded(total(plan(), AHEAD)), [0, cents(2 * 0.1 - 0.3 - 0.4)]);
  assert.deepEqual(rounded(total(plan(), AHEAD, (power) => power > 0)), [2, 0.2]);
  assert.deepEqual(rounded(total(plan(), AHEAD, (power) => power < 0)), [-2, -0.7]);
});

test("production has a price of its own", () => {
  const prices = { currency: "EUR", consumption: { fixed: 0.3 }, production: { fixed: 0.05 } };
  assert.deepEqual(rounded(total(plan({ prices }), AHEAD)), [0, cents(2 * 0.3 - 2 * 0.05)]);
});

test("slots at the ends of a period count in proportion", () => {
  const span = { start: NOW + HOUR / 4, end: NOW + 2.5 * HOUR };
  // 1.5 kWh at 0.10, half a kWh sold at 0.30.
  assert.deepEqual(rounded(total(plan(), span)), [1, cents(1.5 * 0.1 - 0.5 * 0.3)]);
});

test("prices of quarters are averaged over hours of power", () => {
  const prices = { currency: "EUR", consumption: sent([0.1, 0.2, 0.3, 0.4], { step: 900 }), production: null };
  assert.deepEqual(rounded(total(plan({ power: sent([2]), prices }), AHEAD)), [2, 0.5]);
});

test("without a price that is needed there is no cost", () => {
  const prices = { currency: "EUR", consumption: sent([0.1]), production: null };
  assert.deepEqual(rounded(total(plan({ prices }), AHEAD)), [0, null]);
  // Where there is no power, no price is needed.
  assert.deepEqual(rounded(total(plan({ prices, power: sent([2, 0]) }), AHEAD)), [2, 0.2]);
  assert.deepEqual(rounded(total(plan({ prices: null }), AHEAD)), [0, null]);
});

test("plans may be missing, or lie in another time", () => {
  assert.deepEqual(total(plan({ power: null }), AHEAD), { energy: 0, cost: 0 });
  assert.deepEqual(total(plan(), { start: NOW + 9 * HOUR, end: NOW + 10 * HOUR }), { energy: 0, cost: 0 });
  assert.deepEqual(total(plan(), { start: NOW, end: 0 }), { energy: 0, cost: 0 });
});

test("what a battery has less at the end has to be bought again", () => {
  // Until the last slot: 2 kWh at 0.10 bought, 1 kWh at 0.30 sold, and 5 kWh instead of 4 in it:
  // that kWh counts at the mean price of these three hours.
  const fuller = saved(plan(), picture(), AHEAD);
  assert.ok(fuller && fuller !== "unknown");
  assert.deepEqual([cents(fuller.amount), cents(fuller.price)], [cents(0.2 - (0.2 - 0.3)), 0.2]);
  const other = { soc: sent([5, 6, 6, 4]), prices: { currency: "EUR", consumption: { fixed: 0.3 }, production: { fixed: 0.1 } } };
  const emptier = saved(plan(other), picture(other), AHEAD);
  assert.ok(emptier && emptier !== "unknown");
  // 0.60 was paid and 0.10 earned, and a kWh is missing.
  assert.deepEqual([cents(emptier.amount), emptier.price], [cents(-1 * 0.3 - (0.6 - 0.1)), 0.3]);
});

test("what is left counts at what it can be sold for", () => {
  const prices = { currency: "EUR", consumption: { fixed: 0.3 }, production: { fixed: 0.1 } };
  const fuller = saved(plan({ prices }), picture({ prices }), AHEAD);
  assert.ok(fuller && fuller !== "unknown");
  assert.equal(fuller.price, 0.1);
});

test("per cent have no value, so that they must not get less", () => {
  const other = { soc_unit: "%", soc: sent([40, 60, 60, 50]) };
  assert.deepEqual(saved(plan(other), picture(other), AHEAD), { amount: -(2 * 0.1 - 0.3), price: null });
  const emptier = { soc_unit: "%", soc: sent([60, 80, 80, 50]) };
  assert.equal(saved(plan(emptier), picture(emptier), AHEAD), "unknown");
});

test("nothing is said of what is saved where there is nothing to compare", () => {
  assert.equal(saved(plan(), picture({ kind: "car" }), AHEAD), null);
  assert.equal(saved(plan({ soc: null }), picture(), AHEAD), null);
  assert.equal(saved(plan({ prices: null }), picture(), AHEAD), null);
});

test("energies, average prices, cost and savings are summed up", () => {
  const { facts, note } = summary(picture(), plan(), AHEAD, reader());
  assert.deepEqual(facts.map(([, name, value]) => [name, plain(value)]), [
    ["charge", "2 kWh at €0.10/kWh"],
    ["discharge", "2 kWh at €0.35/kWh"],
    ["Earns", "€0.50"],
    ["Saves against doing nothing", "€0.30"],
  ]);
  assert.equal(note, "Energy left in the battery counts at €0.20/kWh.");
});

test("without prices energies are summed up, and without a plan nothing is", () => {
  const free = { prices: null };
  assert.deepEqual(summary(picture(free), plan(free), AHEAD, reader()).facts.map(([, , value]) => plain(value)), ["2 kWh", "2 kWh"]);
  const none = { power: null };
  assert.deepEqual(summary(picture(none), plan(none), AHEAD, reader()), { facts: [], note: "" });
});

test("what costs is not called earned, and why nothing is compared is said", () => {
  const other = { soc_unit: "%", soc: sent([60, 80, 80, 50]), power: sent([2]) };
  const { facts, note } = summary(picture(other), plan(other), AHEAD, reader());
  assert.deepEqual(facts.at(-1)?.slice(1), ["Costs", "€0.20"]);
  assert.equal(note, "Not compared with doing nothing: the battery ends emptier.");
});
