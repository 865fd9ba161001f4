import assert from "node:assert/strict";
import { test } from "node:test";

import { badgeOf } from "../../custom_components/flexmeasures/frontend/www/badge.js";
import { outlook } from "../../custom_components/flexmeasures/frontend/www/plan.js";
import { HOUR, NOW, picture, plain, reader } from "./examples.js";

const HASS = { localize: () => "Unavailable" };

/** @param {Partial<Picture>} [other] @param {Source["problem"]} [problem] */
function badge(other, problem) {
  const shown = picture(other);
  const { kind, text } = badgeOf({ picture: shown, plan: outlook(shown), problem }, reader(), HASS);
  return [kind, plain(text)];
}

test("a badge says what a device does, and until when", () => {
  assert.deepEqual(badge(), ["up", "Charging at 2 kW until 13:00"]);
  assert.deepEqual(badge({ setpoint: -1, mode: "hold" }), ["down", "Discharging at 1 kW"]);
  assert.deepEqual(badge({ setpoint: 0, power: null }), ["idle", "Idle"]);
});

test("what is not as it should be is marked", () => {
  const target = { at: new Date(NOW + HOUR).toISOString(), soc: 9, missed_by: null };
  assert.equal(badge({ targets: [{ ...target, met: true }] })[0], "up");
  for (const other of /** @type {Partial<Picture>[]} */ ([
    { is_out_of_date: true },
    { is_connected: false },
    { follower: { state: "failing", is_in_control: true, detail: "Look there.", by_hand_until: null, waits_for: [], last: null } },
    { targets: [{ ...target, met: false }] },
    { status: { key: "no_level", text: "No state of charge", detail: null, is_ok: false, since: null } },
  ])) {
    assert.equal(badge(other)[0], "wrong");
  }
  assert.deepEqual(badge({}, "unloaded"), ["wrong", "Unavailable"]);
});

test("without a setpoint a badge says why", () => {
  const status = { key: "no_plan", text: "No plan yet", detail: null, is_ok: false, since: null };
  assert.deepEqual(badge({ setpoint: null, power: null, status }), ["wrong", "No plan yet"]);
});

test("a badge waits for what it shows", () => {
  assert.deepEqual(badgeOf({}, reader(), HASS), { kind: "idle", name: "", text: "Loading the plan…" });
  assert.equal(badgeOf({ problem: "not_found" }, reader(), HASS).text, "Unavailable");
});
