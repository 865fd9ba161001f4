import { writesWords } from "./follower.js";
import { action, fill, html, subscribe, write } from "./plan.js";

export const STYLE = `
.follower ol { list-style: none; }
.follower li { padding: 6px 0 6px 8px; border-top: 1px solid var(--line); }
.follower li span { display: block; }
.follower .dry { border-inline-start: 3px dashed var(--soft); }
`;

/** @type {Fn.DecisionWords} */
export const decisionWords = (picture, { at, setpoint, why, writes, is_dry: isDry }, reader, hass) => {
  const { texts, format, now } = reader;
  return [
    format.moment(Date.parse(at), now),
    // Where nothing was written, the device does something else.
    setpoint === null || !writes.length ? "" : action(picture, setpoint, reader),
    writes.length ? fill(isDry ? texts.follower_dry_run : texts.decision_written, { what: writesWords(writes, reader, hass) }) : "",
    texts[/** @type {"why_plan"} */ (`why_${why}`)] ?? "",
  ];
};

/** @type {Fn.ShowPart} */
export const show = (node, source, reader, card) => {
  const picture = /** @type {Picture} */ (source.picture);
  const { device_id } = picture;
  // What ends with all that is followed begins anew with it.
  source.ends[3] ??= subscribe(card.hass, { type: "flexmeasures/plan/subscribe", device_id, decisions: true }, ({ decisions }) => {
    source.decisions = decisions ?? source.decisions;
    card.later();
  });
  const items = source.decisions?.map((each) => {
    const [when, what, written, why] = decisionWords(picture, each, reader, card.hass);
    return html`<li class="${each.is_dry ? "dry" : ""}">${when} <b>${what}</b> <span>${written}</span> <span>${why}</span></li>`;
  });
  write(node, items ? items.join("") || html`<li>${reader.texts.follower_undecided}</li>` : "");
};
