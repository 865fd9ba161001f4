/* A page with plan cards only, for benchmarks/card.py: what Home Assistant's frontend gives a card, and a plan. */

/** @typedef {HTMLElement & { hass: unknown, setConfig: (config: object) => void }} PlanCard */

/** @type {any} */
const page = window;
const STEP = 900e3;
const midnight = new Date().setHours(0, 0, 0, 0);
const now = Date.now();

/**
 * What a device is to do from midnight on, in quarters of an hour; another thing each turn.
 * @param {string} device_id
 * @param {number} turn
 */
const pictureOf = (device_id, turn) => {
  const slots = (page.hours * 3600e3) / STEP;
  const every = (/** @type {(slot: number) => number} */ value) => ({
    start: new Date(midnight).toISOString(),
    step: STEP / 1000,
    values: Array.from({ length: slots }, (_, slot) => value(slot + turn)),
  });
  return {
    device_id,
    name: `Battery ${device_id}`,
    kind: "battery",
    power: every((slot) => [3.2, 3.2, 0, 0, -2.1, -2.1, 0][Math.floor(slot / 5) % 7]),
    soc: every((slot) => 5 + 4 * Math.sin(slot / 9)),
    soc_unit: "kWh",
    soc_limits: { least: 1, most: 10 },
    power_limits: { least: -5, most: 5 },
    prices: { currency: "EUR", consumption: every((slot) => 0.25 + 0.1 * Math.sin(slot / 11)), production: null },
    targets: [{ at: new Date(now + 6 * 3600e3).toISOString(), soc: 8, met: true }],
    mode: "automatic",
    override: null,
    setpoint: 3.2,
    status: { key: "ok", text: "OK", detail: null, is_ok: true, since: null },
    last_schedule: new Date(now).toISOString(),
    is_out_of_date: false,
    server_answers: true,
    is_connected: null,
    is_ordinary: true,
    level: "has",
    entities: {},
    curves: {},
  };
};

/** @type {Record<string, (picture: object) => void>} */
const heard = {};
const hass = {
  locale: { language: "en", number_format: "language", time_format: "24", time_zone: "local", date_format: "language" },
  config: { time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone },
  devices: {},
  entities: {},
  states: {},
  connection: {
    addEventListener() {},
    removeEventListener() {},
    async subscribeMessage(/** @type {(picture: object) => void} */ hear, /** @type {{ device_id: string }} */ { device_id }) {
      heard[device_id] = hear;
      hear(pictureOf(device_id, 0));
      return async () => {};
    },
  },
};

/** @returns {PlanCard[]} */
const cards = () => [...document.querySelectorAll("flexmeasures-plan-card")].map((card) => /** @type {PlanCard} */ (card));
const drawn = (/** @type {PlanCard} */ card) => card.shadowRoot?.querySelector("path.up")?.getAttribute("d");
const frame = () => new Promise(requestAnimationFrame);

/** Return the milliseconds from adding a card until the frame after the one in which its plan is drawn. */
page.paint = async (/** @type {string} */ device_id) => {
  const start = performance.now();
  const entry = "/www/flexmeasures.js";
  await import(entry);
  const card = /** @type {PlanCard} */ (document.createElement("flexmeasures-plan-card"));
  card.setConfig({ type: "custom:flexmeasures-plan-card", device_id });
  card.hass = hass;
  document.body.append(card);
  while (!drawn(card)) {
    await new Promise((soon) => setTimeout(soon));
  }
  await frame();
  await frame();
  return performance.now() - start;
};

/** Return the milliseconds of script and layout in which cards take over another plan. */
page.update = async (/** @type {string[]} */ device_ids, /** @type {number} */ turn) => {
  const pictures = device_ids.map((device_id) => pictureOf(device_id, turn));
  const shown = cards().map(drawn);
  const start = performance.now();
  pictures.forEach((picture) => heard[picture.device_id](picture));
  const changed = () => cards().filter((card, index) => drawn(card) !== shown[index]).length;
  while (changed() < device_ids.length) {
    await Promise.resolve();
    if (changed() < device_ids.length) {
      await frame();
    }
  }
  document.body.getBoundingClientRect();
  return performance.now() - start;
};

/** Return the milliseconds in which all cards are told of new states, as Home Assistant does many times a second. */
page.tell = () => {
  const start = performance.now();
  for (const card of cards()) {
    card.hass = { ...hass, states: { "sensor.other": {} } };
  }
  document.body.getBoundingClientRect();
  return performance.now() - start;
};

export {};
