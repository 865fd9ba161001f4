import assert from "node:assert/strict";
import { test } from "node:test";

import { generate } from "../../custom_components/flexmeasures/frontend/www/strategies.js";
import { textsIn } from "./languages.js";

const TEXTS = await textsIn("en");
const TYPE = "custom:flexmeasures";

/**
 * A home with entities of FlexMeasures: `device: {key: entity id}`.
 * @param {Record<string, Record<string, string>>} parts
 * @param {{ stat_rate?: string }[]} [sources] of the Energy dashboard, which is not set up without them
 * @returns {Hass}
 */
function home(parts, sources) {
  const entities = Object.entries(parts).flatMap(([device_id, keys]) =>
    Object.entries(keys).map(([translation_key, id]) => [id, { platform: "flexmeasures", device_id, translation_key }]),
  );
  const states = entities.map(([id]) => [id, { state: "1", attributes: {} }]);
  return /** @type {any} */ ({
    entities: Object.fromEntries(entities),
    devices: Object.fromEntries(Object.keys(parts).map((id) => [id, { name: `The ${id}` }])),
    states: { ...Object.fromEntries(states), "sensor.grid": {} },
    callWS: async () => {
      if (!sources) {
        throw new Error("No prefs");
      }
      return { energy_sources: sources };
    },
  });
}

const BATTERY = {
  now: "sensor.b_now",
  setpoint: "sensor.b",
  planned_cost: "sensor.b_cost",
  scheduling_status: "sensor.b_status",
  mode: "select.b_mode",
  ready_by: "datetime.b_ready",
  plan: "calendar.b",
};
const CAR = { mode: "select.c_mode", price: "sensor.c_price" };
const FEED = { feed_backlog: "sensor.f_backlog" };
const METER = { electricity_cost_to_date: "sensor.m_cost", completeness: "sensor.m_part" };

/** @type {(config: any) => any} */
const entitiesOf = ({ entities }) => entities.map((/** @type {any} */ { entity }) => entity);

test("a dashboard has a view for each device, and for what else there is", async () => {
  const hass = home({ car: CAR, battery: BATTERY, feed: FEED, meter: METER });
  const { views } = /** @type {any} */ (await generate("dashboard", {}, hass, TEXTS));
  assert.deepEqual(views, [
    { title: "Overview", path: "overview", strategy: { type: TYPE } },
    { title: "The battery", path: "battery", strategy: { type: TYPE, device_id: "battery" } },
    { title: "The car", path: "car", strategy: { type: TYPE, device_id: "car" } },
    { title: "Feeds", path: "feed", strategy: { type: TYPE, show: "feed" } },
    { title: "Meters", path: "meter", strategy: { type: TYPE, show: "meter" } },
  ]);
  const few = /** @type {any} */ (await generate("dashboard", {}, home({ car: CAR }), TEXTS));
  assert.deepEqual(few.views.map((/** @type {any} */ { path }) => path), ["overview", "car"]);
});

test("what the user may not read is left out", async () => {
  const hass = { ...home({ car: CAR }), states: {} };
  const { views } = /** @type {any} */ (await generate("dashboard", {}, hass, TEXTS));
  assert.equal(views.length, 1);
});

test("the overview has the plans, and the powers and the price of the home", async () => {
  const hass = home({ car: CAR, battery: BATTERY }, [{ stat_rate: "sensor.grid" }, { stat_rate: "sensor.gone" }, {}]);
  const { badges, sections } = /** @type {any} */ (await generate("view", {}, hass, TEXTS));
  assert.deepEqual(badges.map((/** @type {any} */ each) => each.device_id), ["battery", "car"]);
  assert.deepEqual(sections.map((/** @type {any} */ { cards }) => cards[0].heading), ["The battery", "The car", "Home"]);
  assert.deepEqual(sections[0].cards[1].device_id, "battery");
  assert.deepEqual(sections[2].cards.slice(1).map((/** @type {any} */ { entity }) => entity), ["sensor.grid", "sensor.c_price"]);
});

test("where nothing is planned it is said what to do", async () => {
  for (const kind of /** @type {const} */ (["view", "section"])) {
    const made = /** @type {any} */ (await generate(kind, {}, home({ meter: METER }), TEXTS));
    const [{ type, content }] = (made.sections?.[0] ?? made).cards;
    assert.equal(type, "markdown");
    assert.match(content, /nothing.*\(\/config\/integrations\/integration\/flexmeasures\)/i);
  }
});

test("a device has its card, controls, status and calendar", async () => {
  const { sections } = /** @type {any} */ (await generate("view", { device_id: "battery" }, home({ battery: BATTERY }), TEXTS));
  const cards = sections.map((/** @type {any} */ section) => section.cards[1]);
  assert.deepEqual(cards.map((/** @type {any} */ { type }) => type), ["custom:flexmeasures-plan-card", "entities", "entities", "calendar"]);
  assert.deepEqual(entitiesOf(cards[1]), ["select.b_mode", "datetime.b_ready"]);
  assert.deepEqual(entitiesOf(cards[2]), ["sensor.b_status", "sensor.b_cost"]);
  assert.deepEqual(cards[3].entities, ["calendar.b"]);

  // Each of them may be disabled.
  const few = /** @type {any} */ (await generate("view", { device_id: "car" }, home({ car: { mode: "select.m" } }), TEXTS));
  assert.equal(few.sections.length, 2);
});

test("feeds and meters have all their entities", async () => {
  const hass = home({ feed: FEED, meter: METER });
  const feeds = /** @type {any} */ (await generate("view", { show: "feed" }, hass, TEXTS));
  assert.deepEqual(feeds.sections.map((/** @type {any} */ { cards }) => entitiesOf(cards[1])), [["sensor.f_backlog"]]);
  const meters = /** @type {any} */ (await generate("view", { show: "meter" }, hass, TEXTS));
  assert.deepEqual(entitiesOf(meters.sections[0].cards[1]), ["sensor.m_cost", "sensor.m_part"]);
});

test("a section is about one device, and about the first one if none is chosen", async () => {
  const hass = home({ car: CAR, battery: BATTERY });
  for (const [config, id] of /** @type {[StrategyConfig, string][]} */ ([[{ device_id: "car" }, "car"], [{}, "battery"], [{ device_id: "gone" }, "battery"]])) {
    const { cards } = /** @type {any} */ (await generate("section", config, hass, TEXTS));
    assert.equal(cards[0].heading, `The ${id}`);
    assert.equal(cards[1].device_id, id);
    assert.equal(cards[2].type, "entities");
  }
});
