import assert from "node:assert/strict";
import { test } from "node:test";

import { faces } from "../../custom_components/flexmeasures/frontend/www/faces.js";
import { HOUR, NOW, TEXTS, picture, plain, plan, reader, sent } from "./examples.js";

const HASS = {
  states: { "select.mode": { state: "hold", attributes: {} }, "sensor.status": { state: "infeasible", attributes: {} } },
  /** @param {EntityState} state @param {string} [value] */
  formatEntityState: (state, value) => `“${value ?? state.state}”`,
};

/** @param {Partial<Picture>} other @param {Source["problem"]} [problem] */
function said(other, problem) {
  const of = { picture: picture(other), plan: plan(other), problem };
  return faces(of, reader(), HASS).map(({ kind, lines }) => plain([kind, ...lines].join(" | ")));
}

/** @param {Partial<Picture["status"]>} other */
const status = (other) => ({ status: { ...picture().status, is_ok: false, ...other } });

test("nothing is said where all is well", () => {
  assert.deepEqual(said({}), []);
});

for (const problem of /** @type {const} */ (["not_found", "unauthorized", "failed", "unloaded"])) {
  test(`a card without a picture says that it is ${problem}`, () => {
    assert.deepEqual(faces({ problem }, reader(), HASS), [{ kind: "warning", lines: [TEXTS[problem]] }]);
  });
}

test("without a plan the cure is said", () => {
  const text = "No prices for the coming hours";
  assert.deepEqual(said({ power: null, ...status({ key: "prices_unknown", text, detail: "Look there." }) }), [`warning | ${text} | Look there.`]);
  assert.deepEqual(said({ power: null }), ["warning | No plan yet"]);
  const advice = "Press “Compute schedule”";
  const pressed = { power: null, entities: { ...picture().entities, compute: "button.compute" }, ...status({ key: "not_scheduled", text: advice }) };
  // As the button of the card is called.
  assert.deepEqual(said(pressed), ["warning | No plan yet: press “Plan now”, or switch on “Automatic scheduling”."]);
  assert.deepEqual(said({ power: null, ...status({ key: "not_scheduled", text: advice }) }), [`warning | ${advice}`]);
  // A washing machine's start is found at home: that is nothing to worry about.
  const here = "The start of the device is chosen by the prices";
  const isHere = status({ key: "s2_planned_here", text: here, detail: null, is_ok: true });
  assert.deepEqual(said({ power: null, ...isHere }), [`info | ${here}`]);
});

test("computing is progress, whether or not there is a plan", () => {
  assert.deepEqual(said(status({ key: "computing", is_ok: true })), ["busy | Computing a new plan…"]);
  assert.deepEqual(said({ power: null, ...status({ key: "computing" }) }), ["busy | Computing a new plan…"]);
});

test("a plan that is out of date says since when, and why", () => {
  const other = { is_out_of_date: true, ...status({ key: "job_failed", text: "Computing failed", detail: "No reason." }) };
  assert.deepEqual(said(other), ["warning | The plan is out of date: it was made 11:00. | Computing failed | No reason."]);
  assert.deepEqual(said({ is_out_of_date: true, last_schedule: null }), ["warning | The plan is out of date."]);
});

test("what is wrong with a plan that still holds is said in the words of Home Assistant", () => {
  assert.deepEqual(said(status({ key: "infeasible", text: "Server's language" })), ["warning | “infeasible”"]);
  // The entity may be late, or disabled.
  assert.deepEqual(said(status({ key: "other", text: "Server's language" })), ["warning | Server's language"]);
});

test("while the server is away the plan lasts", () => {
  const other = { server_answers: false, ...status({ key: "cannot_connect", text: "Cannot connect" }) };
  assert.deepEqual(said(other), ["error | The FlexMeasures server does not answer. | The plan lasts until 16:00."]);
  assert.deepEqual(said({ ...other, power: null }), ["error | The FlexMeasures server does not answer."]);
  const since = new Date(NOW - HOUR).toISOString();
  assert.deepEqual(said({ power: null, ...other, status: { ...other.status, since } }), ["error | The FlexMeasures server has not answered since 11:00."]);
});

test("a device that is away is said to be", () => {
  assert.deepEqual(said({ is_connected: false }), ["warning | The device is not connected. It does not follow the plan now."]);
  assert.deepEqual(said({ is_connected: true }), []);
});

test("an entity of the state of charge that is missing or says nothing is told of", () => {
  const entities = { ...picture().entities, level: "sensor.level" };
  const level = (/** @type {string | undefined} */ state) =>
    faces({ picture: picture({ entities }), plan: plan() }, reader(), {
      ...HASS,
      states: { ...HASS.states, "sensor.level": state === undefined ? undefined : { state, attributes: {} } },
    }).map(({ kind, lines }) => [kind, ...lines].join(" | "));
  for (const state of [undefined, "unavailable", "unknown"]) {
    assert.deepEqual(level(state), ["warning | “soc_entity_unavailable”"]);
  }
  assert.deepEqual([level("50"), level("eco")], [[], []]);
});

test("a plan that is over is said to be", () => {
  assert.deepEqual(said({ power: sent([1], { hours: -2 }) }), ["warning | The plan has ended."]);
});

test("a missed target is said, and by how much", () => {
  const at = new Date(NOW + HOUR).toISOString();
  assert.deepEqual(said({ targets: [{ at, soc: 9, met: false, missed_by: 3 }] }), [
    "error | The target of 9 kWh at 13:00 will be missed. | 6 kWh is expected, 3 kWh short.",
  ]);
  assert.deepEqual(said({ targets: [{ at, soc: 5, met: false, missed_by: null }] }), ["error | The target of 5 kWh at 13:00 will be missed."]);
  assert.deepEqual(said({ targets: [true, null].map((met) => ({ at, soc: 5, met, missed_by: null })) }), []);
});

test("what only the job was told is said where it is missed", () => {
  const at = new Date(NOW + HOUR).toISOString();
  assert.deepEqual(said({ targets: [{ at, soc: null, met: false, missed_by: 3 }] }), ["error | A target at 13:00 will be missed by 3 kWh."]);
  assert.deepEqual(said({ targets: [{ at, soc: null, met: null, missed_by: null }] }), []);
});

test("an override or a mode in force is said", () => {
  const until = new Date(NOW + HOUR).toISOString();
  assert.deepEqual(said({ override: { power: 3, until }, mode: "hold" }), ["info | Set by hand: charge 3 kW until 13:00."]);
  assert.deepEqual(said({ override: { power: 3, until: null } }), ["info | Set by hand: charge 3 kW."]);
  assert.deepEqual(said({ mode: "hold" }), ["info | Mode: “hold”. The plan is not followed."]);
});
