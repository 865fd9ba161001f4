import { action, fill, html, isSilent, write } from "./plan.js";

export const STYLE = `
[role="status"] div {
  margin: 8px 0;
  padding: 8px 12px;
  border-inline-start: 4px solid var(--kind);
  border-radius: 4px;
  background: color-mix(in srgb, var(--kind) 12%, transparent);
}
.warning { --kind: var(--warning-color, #ffa600); }
.error { --kind: var(--error-color, #db4437); }
@media (prefers-reduced-motion) { progress { display: none; } }
`;

/** @type {Fn.Faces} */
export const faces = ({ picture, plan, problem }, reader, hass) => {
  const { texts, format, now } = reader;
  /** @type {Notice[]} */
  const found = [];
  /** @type {(kind: Notice["kind"], ...lines: (string | null)[]) => void} */
  const say = (kind, ...lines) => found.push({ kind, lines: lines.filter((line) => line !== null && line !== "") });
  /** @type {(text: string, at: string | Ms) => string} */
  const timed = (text, at) => fill(text, { time: format.moment(new Date(at).getTime(), now) });
  if (problem) {
    say("warning", texts[problem]);
  }
  if (!picture || !plan) {
    return found;
  }
  const { status, override, server_answers: isServerThere, soc_unit: unit, last_schedule: made, entities } = picture;
  const isComputing = status.key === "computing";
  const end = plan.power?.end ?? 0;
  const [shown, mode] = [entities.status, entities.mode].map((id) => hass.states[id ?? ""]);
  // Home Assistant writes it in the language of the user.
  const text = shown?.state === status.key ? hass.formatEntityState(shown) : status.text;
  const isPlannedHere = status.key === "s2_planned_here";
  const why = (status.is_ok && !isPlannedHere) || isComputing || !isServerThere ? ["", ""] : [text, status.detail];

  if (isComputing) {
    say("busy", texts.computing);
  }
  if (!isServerThere) {
    say("error", status.since ? timed(texts.away_since, status.since) : texts.away, end > now ? timed(texts.lasts, end) : "");
  }
  if (picture.is_connected === false) {
    say("warning", texts.not_connected);
  }
  if (!plan.power) {
    if (!isComputing && isServerThere) {
      // The button below is called otherwise than its entity.
      const cure = status.key === "not_scheduled" && entities.compute && texts.no_plan_press;
      say(isPlannedHere ? "info" : "warning", cure || why[0] || texts.no_plan, why[1]);
    }
  } else if (end <= now) {
    say("warning", texts.ended, ...why);
  } else if (picture.is_out_of_date) {
    say("warning", made ? timed(texts.old_since, made) : texts.old, ...why);
  } else if (why[0]) {
    say("warning", why[0], why[1]);
  } else if (shown && isSilent(hass, entities.level)) {
    // It is told even if nothing is to be scheduled now.
    say("warning", hass.formatEntityState(shown, "soc_entity_unavailable"));
  }
  for (const { at, soc, met, missed_by: by } of picture.targets) {
    const amount = (/** @type {number | null} */ value) => (value === null ? "–" : format.amount(value, unit));
    if (met === false && soc === null) {
      say("error", fill(timed(texts.missed_wish, at), { short: amount(by) }));
    } else if (met === false && soc !== null) {
      const missed = fill(timed(texts.missed, at), { soc: amount(soc) });
      say("error", missed, by === null ? "" : fill(texts.missed_by, { expected: amount(soc - by), short: amount(by) }));
    }
  }
  if (override) {
    const { power, until } = override;
    const what = action(picture, power, reader);
    say("info", fill(until ? timed(texts.override_until, until) : texts.override, { power: what }));
  } else if (picture.mode !== "automatic") {
    say("info", fill(texts.mode, { mode: mode ? hass.formatEntityState(mode, picture.mode) : picture.mode }));
  }
  return found;
};

/** @type {Fn.ShowFaces} */
export const show = (node, ...of) => {
  const items = faces(...of).map(
    ({ kind, lines }) =>
      html`<div class="${kind}">${lines.map((line) => html`<p>${line}</p>`)}${kind === "busy" ? [html`<progress aria-label="${lines[0]}"></progress>`] : ""}</div>`,
  );
  write(node, items.join(""));
};
