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
  const hass = {
    entities: Object.fromEntries(entities),
    devices: Object.fromEntries(Object.keys(parts).map((id) => [id, { name: `The ${id}`, config_subentry_id: `ID_${id}` }])),
    states: { ...Object.fromEntries(states), "sensor.grid": {} },
    callWS: async (/** @type {{ type: string }} */ { type }) => {
      if (type === "recorder/list_statistic_ids") {
        return [{ statistic_id: "flexmeasures:id_meter_consumption" }, { statistic_id: "flexmeasures:id_other_production" }];
      }
      if (!sources) {
        throw new Error("No prefs");
      }
      return { energy_sources: sources };
    },
  };
  return /** @type {any} */ (hass);
}

const BATTERY = {
  now: "sensor.b_now",
  setpoint: "sensor.b",
  planned_cost: "sensor.b_cost",
  scheduling_status: "sensor.b_status",
  follower: "sensor.b_follower",
  hand_over: "switch.b_hand_over",
  mode: "select.b_mode",
  ready_by: "datetime.b_ready",
  plan: "calendar.b",
};
const CAR = { mode: "select.c_mode", price: "sensor.c_price" };
const FEED = { feed_backlog: "sensor.f_backlog" };
const METER = { electricity_cost_to_date: "sensor.m_cost", completeness: "sensor.m_part" };

/** @type {(config: any) => any} */
const entitiesOf = ({ entities }) => entities.map((/** @type {any} */ { entity, row }) => entity ?? row.entity);

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
  assert.deepEqual(sections.map((/** @type {any} */ { cards }) => cards[0].heading), ["Home", "The battery", "The car"]);
  assert.deepEqual(sections[1].cards[1].device_id, "battery");
  assert.deepEqual(sections[0].cards.slice(1).map((/** @type {any} */ { entity }) => entity), ["sensor.grid", "sensor.c_price"]);
});

test("a text of one's own is above the overview, and nowhere else", async () => {
  const hass = home({ car: CAR });
  const { views } = /** @type {any} */ (await generate("dashboard", { note: "Hello" }, hass, TEXTS));
  assert.deepEqual(views.map((/** @type {any} */ { strategy }) => strategy.note), ["Hello", undefined]);
  const { header } = /** @type {any} */ (await generate("view", views[0].strategy, hass, TEXTS));
  assert.equal(header.card.content, "Hello");
  assert.ok(!("header" in (await generate("view", {}, hass, TEXTS))));
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
  assert.deepEqual(cards.map((/** @type {any} */ { type }) => type), ["custom:flexmeasures-plan-card", "entities", "calendar", "entities"]);
  assert.deepEqual(entitiesOf(cards[1]), ["select.b_mode", "datetime.b_ready", "datetime.b_ready", "switch.b_hand_over"]);
  assert.deepEqual(cards[2].entities, ["calendar.b"]);
  assert.deepEqual(entitiesOf(cards[3]), ["sensor.b_status", "sensor.b_follower", "sensor.b_cost"]);

  // Each of them may be disabled.
  const few = /** @type {any} */ (await generate("view", { device_id: "car" }, home({ car: { mode: "select.m" } }), TEXTS));
  assert.equal(few.sections.length, 2);
});

test("what days of a device cost and saved is there once there are statistics", async () => {
  const entities = { ...BATTERY, cost_today: "sensor.b_cost_today", saved_today: "sensor.b_saved_today" };
  const hass = home({ battery: entities });
  const before = /** @type {any} */ (await generate("view", { device_id: "battery" }, hass, TEXTS));
  assert.equal(before.sections.length, 4);
  const { callWS } = hass;
  hass.callWS = async (message) => (message.type === "recorder/list_statistic_ids" ? [{ statistic_id: "sensor.b_saved_today" }] : callWS(message));
  const { sections } = /** @type {any} */ (await generate("view", { device_id: "battery" }, hass, TEXTS));
  const [heading, graph] = sections.at(-1).cards;
  assert.equal(heading.heading, "By day");
  assert.deepEqual([graph.entities, graph.period, graph.stat_types], [["sensor.b_saved_today"], "day", ["change"]]);
});

test("a moment that is not set can be set, and is not called unknown", async () => {
  const { sections } = /** @type {any} */ (await generate("view", { device_id: "battery" }, home({ battery: BATTERY }), TEXTS));
  const [, known, unset] = sections[1].cards[1].entities;
  assert.equal(known.row.type, "simple-entity");
  assert.deepEqual(known.conditions, [{ condition: "not", conditions: unset.conditions }]);
  assert.deepEqual(unset.conditions, [{ condition: "state", entity: "datetime.b_ready", state: "unknown" }]);
  assert.equal(unset.row.action_name, "Set");
});

test("feeds and meters have all their entities", async () => {
  const hass = home({ feed: FEED, meter: METER });
  const feeds = /** @type {any} */ (await generate("view", { show: "feed" }, hass, TEXTS));
  assert.deepEqual(feeds.sections.map((/** @type {any} */ { cards }) => entitiesOf(cards[1])), [["sensor.f_backlog"]]);
  const { sections } = /** @type {any} */ (await generate("view", { show: "meter" }, hass, TEXTS));
  const [, tile, graph, rest] = sections[0].cards;
  assert.deepEqual([tile.entity, tile.name], ["sensor.m_cost", "So far"]);
  assert.deepEqual(graph.entities, ["flexmeasures:id_meter_consumption"]);
  assert.deepEqual(entitiesOf(rest), ["sensor.m_part"]);
});

test("solar panels, which use nothing, have no bill of that", async () => {
  const panels = { electricity_usage_to_date: "sensor.p_used", electricity_typical_usage: "sensor.p_typical", electricity_cost_to_date: "sensor.p_cost" };
  const { sections } = /** @type {any} */ (await generate("view", { show: "meter" }, home({ panels }), TEXTS));
  const [used, cost, typical] = sections[0].cards.slice(1);
  const above = { condition: "numeric_state", above: 0 };
  const conditions = [{ ...above, entity: "sensor.p_used" }, { ...above, entity: "sensor.p_typical" }];
  assert.deepEqual([used, typical].map(({ visibility }) => visibility), Array(2).fill([{ condition: "or", conditions }]));
  assert.ok(!("visibility" in cost));
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
