import assert from "node:assert/strict";
import { test } from "node:test";

import { timeline } from "../../custom_components/flexmeasures/frontend/www/list.js";
import { action, blocks, fill, moment, nowLine, spanWords } from "../../custom_components/flexmeasures/frontend/www/plan.js";
import { AHEAD, HOUR, NOW, TEXTS, picture, plain, plan, reader, sent } from "./examples.js";
import { LANGUAGES, textsIn } from "./languages.js";

const QUARTERS = { start: NOW + 14.25 * HOUR, end: NOW + 16.5 * HOUR };

test("a text keeps what it has no value for", () => {
  assert.equal(fill("{a} and {b}", { a: "1" }), "1 and {b}");
});

test("numbers and money follow the user's number format", () => {
  const written = (/** @type {string} */ number_format) => {
    const { format } = reader({ number_format, language: "nl" });
    return plain(format.amount(1234.56, "kWh")).replace("’", "'");
  };
  assert.equal(written("language"), "1.234,6 kWh");
  assert.equal(written("comma_decimal"), "1,234.6 kWh");
  assert.equal(written("decimal_comma"), "1.234,6 kWh");
  assert.equal(written("space_comma"), "1 234,6 kWh");
  assert.equal(written("quote_decimal"), "1'234.6 kWh");
  assert.equal(written("none"), "1234.6 kWh");
  const { format } = reader();
  assert.deepEqual(
    [format.number(0.0349), format.amount(71.6, "%"), format.price(0.1234, "EUR"), format.price(38.5, "HUF"), format.money(-0.7, "EUR"), format.money(-0.003, "EUR"), format.number(-1e-9)],
    ["0.03", "72\u00a0%", "€0.123/kWh", "Ft 38.50/kWh".replace(" ", "\u00a0"), "−€0.70", "€0.00", "0"],
  );
});

test("numbers of a language that goes from right to left fit into texts that do not", () => {
  const { format } = reader({ language: "he", number_format: "language" });
  assert.equal(plain(format.price(0.179, "EUR")), "0.179 €/kWh");
  assert.equal(plain(format.amount(-2, "kW")), "−2 kW");
});

test("days are called as in the texts around them", () => {
  const day = (/** @type {string} */ language) => reader({ language }).format.day(NOW, NOW);
  assert.deepEqual(["he", "sv", "en-GB", "de", "fr-CA"].map(day), ["Fri", "Fri", "Fri", "Fr", "ven."]);
});

test("times have 12 or 24 hours as the user has chosen, in the user's zone", () => {
  const at = Date.parse("2026-11-27T17:05Z");
  const written = (/** @type {object} */ of) => plain(reader(of).format.time(at));
  assert.equal(written({ time_format: "24" }), "18:05");
  assert.equal(written({ time_format: "12", language: "en" }), "6:05 PM");
  assert.equal(written({ time_format: "language", language: "en" }), "6:05 PM");
  assert.equal(written({ time_format: "language", language: "de" }), "18:05");
  assert.equal(written({ zone: "Asia/Kolkata" }), "22:35");
  assert.equal(plain(reader({ time_format: "12", language: "en" }).format.time(at, true)), "6 PM");
  assert.equal(reader().format.time(Date.parse("2026-11-26T23:00Z")), "00:00");
});

test("a day is said once, and not if it is today; far days have their date", () => {
  assert.equal(spanWords({ start: NOW, end: NOW + HOUR }, reader()), "12:00 to 13:00");
  assert.equal(spanWords(QUARTERS, reader()), "Sat 02:15 to 04:30");
  assert.equal(spanWords({ start: NOW + 11 * HOUR, end: NOW + 13 * HOUR }, reader()), "23:00 to Sat 01:00");
  assert.equal(reader().format.moment(NOW + 168 * HOUR, NOW), "Fri 4 12:00");
});

test("the hour that comes twice is written twice", () => {
  const start = Date.parse("2026-10-25T00:00Z");
  assert.equal(spanWords({ start, end: start + HOUR }, reader({ now: start })), "02:00 to 02:00");
});

test("a power is an action of the kind of device", () => {
  const written = (/** @type {KW} */ power, /** @type {Partial<Picture>} */ other) => plain(action(picture(other), power, reader()));
  assert.equal(written(3.2, {}), "charge 3.2 kW");
  assert.equal(written(-0.75, {}), "discharge 0.75 kW");
  assert.equal(written(0.001, {}), "idle");
  assert.equal(written(-2, { kind: "solar", level: "none" }), "produce 2 kW");
  assert.equal(written(2, { kind: "heat" }), "heat 2 kW");
  assert.equal(written(2, { kind: "other", level: "none" }), "use 2 kW");
});

test("the plan reads as a list", () => {
  const [{ end }] = blocks(plan(), AHEAD);
  const reasons = [{ end: new Date(end).toISOString(), text: "It is cheap." }];
  assert.deepEqual(
    timeline(picture({ reasons }), plan(), AHEAD, reader()).map((words) => plain(words.join(" | "))),
    [
      "12:00 to 13:00 | charge 2 kW | 2 kWh, at €0.10/kWh, costs €0.20 | It is cheap.",
      "14:00 to 16:00 | discharge 1 kW | 2 kWh, at €0.35/kWh, earns €0.70 | ",
    ],
  );
  const free = { prices: null };
  assert.deepEqual(timeline(picture(free), plan(free), AHEAD, reader()).map(([, , more]) => plain(more)), ["2 kWh", "2 kWh"]);
  assert.deepEqual(timeline(picture(), plan({ power: null }), AHEAD, reader()), []);
});

test("the list is in the language of the user", async () => {
  const first = await Promise.all(
    LANGUAGES.map(async (language) => plain(timeline(picture(), plan(), AHEAD, reader({ language, texts: await textsIn(language) }))[1].slice(0, 3).join(", "))),
  );
  assert.deepEqual(first, [
    "14:00 bis 16:00, entladen 1 kW, 2 kWh, zu 0,35 €/kWh, bringt 0,70 €",
    "14:00 to 16:00, discharge 1 kW, 2 kWh, at €0.35/kWh, earns €0.70",
    "14:00 a 16:00, descargar 1 kW, 2 kWh, a 0,35 €/kWh, ingresa 0,70 €",
    "14:00 à 16:00, décharger 1 kW, 2 kWh, à 0,35 €/kWh, rapporte 0,70 €",
    "14:00 tot 16:00, ontladen 1 kW, 2 kWh, voor € 0,35/kWh, levert € 0,70 op",
  ]);
});

test("what runs now is said, until when, and what comes then", () => {
  const said = (/** @type {Partial<Picture>} */ other, now = NOW) => nowLine(picture(other), plan(other), reader({ now })).map(plain);
  assert.deepEqual(said({}), ["Charging at 2 kW until 13:00", "Then discharge 1 kW from 14:00"]);
  assert.deepEqual(said({ setpoint: 0 }, NOW + HOUR), ["Idle until 14:00", "Then discharge 1 kW from 14:00"]);
  // What outlasts the plan has no known end.
  assert.deepEqual(said({ setpoint: -1 }, NOW + 2 * HOUR), ["Discharging at 1 kW", ""]);
  assert.deepEqual(said({ setpoint: null }), ["", ""]);
  assert.deepEqual(said({ power: null, setpoint: 1 }), ["Charging at 1 kW", ""]);
});

test("what is set by hand, or by a mode, says nothing of the plan", () => {
  const until = new Date(NOW + HOUR / 2).toISOString();
  const override = { override: { power: 3, until }, setpoint: 3 };
  assert.deepEqual(nowLine(picture(override), plan(), reader()).map(plain), ["Charging at 3 kW until 12:30", ""]);
  const endless = { override: { power: 3, until: null }, setpoint: 3 };
  assert.deepEqual(nowLine(picture(endless), plan(), reader()).map(plain), ["Charging at 3 kW", ""]);
  assert.deepEqual(nowLine(picture({ mode: "hold", setpoint: 0 }), plan(), reader()), ["Idle", ""]);
});

test("all that is known of a moment has a name", () => {
  const known = moment(picture(), plan(), null, null, NOW + 2 * HOUR, reader()).map((each) => plain(each.join(" | ")));
  assert.deepEqual(known, ["planned | Planned | discharge 1 kW", "soc | State of charge | 6 kWh", "price | Price | €0.30/kWh"]);
});

test("what was measured goes before what was expected", () => {
  const measured = { start: NOW, step: HOUR, end: NOW + HOUR, values: [1.5] };
  const known = moment(picture(), plan(), measured, [[NOW - HOUR, 3.3]], NOW, reader()).map(([, , value]) => plain(value));
  assert.deepEqual(known, ["charge 2 kW", "charge 1.5 kW", "3.3 kWh", "€0.10/kWh"]);
});

test("a price for production is told apart, and what is not known is a dash", () => {
  const prices = { currency: "EUR", consumption: { fixed: 0.3 }, production: sent([0.08], { hours: 2 }) };
  const known = (/** @type {number} */ hours) =>
    moment(picture(), plan({ prices }), null, null, NOW + hours * HOUR, reader()).slice(2).map((each) => plain(each.join(" | ")));
  assert.deepEqual(known(2), ["price | Price | €0.30/kWh", "feedin | Feed-in price | €0.08/kWh"]);
  assert.deepEqual(known(3), ["price | Price | €0.30/kWh", "feedin | Feed-in price | –"]);
  const none = { power: null, soc: null, prices: null, level: /** @type {const} */ ("none") };
  assert.deepEqual(moment(picture(none), plan(none), null, null, NOW, reader()), [["planned", TEXTS.planned, "–"]]);
});

test("the next target is told, and keeps its place after the last one", () => {
  const targets = [1, 26].map((hours) => ({ at: new Date(NOW + hours * HOUR).toISOString(), soc: hours === 1 ? 8 : null, met: null, missed_by: null }));
  const told = (/** @type {number} */ hours) => plain(moment(picture({ targets }), plan(), null, null, NOW + hours * HOUR, reader())[2].join(" | "));
  assert.equal(told(0), "target | Target | 8 kWh, 13:00");
  assert.equal(told(1), "target | Target | 8 kWh, 13:00");
  // How full it was to be is not known of what only the job was told.
  assert.equal(told(2), "target | Target | –, Sat 14:00");
  assert.equal(told(27), "target | Target | –");
});
