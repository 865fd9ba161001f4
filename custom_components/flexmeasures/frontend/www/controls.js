import { fill } from "./plan.js";

export const STYLE = `
.controls > * { margin-top: 8px; }
:disabled { opacity: 0.5; }
[type="number"] { width: 5em; }
[role="switch"] { width: 20px; height: 20px; margin: 8px 4px; }
`;

const FORM = `<button></button><label><span></span><select></select></label>
<label><span></span><input type="number"><span></span></label><label><input type="checkbox" role="switch"><span></span></label><p role="alert"></p>`;

/** What is being entered stays until Home Assistant has something new. @type {Fn.Offer} */
const offer = (control, value = "") => {
  if (control.dataset.known !== value) {
    control.value = control.dataset.known = value;
    control.checked = value === "true";
  }
};

/** @type {Fn.ShowPart} */
export const show = (root, source, { texts }, { hass, config }) => {
  const picture = /** @type {Picture} */ (source.picture);
  if (!root.firstChild) {
    root.innerHTML = FORM;
  }
  /** @type {(selector: string) => any[]} */
  const find = (selector) => [...root.querySelectorAll(selector)];
  const [button, select, input, hand, failure] = find("button, select, input, p");
  const [modeLabel, targetLabel, handLabel] = find("label");
  const [modeName, targetName, unit, handName] = find("span");
  const { compute, mode, target, hand_over } = picture.entities;
  const [modes, targets, hands] = [mode, target, hand_over].map((id) => (config.show_controls ? hass.states[id ?? ""] : undefined));

  /** @type {Fn.Act} */
  const act = async (action, entity_id, data) => {
    const [domain, service] = action.split(".");
    failure.textContent = "";
    try {
      await hass.callService(domain, service, { entity_id, ...data });
    } catch (error) {
      failure.textContent = fill(texts.action_failed, { error: /** @type {Error} */ (error).message });
    }
  };

  button.hidden = !hass.states[compute ?? ""];
  button.disabled = picture.status.key === "computing";
  button.textContent = texts.plan_now;
  button.onclick = () => act("button.press", compute);

  modeLabel.hidden = !modes;
  modeName.textContent = texts.label_mode;
  const options = /** @type {string[]} */ (modes?.attributes.options ?? []);
  if (modes && select.children.length !== options.length) {
    const made = options.map((option) => new Option(hass.formatEntityState(modes, option), option));
    select.replaceChildren(...made);
  }
  offer(select, modes?.state);
  select.onchange = () => act("select.select_option", mode, { option: select.value });

  targetLabel.hidden = !targets;
  targetName.textContent = texts.target;
  const { min, max, step, unit_of_measurement: of } = targets?.attributes ?? {};
  Object.assign(input, { min, max, step });
  unit.textContent = of;
  offer(input, targets?.state);
  input.onchange = () => act("number.set_value", target, { value: Number(input.value) });

  handLabel.hidden = !hands || !picture.follower;
  handName.textContent = texts.label_hand_over;
  offer(hand, String(picture.follower?.is_in_control));
  hand.onchange = async () => {
    await act(`switch.turn_${hand.checked ? "on" : "off"}`, hand_over);
    // What did not work is not shown as done.
    hand.checked = hand.checked !== !!failure.textContent;
  };
};
