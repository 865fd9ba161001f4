import assert from "node:assert/strict";
import { test } from "node:test";

const TAG = "flexmeasures-plan-card";
const TAGS = [TAG, "flexmeasures-plan-badge", "flexmeasures-plan", "flexmeasures-section-editor", ...["dashboard", "view", "section"].map((kind) => `ll-strategy-${kind}-flexmeasures`)];

/** A page's registry of elements. */
class Registry {
  /** @type {Map<string, any>} */
  elements = new Map();
  /** @type {Record<string, () => void>} */
  waiting = {};

  /** @param {string} tag */
  get(tag) {
    return this.elements.get(tag);
  }

  /** @param {string} tag @param {any} element */
  define(tag, element) {
    assert.ok(!this.elements.has(tag), `${tag} is defined twice`);
    this.elements.set(tag, element);
  }

  /** @param {string} tag */
  whenDefined(tag) {
    return new Promise((resolve) => {
      this.waiting[tag] = () => resolve(undefined);
    });
  }
}

const page = /** @type {any} */ (globalThis);
page.window = globalThis;
page.HTMLElement = class {};
page.document = { documentElement: { lang: "nl" } };

/** Run the module as often as a page asks for it by another address. @param {string} name */
const run = (name) => import(`../../custom_components/flexmeasures/frontend/www/flexmeasures.js?${name}`);

/** @param {string} name */
const offer = (name) => import(`../../custom_components/flexmeasures/frontend/www/offers.js?${name}`);

/** @param {string} name */
async function load(name) {
  page.customElements = new Registry();
  await run(name);
  await offer(name);
  return page.customElements;
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("elements are defined at once, and offered once", async () => {
  page.customCards = [{ type: "another" }];
  const registry = await load("first");
  assert.deepEqual([...registry.elements.keys()], TAGS);
  await run("again");
  await offer("again");
  assert.deepEqual(page.customCards.map((/** @type {any} */ { type }) => type), ["another", TAG]);
  assert.deepEqual(page.customBadges.map((/** @type {any} */ { type }) => type), ["flexmeasures-plan-badge"]);
  registry.waiting["home-assistant"]();
  await settled();
});

test("the card is defined in the registry that replaces the first one", async () => {
  const registry = await load("swapped");
  const scoped = new Registry();
  page.customElements = scoped;
  registry.waiting["home-assistant"]();
  await settled();
  assert.ok(scoped.get(TAG));
  assert.notEqual(scoped.get(TAG), registry.get(TAG));
});

const HASS = {
  entities: {
    "sensor.light": { platform: "hue", device_id: "lamp" },
    "sensor.feed": { platform: "flexmeasures", device_id: "feed", translation_key: "feed_backlog" },
    "sensor.price": { platform: "flexmeasures", device_id: "battery", translation_key: "price" },
    "sensor.setpoint": { platform: "flexmeasures", device_id: "battery", translation_key: "setpoint" },
    "select.mode": { platform: "flexmeasures", device_id: "battery", translation_key: "mode" },
    "select.other": { platform: "flexmeasures", device_id: "car", translation_key: "mode" },
  },
  devices: { lamp: { name: "Lamp" }, feed: { name: "Feed" }, battery: { name: "FM 1", name_by_user: "Battery" }, car: { name: "Car" } },
  states: Object.fromEntries(["sensor.light", "sensor.feed", "sensor.price", "sensor.setpoint", "select.mode", "select.other"].map((id) => [id, {}])),
};

for (const [list, tag] of [["customCards", TAG], ["customBadges", "flexmeasures-plan-badge"]]) {
  test(`${tag} is suggested for entities of devices that are scheduled`, () => {
    const { getEntitySuggestion } = page[list].find((/** @type {any} */ { type }) => type === tag);
    assert.deepEqual(getEntitySuggestion(HASS, "sensor.price"), { config: { type: `custom:${tag}`, device_id: "battery" } });
    for (const entity of ["sensor.light", "sensor.feed", "sensor.none"]) {
      assert.equal(getEntitySuggestion(HASS, entity), null);
    }
  });
}

test("the strip of the plan is offered in tiles of setpoints", async () => {
  const [{ isSupported }] = page.customCardFeatures;
  assert.ok(isSupported(HASS, { entity_id: "sensor.setpoint" }));
  for (const entity_id of ["sensor.price", "sensor.light", "sensor.none", undefined]) {
    assert.ok(!isSupported(HASS, { entity_id }));
  }
  const Feature = (await load("feature")).get("flexmeasures-plan");
  assert.deepEqual(await Feature.getStubConfig(HASS), { type: "custom:flexmeasures-plan" });
});

test("the first device that is scheduled and may be seen is the example", async () => {
  const Card = (await load("stub")).get(TAG);
  assert.deepEqual(await Card.getStubConfig(HASS), { device_id: "battery" });
  assert.deepEqual(await Card.getStubConfig({ ...HASS, states: { "select.other": {} } }), { device_id: "car" });
  assert.deepEqual(await Card.getStubConfig({ ...HASS, entities: {} }), { device_id: undefined });
});

test("the form is in the language of the page, and leaves lists of devices to YAML", async () => {
  const Card = (await load("form")).get(TAG);
  const { schema, computeLabel, assertConfig } = await Card.getConfigForm();
  assert.deepEqual(schema.map(computeLabel), ["Apparaat", "Titel", "Getoonde tijd", "‘Nu plannen’, modus, doel en ‘Besturing overdragen’ tonen"]);
  assert.deepEqual(schema[2].selector.select.options.map((/** @type {any} */ { value }) => value), ["day", "24h", "all"]);
  assertConfig({ device_id: "d1" });
  assert.throws(() => assertConfig({ devices: ["d1"] }), /YAML/);
  const Badge = page.customElements.get("flexmeasures-plan-badge");
  assert.deepEqual((await Badge.getConfigForm()).schema.map(computeLabel), ["Apparaat"]);
});

test("a configuration that cannot be is refused", async () => {
  const Card = (await load("config")).get(TAG);
  assert.throws(() => new Card().setConfig({ devices: "d1" }), /devices/);
  new Card().setConfig({});
});
