import assert from "node:assert/strict";
import { test } from "node:test";

import { drawing, line, outlook, steps, valueAt } from "../../custom_components/flexmeasures/frontend/www/plan.js";
import { present, slots } from "../../custom_components/flexmeasures/frontend/www/history.js";
import { HOUR, NOW, picture, plain, reader, sent } from "./examples.js";

/** @type {Scale} */
const x = (at) => ((at - NOW) / HOUR) * 10;
/** @type {Scale} */
const y = (value) => 50 - value * 10;

/** @param {(number | null)[]} values @returns {Point[]} */
const hourly = (values) => values.map((value, index) => [NOW + index * HOUR, value]);

/**
 * The picture of the example, from an hour before now until all is over.
 * @param {Partial<Picture>} [other]
 * @param {Partial<Parameters<Fn.Drawing>[0]>} [of]
 */
function drawn(other, of) {
  const sentPicture = picture(other);
  return drawing({
    picture: sentPicture,
    plan: outlook(sentPicture),
    measured: null,
    level: null,
    span: { start: NOW - HOUR, end: NOW + 4 * HOUR },
    now: NOW,
    width: 568,
    height: 260,
    hasPrices: true,
    format: reader().format,
    ...of,
  });
}

test("values that hold are steps, and only a change is drawn", () => {
  assert.equal(steps(hourly([1, 1, 2, 2, null]), x, y), "M0 40H20V30H40");
});

test("steps have gaps, and end at the last point whatever its value", () => {
  assert.equal(steps(hourly([1, null, 3, 9]), x, y), "M0 40H10M20 20H30");
});

test("areas go down to their base", () => {
  assert.equal(steps(hourly([1, 2, null, 1, 1]), x, y, 50), "M0 50V40H10V30H20V50ZM30 50V40H40V50Z");
});

test("nothing is drawn of nothing, and one slot is drawn", () => {
  assert.equal(steps([], x, y), "");
  assert.equal(steps(hourly([null, null]), x, y), "");
  assert.equal(steps(hourly([5]), x, y), "");
  assert.equal(steps(hourly([2, null]), x, y), "M0 30H10");
  assert.equal(line([], x, y), "");
});

test("a line is interrupted where a value is not known", () => {
  assert.equal(line(hourly([1, 2, null, 3, 4]), x, y), "M0 40L10 30M30 20L40 10");
});

test("power stands up for charging and down for discharging, from now on", () => {
  const { paths, x: place } = drawn();
  assert.equal(place(NOW - HOUR), 34);
  assert.equal(place(NOW + 4 * HOUR), 534);
  // Two thirds of the lane of 131 pixels are above zero.
  assert.match(paths.up, /^M134 \d+(\.\d)?V18H234/);
  assert.match(paths.down, /^M134 \d+(\.\d)?V\d+(\.\d)?H334V149H534/);
  assert.equal(paths["was-up"], "");
  assert.equal(paths.now, "M134 12V240");
});

test("what was planned before is apart from what is planned", () => {
  const { paths } = drawn({ power: sent([2, 2, -1, -1], { hours: -1 }) });
  assert.match(paths["was-up"], /^M34 \S+V18H134V\S+Z$/);
  assert.match(paths.up, /^M134 \S+V18H234/);
});

test("what was measured stands until now", () => {
  const { paths } = drawn({}, { measured: slots([[NOW - HOUR, 1]], { start: NOW, step: HOUR / 4 }, { start: NOW - HOUR, end: NOW }) });
  assert.match(paths.measured, /^M34 \S+H134$/);
});

test("the state of charge has a lane with limits and targets", () => {
  const { paths, targets } = drawn(
    {
      targets: [
        { at: new Date(NOW + HOUR).toISOString(), soc: 5, met: false, missed_by: 1 },
        { at: new Date(NOW + 9 * HOUR).toISOString(), soc: 5, met: null, missed_by: null },
      ],
    },
    { level: { start: NOW - HOUR, step: HOUR * 0.75, end: NOW + HOUR / 2, values: [3, 4] } },
  );
  // 0 to 10 kWh between 236 and 173 pixels.
  assert.equal(paths.soc, "M134 210.8L234 198.2L334 198.2L434 204.5");
  assert.equal(paths.level, "M34 217.1L109 210.8L134 210.8");
  assert.equal(paths.bounds, "M34 229.7H534V236H34ZM34 173H534V173H34Z");
  assert.deepEqual(targets, [{ x: 234, y: 204.5, met: false }]);
});

test("a device without a state of charge has no lane for it", () => {
  const { paths, labels } = drawn({ level: "none", soc: null });
  assert.equal(paths.soc, undefined);
  assert.ok(!labels.some(({ text }) => text === "kWh"));
});

test("prices are steps behind all, and a price for production is told apart", () => {
  const { paths } = drawn({ prices: { currency: "EUR", consumption: sent([0.1, 0.2, 0.3, 0.4]), production: { fixed: 0.05 } } });
  assert.match(paths.prices, /^M134 149V\S+H234V\S+H334V\S+H434V18H534V149Z$/);
  assert.equal(paths.feedin.match(/M/g)?.length, 1);
  assert.equal(drawn().paths.feedin, "");
  assert.equal(drawn({ prices: null }).paths.prices, undefined);
});

test("lanes and times have labels", () => {
  const texts = drawn().labels.map(({ text }) => plain(text));
  assert.deepEqual(texts.filter((text) => /[a-z%]/i.test(text)), ["kW", "€/kWh", "kWh"]);
  assert.deepEqual(texts.filter((text) => text.includes(":")), ["11:00", "11:30", "12:00", "12:30", "13:00", "13:30", "14:00", "14:30", "15:00", "15:30", "16:00"]);
  const overnight = drawn({}, { span: { start: NOW, end: NOW + 36 * HOUR } }).labels;
  assert.deepEqual(overnight.filter(({ side }) => side === "day").map(({ text }) => text), ["Sat", "Sun"]);
});

test("where there is little room prices have no axis", () => {
  const { paths, labels, x: place } = drawn({}, { width: 120, hasPrices: false });
  assert.ok(paths.price);
  assert.equal(place(NOW + 4 * HOUR), 112);
  assert.ok(!labels.some(({ text }) => text.includes("€")));
});

test("a currency is called by its sign or its letters alone", () => {
  const prices = { currency: "DKK", consumption: { fixed: 1.5 }, production: null };
  const sign = (/** @type {string} */ language) =>
    drawn({ prices }, { format: reader({ language }).format }).labels.find(({ text }) => text.endsWith("/kWh"))?.text;
  assert.deepEqual(["en", "fa", "he"].map(sign), ["kr/kWh", "kr/kWh", "kr/kWh"]);
});

test("without any power the lane is that of the limits", () => {
  const labels = drawn({ power: null, power_limits: { least: null, most: 11 } }).labels;
  assert.ok(labels.some(({ text }) => text === "10"));
  assert.ok(drawn({ power: sent([0]), power_limits: { least: null, most: null } }).labels.some(({ text }) => text === "1"));
});

test("thousands of slots are drawn in little text", () => {
  for (const count of [672, 2016]) {
    const values = Array.from({ length: count }, (_, index) => Math.round(40 * Math.sin(index / 5)) / 10);
    const step = (7 * 24 * 3600) / count;
    const { paths } = drawn(
      { power: sent(values, { step }), soc: sent(values, { step }) },
      { span: { start: NOW, end: NOW + 168 * HOUR } },
    );
    for (const path of Object.values(paths)) {
      assert.ok(!path.includes("NaN"));
      assert.ok(path.length < 40 * count);
    }
  }
});

test("a moment is found again at its place", () => {
  const { x: place, at } = drawn();
  assert.equal(at(place(NOW + HOUR)), NOW + HOUR);
});

test("what is measured now is not the mean of the slot that runs", () => {
  const points = /** @type {Point[]} */ ([[NOW - HOUR, 0], [NOW - 1000, 11], [NOW + HOUR, 3]]);
  assert.equal(valueAt(present(points, NOW), NOW), 11);
  assert.equal(valueAt(present([], NOW), NOW), null);
});
