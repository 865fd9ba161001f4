import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { follow, meaning, pointOf, slots } from "../../custom_components/flexmeasures/frontend/www/history.js";
import { sourceOf } from "../../custom_components/flexmeasures/frontend/www/plan.js";
import { HOUR, NOW, picture } from "./examples.js";

globalThis.window = /** @type {any} */ (globalThis);

/** @type {{message: any, heard: (event: any) => void, isEnded: boolean}[]} */
let opened = [];
/** @type {{code: string} | undefined} */
let refusal;

const HASS = /** @type {Hass} */ (
  /** @type {unknown} */ ({
    states: {
      "sensor.power": { attributes: { unit_of_measurement: "W" } },
      "sensor.level": { attributes: { unit_of_measurement: "%" } },
      "water_heater.tank": { attributes: {} },
    },
    config: { unit_system: { temperature: "°F" } },
    connection: {
      /** @param {(event: any) => void} heard @param {any} message */
      subscribeMessage: async (heard, message) => {
        if (refusal) {
          throw refusal;
        }
        const subscription = { message, heard, isEnded: false };
        opened.push(subscription);
        return async () => {
          assert.ok(!subscription.isEnded, "ended twice");
          subscription.isEnded = true;
        };
      },
    },
  })
);

/** @type {Curve} */
const WATTS = [[-1e9, -1e6], [1e9, 1e6]];
/** @type {Curve} */
const TANK = [[-58, 0], [95, 0], [140, 8], [302, 8]];

const MEASURED = picture({
  entities: { ...picture().entities, measured: "sensor.power", level: "sensor.level" },
  curves: { measured: { W: WATTS }, level: { "%": [[-1, 0], [0, 0], [100, 8], [101, 8]] } },
});

const settled = () => new Promise((resolve) => process.nextTick(() => setImmediate(resolve)));

beforeEach(() => {
  opened = [];
  refusal = undefined;
});

test("what is shown is read along lines, and nothing is made of what is beyond them", () => {
  assert.deepEqual([95, 106.25, 140, 200, 302, -58, -10].map((shown) => meaning(TANK, shown)), [0, 2, 8, 8, 8, 0, 0]);
  assert.deepEqual([-59, 303, NaN, Infinity].map((shown) => meaning(TANK, shown)), [null, null, null, null]);
  assert.equal(meaning([[35, 0], [35, 0], [60, 8]], 35), 0);
});

test("a state that is no number is not known", () => {
  assert.deepEqual(pointOf({ s: "2500", lu: 12.5 }, WATTS), [12500, 2.5]);
  for (const state of ["unavailable", "unknown", "", " ", "nan", "inf"]) {
    assert.deepEqual(pointOf({ s: state, lu: 1 }, WATTS), [1000, null]);
  }
});

test("an attribute can be what is measured", () => {
  assert.deepEqual(pointOf({ s: "eco", a: { current_temperature: 106.25 }, lu: 1 }, TANK, "current_temperature"), [1000, 2]);
  assert.deepEqual(pointOf({ s: "80", a: { current_temperature: null }, lu: 1 }, TANK, "current_temperature"), [1000, null]);
  assert.deepEqual(pointOf({ s: "80", lu: 1 }, TANK, "current_temperature"), [1000, null]);
});

test("slots are the means of what was measured, by time", () => {
  /** @type {Point[]} */
  const points = [[NOW, 1], [NOW + HOUR / 4, 3], [NOW + 2 * HOUR, 0]];
  const { start, values } = slots(points, { start: NOW, step: HOUR }, { start: NOW, end: NOW + 3 * HOUR });
  assert.equal(start, NOW);
  assert.deepEqual(values, [(1 + 3 * 3) / 4, 3, 0]);
});

test("a slot is not known where less than half of it is, and the running one ends now", () => {
  /** @type {Point[]} */
  const points = [[NOW + HOUR * 0.75, 4], [NOW + HOUR * 1.25, null], [NOW + HOUR * 2, 2]];
  const span = { start: NOW, end: NOW + 2.5 * HOUR };
  assert.deepEqual(slots(points, { start: NOW, step: HOUR }, span).values, [null, null, 2]);
  assert.deepEqual(slots(points, { start: NOW - 7 * HOUR, step: HOUR / 2 }, span).values, [null, null, null, null, 2]);
  assert.deepEqual(slots([], { start: NOW, step: HOUR }, { start: NOW, end: NOW + HOUR }).values, [null]);
});

test("states of a whole day are averaged", () => {
  const points = Array.from({ length: 86400 }, (_, index) => /** @type {Point} */ ([NOW + index * 1000, index % 2]));
  const { values } = slots(points, { start: NOW, step: HOUR / 4 }, { start: NOW, end: NOW + 24 * HOUR });
  assert.equal(values.length, 96);
  assert.ok(values.every((value) => value === 0.5));
});

test("a device is followed, and what is measured as well", async () => {
  const changes = /** @type {(Ms | undefined)[]} */ ([]);
  /** @param {Ms} [wait] */
  const changed = (wait) => changes.push(wait);
  const source = sourceOf("d1", changed);
  source.start(HASS);
  await settled();
  assert.deepEqual(opened[0].message, { type: "flexmeasures/plan/subscribe", device_id: "d1" });
  follow(source, HASS, "UTC", changed);
  assert.equal(opened.length, 1);

  opened[0].heard(MEASURED);
  assert.equal(source.picture, MEASURED);
  assert.equal(source.plan?.power?.start, NOW);
  follow(source, HASS, "UTC", changed);
  follow(source, HASS, "UTC", changed);
  await settled();
  assert.deepEqual(opened.slice(1).map(({ message }) => message.entity_ids), [["sensor.power"], ["sensor.level"]]);

  opened[1].heard({ states: { "sensor.power": [{ s: "1500", lu: NOW / 1000 }] } });
  opened[1].heard({ states: { "sensor.power": [{ s: "0", lu: NOW / 1000 + 1 }] } });
  assert.deepEqual(source.traces[0], [[NOW, 1.5], [NOW + 1000, 0]]);
  opened[2].heard({ states: { "sensor.level": [{ s: "50", lu: NOW / 1000 }] } });
  assert.deepEqual(source.traces[1], [[NOW, 4]]);
  // What comes first is shown at once, what comes all the time now and then.
  assert.deepEqual(changes, [undefined, 0, 5000, 0]);

  source.stop();
  await settled();
  assert.ok(opened.every(({ isEnded }) => isEnded));
  opened[0].heard({ unloaded: true });
  assert.equal(source.problem, undefined);
});

test("the level of a tank is read from what its thermostat measures", async () => {
  const source = sourceOf("d1", () => {});
  source.start(HASS);
  await settled();
  const entities = { ...MEASURED.entities, measured: null, level: "water_heater.tank" };
  opened[0].heard({ ...MEASURED, entities, level_attribute: "current_temperature", curves: { measured: {}, level: { "°F": TANK } } });
  follow(source, HASS, "UTC", () => {});
  await settled();
  const { message, heard } = opened[1];
  assert.deepEqual([message.entity_ids, message.no_attributes, message.minimal_response], [["water_heater.tank"], false, false]);
  heard({ states: { "water_heater.tank": [{ s: "eco", a: { current_temperature: 106.25 }, lu: 1 }] } });
  assert.deepEqual(source.traces, [null, [[1000, 2]]]);
  source.stop();
});

test("what is shown in a unit of which nothing is known is not drawn", async () => {
  const source = sourceOf("d1", () => {});
  source.start(HASS);
  await settled();
  opened[0].heard({ ...MEASURED, curves: { ...MEASURED.curves, level: { kWh: WATTS } } });
  follow(source, HASS, "UTC", () => {});
  await settled();
  assert.equal(opened.length, 2);
  assert.equal(source.traces[1], null);
  source.stop();
});

test("a device that is unloaded keeps its picture, and comes again", async () => {
  const source = sourceOf("d1", () => {});
  source.start(HASS);
  await settled();
  opened[0].heard(MEASURED);
  opened[0].heard({ unloaded: true });
  assert.deepEqual([source.problem, source.picture], ["unloaded", MEASURED]);
  opened[0].heard(MEASURED);
  assert.equal(source.problem, undefined);
  source.stop();
});

test("a refusal is a problem, and only one that may pass is tried again", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    for (const [code, problem, isRetried] of /** @type {const} */ ([
      ["not_found", "not_found", false],
      ["unauthorized", "unauthorized", false],
      ["unknown_command", "failed", true],
    ])) {
      opened = [];
      refusal = { code };
      const source = sourceOf("d1", () => {});
      source.start(HASS);
      await settled();
      assert.equal(source.problem, problem);
      refusal = undefined;
      mock.timers.tick(5e3);
      await settled();
      assert.equal(opened.length === 1, isRetried);
      source.stop();
    }
  } finally {
    mock.timers.reset();
  }
});

test("starting anew ends what was there, once", async () => {
  const source = sourceOf("d1", () => {});
  source.start(HASS);
  await settled();
  opened[0].heard(MEASURED);
  follow(source, HASS, "UTC", () => {});
  source.start(HASS);
  await settled();
  assert.deepEqual(opened.map(({ isEnded }) => isEnded), [true, true, true, false]);
  source.stop();
});
