import english from "../../custom_components/flexmeasures/frontend/www/texts/en.js";
import more from "../../custom_components/flexmeasures/frontend/www/texts/en-more.js";
import { formatOf, outlook } from "../../custom_components/flexmeasures/frontend/www/plan.js";

export const HOUR = 3600e3;
/** A Friday at noon in Amsterdam, where it is winter. */
export const NOW = Date.parse("2026-11-27T11:00:00Z");

/** @type {Texts} */
export const TEXTS = { ...english, ...more };

/**
 * Values from some hours after `NOW` on.
 * @param {(number | null)[]} values
 * @param {{hours?: number, step?: number}} [from] step in seconds
 * @returns {SentSeries}
 */
export function sent(values, { hours = 0, step = 3600 } = {}) {
  return { start: new Date(NOW + hours * HOUR).toISOString(), step, values };
}

/**
 * A battery that charges 2 kW for an hour from now on, rests for an hour, and discharges 1 kW for two.
 * @param {Partial<Picture>} [other]
 * @returns {Picture}
 */
export function picture(other) {
  return {
    device_id: "d1",
    name: "Battery",
    kind: "battery",
    power: sent([2, 0, -1, -1]),
    soc: sent([4, 6, 6, 5]),
    soc_unit: "kWh",
    soc_limits: { least: 1, most: 10 },
    power_limits: { least: -5, most: 5 },
    prices: { currency: "EUR", consumption: sent([0.1, 0.2, 0.3, 0.4]), production: null },
    saved: { ahead: null, today: null },
    reasons: [],
    targets: [],
    mode: "automatic",
    override: null,
    setpoint: 2,
    status: { key: "ok", text: "OK", detail: null, is_ok: true, since: null },
    last_schedule: new Date(NOW - HOUR).toISOString(),
    is_out_of_date: false,
    server_answers: true,
    is_connected: null,
    is_ordinary: true,
    level: "has",
    entities: {
      setpoint: null,
      mode: "select.mode",
      target: null,
      ready_by: null,
      compute: null,
      automatic: null,
      status: "sensor.status",
      calendar: null,
      follower: null,
      hand_over: null,
      level: null,
      measured: null,
    },
    follower: null,
    level_attribute: null,
    curves: { level: {}, measured: {} },
    ...other,
  };
}

/** @param {Partial<Picture>} [other] */
export function plan(other) {
  return outlook(picture(other));
}

/**
 * Somebody in Amsterdam.
 * @param {{texts?: Texts, now?: Ms, zone?: string} & Partial<Locale>} [of]
 * @returns {Reader}
 */
export function reader({ texts = TEXTS, now = NOW, zone = "Europe/Amsterdam", ...locale } = {}) {
  const defaults = { language: "en-GB", number_format: "language", time_format: "24", time_zone: "server" };
  const format = formatOf({ locale: { ...defaults, ...locale }, config: { time_zone: zone, unit_system: { temperature: "°C" } } });
  return { texts, format, now };
}

/** Spaces that keep a number and its unit together are hard to see in a test. @param {string} text */
export function plain(text) {
  return text.replace(/[\u00a0\u202f]/g, " ");
}

/** What is left of the plan of `picture`. @type {Span} */
export const AHEAD = { start: NOW, end: NOW + 4 * HOUR };
