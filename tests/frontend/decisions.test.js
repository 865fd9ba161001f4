import assert from "node:assert/strict";
import { test } from "node:test";

import { decisionWords } from "../../custom_components/flexmeasures/frontend/www/decisions.js";
import { followerLine, writesWords } from "../../custom_components/flexmeasures/frontend/www/follower.js";
import { HOUR, NOW, TEXTS, picture, plain, reader } from "./examples.js";
import { LANGUAGES, textsIn } from "./languages.js";

const HASS = {
  states: {
    "number.inverter": { state: "0", attributes: { friendly_name: "Inverter power", unit: "W" } },
    "switch.pump": { state: "off", attributes: { friendly_name: "Pump" } },
    "climate.hall": { state: "heat", attributes: { friendly_name: "Hall" } },
    "script.own": { state: "off", attributes: { friendly_name: "My script" } },
  },
  config: { unit_system: { temperature: "°C" } },
  /** As Home Assistant does it. @param {EntityState} state @param {string} [value] */
  formatEntityState: ({ attributes: { unit } }, value = "") => (unit ? `${Number(value).toLocaleString("en")} ${unit}` : `“${value}”`),
};

/** @param {Partial<Decision>} [other] @returns {Decision} */
function decision(other) {
  const writes = [{ entity: "number.inverter", value: 3200 }];
  return { at: new Date(NOW - HOUR).toISOString(), setpoint: 3.2, why: "plan", writes, is_dry: false, ...other };
}

/** @param {Partial<Following>} other @returns {Following} */
const following = (other) => ({ state: "following", is_in_control: true, detail: null, by_hand_until: null, waits_for: [], last: decision(), ...other });

/** @param {Partial<Following>} other */
const line = (other) => plain(followerLine(following(other), reader(), HASS));

test("each state of following is a line", () => {
  assert.equal(line({ state: "dry_run" }), "Dry run: would set Inverter power to 3,200 W");
  assert.equal(line({}), "Followed: set Inverter power to 3,200 W");
  assert.equal(line({ state: "resting", last: decision({ writes: [{ entity: "number.inverter", value: 0 }] }) }), "At rest: set Inverter power to 0 W");
  const until = new Date(NOW + HOUR).toISOString();
  assert.equal(line({ state: "by_hand", by_hand_until: until }), "Set at the device by hand: left alone until 13:00");
  const ids = ["switch.pump", "number.gone"];
  assert.equal(line({ state: "waiting", waits_for: ids }), "Waiting for Pump, number.gone, which is not available");
  assert.equal(line({ state: "failing", detail: "Look whether it is on." }), "The plan cannot be followed. Look whether it is on.");
});

test("before anything is decided, that is said", () => {
  for (const last of [null, decision({ writes: [] })]) {
    assert.equal(line({ state: "dry_run", last }), TEXTS.follower_undecided);
  }
});

test("values are written as their entities are", () => {
  const written = (/** @type {string} */ entity, /** @type {any} */ value) => plain(writesWords([{ entity, value }], reader(), HASS));
  assert.equal(written("number.inverter", 1234.5678), "Inverter power to 1,234.57 W");
  assert.equal(written("switch.pump", "on"), "Pump to “on”");
  assert.equal(written("climate.hall", 21.5), "Hall to 21.5 °C");
  assert.equal(written("script.own", -2.5), "My script to −2.5 kW");
  assert.equal(written("script.own", null), "My script to –");
  assert.equal(written("", 2), "your actions to 2 kW");
  assert.deepEqual([written("number.gone", 6), written("select.gone", "Charge")], ["number.gone to 6", "select.gone to Charge"]);
});

test("a decision says when, what, where and why", () => {
  const words = (/** @type {Partial<Decision>} */ other) => decisionWords(picture(), decision(other), reader(), HASS).map(plain);
  const two = [{ entity: "number.inverter", value: 3200 }, { entity: "switch.pump", value: "on" }];
  assert.deepEqual(words({ writes: two }), ["11:00", "charge 3.2 kW", "Set Inverter power to 3,200 W, Pump to “on”", "The plan asks for it."]);
  assert.equal(words({ is_dry: true })[2], "Dry run: would set Inverter power to 3,200 W");
  const yesterday = new Date(NOW - 20 * HOUR).toISOString();
  assert.deepEqual(words({ at: yesterday, writes: [], why: "by_hand" }), ["Thu 16:00", "", "", TEXTS.why_by_hand]);
  assert.equal(words({ setpoint: null, why: "no_plan" })[1], "");
  // One of a newer version.
  assert.equal(words({ why: "other" })[3], "");
});

test("a decision is in the language of the user, with their clock", async () => {
  const written = await Promise.all(
    LANGUAGES.map(async (language) => {
      const of = reader({ language, time_format: "12", texts: await textsIn(language) });
      return plain(decisionWords(picture(), decision({ is_dry: true }), of, HASS).join(" | "));
    }),
  );
  assert.deepEqual(written, [
    "11:00 AM | laden 3,2 kW | Probelauf: würde Inverter power auf 3,200 W setzen | Der Plan verlangt es.",
    "11:00 AM | charge 3.2 kW | Dry run: would set Inverter power to 3,200 W | The plan asks for it.",
    "11:00 a. m. | cargar 3,2 kW | Prueba: pondría Inverter power a 3,200 W | El plan lo pide.",
    "11:00 AM | charger 3,2 kW | Essai à blanc : réglerait Inverter power sur 3,200 W | Le planning le demande.",
    "11:00 a.m. | laden 3,2 kW | Proefdraaien: zou Inverter power op 3,200 W zetten | De planning vraagt erom.",
  ]);
});
