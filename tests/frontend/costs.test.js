import assert from "node:assert/strict";
import { test } from "node:test";

import { mean, series, summary, total } from "../../custom_components/flexmeasures/frontend/www/plan.js";
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

/** @param {Partial<Picture["saved"]>} of */
const saving = (of) => ({ saved: { ahead: null, today: null, ...of } });

test("energies, average prices and cost are summed up, and what is saved", () => {
  const other = saving({ ahead: { against: "doing_nothing", amount: 0.3, stored_at: 0.2 }, today: 0.125 });
  const { facts, note } = summary(picture(other), plan(), AHEAD, reader());
  assert.deepEqual(facts.map(([, name, value]) => [name, plain(value)]), [
    ["charge", "2 kWh at €0.10/kWh"],
    ["discharge", "2 kWh at €0.35/kWh"],
    ["Earns", "€0.50"],
    ["The whole plan saves", "€0.30"],
    ["Saved today", "€0.13"],
  ]);
  assert.equal(note, "That is against doing nothing. Energy left in the battery counts at €0.20/kWh.");
});

test("a car is compared with charging at once", () => {
  const other = saving({ ahead: { against: "charging_at_once", amount: 1.3, stored_at: null } });
  const { facts, note } = summary(picture({ ...other, kind: "car" }), plan(), AHEAD, reader());
  assert.deepEqual(facts.at(-1)?.slice(1).map(plain), ["The whole plan saves", "€1.30"]);
  assert.equal(note, "That is against charging at once.");
});

test("nothing is said of a plan that saves nothing, but what a day has cost more is", () => {
  const other = saving({ ahead: { against: "doing_nothing", amount: -0.1, stored_at: 0.2 }, today: -0.1 });
  const { facts, note } = summary(picture(other), plan(), AHEAD, reader());
  assert.deepEqual(facts.slice(3).map(([, name, value]) => [name, plain(value)]), [["Saved today", "−€0.10"]]);
  assert.equal(note, "");
});

test("what was saved today is said without a plan, too", () => {
  const other = { power: null, ...saving({ today: 0.5 }) };
  const { facts } = summary(picture(other), plan(other), AHEAD, reader());
  assert.deepEqual(facts.map(([, name, value]) => [name, plain(value)]), [["Saved today", "€0.50"]]);
});

test("without prices energies are summed up, and without a plan nothing is", () => {
  const free = { prices: null };
  assert.deepEqual(summary(picture(free), plan(free), AHEAD, reader()).facts.map(([, , value]) => plain(value)), ["2 kWh", "2 kWh"]);
  const none = { power: null };
  assert.deepEqual(summary(picture(none), plan(none), AHEAD, reader()), { facts: [], note: "" });
});

test("what costs is not called earned", () => {
  const other = { power: sent([2]) };
  const { facts } = summary(picture(other), plan(other), AHEAD, reader());
  assert.deepEqual(facts.at(-1)?.slice(1).map(plain), ["Costs", "€0.20"]);
});
