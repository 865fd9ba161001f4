import { HOUR, dayStart, heldAt, linear, subscribe } from "./plan.js";

/** What is measured all the time is not drawn all the time. */
const PAUSE = 5e3;

/** @type {Fn.Meaning} */
export const meaning = (curve, shown) => {
  const next = curve.findIndex(([end], index) => index && shown <= end);
  const [[start, first], [end, last]] = curve.slice(next - 1);
  return next < 0 || shown < start ? null : linear(start, end, first, last)(shown);
};

/** @type {Fn.PointOf} */
export const pointOf = ({ s: state, a: attributes, lu: seconds }, curve, attribute) => {
  const shown = String(attribute ? attributes?.[attribute] : state);
  // An empty text would be zero.
  return [seconds * 1000, meaning(curve, Number(shown.trim() || NaN))];
};

/** @type {Fn.Slots} */
export const slots = (points, { start: origin, step }, span) => {
  const start = origin + Math.floor((span.start - origin) / step) * step;
  const values = [];
  let [end, next] = [start, 0];
  for (; end < span.end; end += step) {
    const until = Math.min(end + step, span.end);
    let [sum, known] = [0, 0];
    for (; points[next]?.[0] < until; next++) {
      const [at, value] = points[next];
      const held = Math.min(points[next + 1]?.[0] ?? until, until) - Math.max(at, end);
      if (value !== null && held > 0) {
        sum += value * held;
        known += held;
      }
    }
    // It may hold in the next slot as well.
    next = Math.max(0, next - 1);
    values.push(known * 2 > until - end ? sum / known : null);
  }
  return { start, step, values, end };
};

/** @type {Fn.Present} */
export const present = (points, now) => ({ start: now, step: 1, end: now + 1, values: [heldAt(points, now)] });

/** @type {Fn.Follow} */
export const follow = (source, hass, zone, changed) => {
  const { entities, curves, level_attribute } = source.picture ?? {};
  const start_time = new Date(dayStart(zone, Date.now() - 3 * HOUR)).toISOString();
  const followable = /** @type {const} */ (["measured", "level"]).map((name) => {
    const id = entities?.[name] ?? "";
    const attribute = name === "level" ? level_attribute : null;
    const unit = attribute ? hass.config.unit_system.temperature : hass.states[id]?.attributes.unit_of_measurement;
    return { id, attribute, curve: curves?.[name][unit] };
  });
  const key = start_time + JSON.stringify(followable);
  if (key === source.followed) {
    return;
  }
  source.followed = key;
  source.traces = followable.map(({ id, attribute, curve }, index) => {
    const points = /** @type {Point[]} */ ([]);
    source.ends[index + 1]?.();
    delete source.ends[index + 1];
    if (!curve) {
      return null;
    }
    const message = {
      type: "history/stream",
      entity_ids: [id],
      start_time,
      minimal_response: !attribute,
      no_attributes: !attribute,
      significant_changes_only: false,
    };
    // Without the recorder there is no history.
    source.ends[index + 1] = subscribe(hass, message, ({ states }) => {
      changed(points.length && PAUSE);
      for (const state of states[id] ?? []) {
        points.push(pointOf(state, curve, attribute));
      }
    });
    return points;
  });
};
