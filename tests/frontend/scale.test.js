import assert from "node:assert/strict";
import { test } from "node:test";

import { dayStart, linear, timeTicks, valueTicks } from "../../custom_components/flexmeasures/frontend/www/plan.js";
import { HOUR } from "./examples.js";

const AMSTERDAM = "Europe/Amsterdam";

/** @param {string} text */
const at = (text) => Date.parse(text);

/** @param {{at: Ms}[]} ticks */
const times = (ticks) => ticks.map((tick) => new Date(tick.at).toISOString().slice(5, 16));

test("a day begins at midnight of its zone", () => {
  assert.equal(dayStart(AMSTERDAM, at("2026-07-01T12:00Z")), at("2026-06-30T22:00Z"));
  assert.equal(dayStart(AMSTERDAM, at("2026-11-27T12:00Z")), at("2026-11-26T23:00Z"));
  assert.equal(dayStart("Asia/Kolkata", at("2026-11-27T12:00Z")), at("2026-11-26T18:30Z"));
  assert.equal(dayStart("America/New_York", at("2026-11-27T03:00Z")), at("2026-11-26T05:00Z"));
});

test("the days of a change of the clocks have 25 and 23 hours", () => {
  const autumn = at("2026-10-25T12:00Z");
  assert.equal(dayStart(AMSTERDAM, autumn, 1) - dayStart(AMSTERDAM, autumn), 25 * HOUR);
  const spring = at("2027-03-28T12:00Z");
  assert.equal(dayStart(AMSTERDAM, spring, 1) - dayStart(AMSTERDAM, spring), 23 * HOUR);
});

test("a day without a midnight begins at one o'clock", () => {
  assert.equal(dayStart("Africa/Cairo", at("2026-04-24T10:00Z")), at("2026-04-23T22:00Z"));
});

test("an hour that comes twice has two ticks", () => {
  const span = { start: at("2026-10-24T22:00Z"), end: at("2026-10-25T04:00Z") };
  const { step, ticks } = timeTicks(AMSTERDAM, span, 6);
  assert.equal(step, HOUR);
  // 00, 01, 02, 02, 03, 04 and 05 o'clock.
  assert.deepEqual(
    times(ticks),
    ["10-24T22:00", "10-24T23:00", "10-25T00:00", "10-25T01:00", "10-25T02:00", "10-25T03:00", "10-25T04:00"],
  );
  assert.deepEqual(ticks.map(({ isDay }) => isDay), [true, false, false, false, false, false, false]);
});

test("the ticks stay at whole hours of the clock after a change", () => {
  const autumn = timeTicks(AMSTERDAM, { start: at("2026-10-24T22:00Z"), end: at("2026-10-25T23:00Z") }, 6);
  assert.equal(autumn.step, 6 * HOUR);
  // 00:00, 06:00 (an hour later), 12:00, 18:00 and 00:00.
  assert.deepEqual(times(autumn.ticks), ["10-24T22:00", "10-25T05:00", "10-25T11:00", "10-25T17:00", "10-25T23:00"]);
  const spring = timeTicks(AMSTERDAM, { start: at("2027-03-27T23:00Z"), end: at("2027-03-28T22:00Z") }, 5);
  assert.deepEqual(times(spring.ticks), ["03-27T23:00", "03-28T04:00", "03-28T10:00", "03-28T16:00", "03-28T22:00"]);
});

test("a zone with half an hour has ticks at its own whole hours", () => {
  const { ticks } = timeTicks("Asia/Kolkata", { start: at("2026-11-27T10:00Z"), end: at("2026-11-27T13:00Z") }, 4);
  assert.deepEqual(times(ticks), ["11-27T10:30", "11-27T11:30", "11-27T12:30"]);
  assert.deepEqual(
    times(timeTicks("Australia/Lord_Howe", { start: at("2026-04-04T13:00Z"), end: at("2026-04-04T17:00Z") }, 8).ticks),
    // The clocks go back by half an hour at 15:00: 01:30 comes twice.
    ["04-04T13:00", "04-04T13:30", "04-04T14:00", "04-04T14:30", "04-04T15:00", "04-04T15:30", "04-04T16:00", "04-04T16:30", "04-04T17:00"],
  );
});

test("there are quarters where there is room, and days where there is little", () => {
  const start = at("2026-11-27T11:00Z");
  assert.equal(timeTicks(AMSTERDAM, { start, end: start + HOUR }, 6).step, HOUR / 4);
  assert.equal(timeTicks(AMSTERDAM, { start, end: start + 36 * HOUR }, 6).step, 6 * HOUR);
  assert.equal(timeTicks(AMSTERDAM, { start, end: start + 36 * HOUR }, 5).step, 8 * HOUR);
  const week = timeTicks(AMSTERDAM, { start, end: start + 168 * HOUR }, 7);
  assert.equal(week.step, 24 * HOUR);
  assert.ok(week.ticks.every(({ isDay }) => isDay));
  assert.equal(week.ticks.length, 7);
  const fewer = timeTicks(AMSTERDAM, { start, end: start + 168 * HOUR }, 4);
  assert.deepEqual([fewer.step, fewer.ticks.length], [48 * HOUR, 3]);
});

test("no more ticks than there is room for, whatever the span", () => {
  const start = at("2026-10-24T22:00Z");
  for (let hours = 1; hours < 400; hours += 7) {
    const { ticks } = timeTicks(AMSTERDAM, { start, end: start + hours * HOUR }, 6);
    assert.ok(ticks.length <= 9, `${hours} hours: ${ticks.length}`);
  }
});

test("values have round ticks around them", () => {
  assert.deepEqual(valueTicks(0, 0.35, 3), [0, 0.2, 0.4]);
  assert.deepEqual(valueTicks(-3.2, 3.6, 4), [-4, -2, 0, 2, 4]);
  assert.deepEqual(valueTicks(0, 10, 3), [0, 5, 10]);
  assert.deepEqual(valueTicks(0, 0.3, 3), [0, 0.1, 0.2, 0.3]);
  assert.ok(valueTicks(0, 0, 3).length >= 2);
});

test("a scale goes from one range to another", () => {
  const scale = linear(0, 10, 100, 0);
  assert.deepEqual([0, 5, 10].map(scale), [100, 50, 0]);
  assert.equal(linear(1, 1, 0, 10)(1), 0);
});
