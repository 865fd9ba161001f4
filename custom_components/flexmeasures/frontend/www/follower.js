import { fill, html, write } from "./plan.js";

export const STYLE = `
.follower { margin-top: 12px; }
.wrong { padding: 8px 12px; border-inline-start: 4px solid var(--error-color, #db4437); }
.follower ol { max-height: 24em; overflow: auto; }
`;

/** @type {Fn.NameOf} */
const nameOf = (id, hass) => hass.states[id]?.attributes.friendly_name ?? id;

/** @type {Fn.ValueWords} */
const valueWords = (id, value, { format }, hass) => {
  const [domain] = id.split(".");
  const state = hass.states[id];
  if (typeof value === "number") {
    const { temperature } = hass.config.unit_system;
    const unit = { climate: temperature, water_heater: temperature, script: "kW", "": "kW" }[domain];
    return unit ? format.amount(value, unit) : state ? hass.formatEntityState(state, String(Number(value.toFixed(2)))) : format.number(value);
  }
  return value === null ? "–" : state ? hass.formatEntityState(state, value) : value;
};

/** @type {Fn.WritesWords} */
export const writesWords = (writes, reader, hass) =>
  writes
    .map(({ entity, value }) => {
      const name = entity ? nameOf(entity, hass) : reader.texts.follower_actions;
      return fill(reader.texts.follower_write, { name, value: valueWords(entity, value, reader, hass) });
    })
    .join(", ");

/** @type {Fn.FollowerLine} */
export const followerLine = ({ state, detail, by_hand_until: until, waits_for: ids, last }, reader, hass) => {
  const { texts, format, now } = reader;
  const isDone = ["dry_run", "following", "resting"].includes(state);
  if (isDone && !last?.writes.length) {
    return texts.follower_undecided;
  }
  return fill(texts[/** @type {"follower_dry_run"} */ (`follower_${state}`)], {
    what: isDone && last ? writesWords(last.writes, reader, hass) : "",
    time: until ? format.moment(Date.parse(until), now) : "",
    name: ids.map((id) => nameOf(id, hass)).join(", "),
    reason: detail ?? "",
  });
};

/** @type {Fn.ShowPart} */
export const show = (node, source, reader, card) => {
  if (!node.firstChild) {
    node.innerHTML = `<p role="status"></p><details><summary></summary><ol role="list" tabindex="0"></ol></details>`;
  }
  const [line, details] = /** @type {[Element, HTMLDetailsElement]} */ (/** @type {unknown} */ ([...node.children]));
  const { follower } = /** @type {Picture} */ (source.picture);
  line.className = follower?.state === "failing" ? "wrong" : "";
  write(line, html`${follower && followerLine(follower, reader, card.hass)}`);
  write(details.firstChild, reader.texts.decisions);
  /** @type {Element} */ (details.lastChild).ariaLabel = reader.texts.decisions;
  details.ontoggle = () => card.later();
  if (details.open) {
    card.part("decisions")?.show(details.lastChild, source, reader, card);
  } else {
    source.ends[3]?.();
    delete source.ends[3];
  }
};
