import { followOne } from "./follow.js";
import { html, nowLine, write } from "./plan.js";

const STYLE = `
:host { display: inline-block; max-width: 100%; }
button {
  display: flex;
  align-items: center;
  gap: 8px;
  box-sizing: border-box;
  max-width: 100%;
  min-height: 36px;
  padding: 2px 12px;
  border: var(--ha-card-border-width, 1px) solid var(--ha-card-border-color, var(--divider-color, #e0e0e0));
  border-radius: 18px;
  background: var(--ha-card-background, var(--card-background-color, #fff));
  color: var(--primary-text-color, #212121);
  font: 500 12px/16px var(--ha-font-family-body, Roboto, sans-serif);
  text-align: start;
  cursor: pointer;
}
button:focus-visible { outline: 2px solid var(--primary-color, #009ac7); outline-offset: 2px; }
i { flex: none; width: 10px; height: 10px; border-radius: 5px; background: var(--kind); }
span { overflow: hidden; text-overflow: ellipsis; unicode-bidi: plaintext; }
small { display: block; color: var(--secondary-text-color, #5e5e5e); font-size: 10px; font-weight: 400; line-height: 12px; }
.idle { --kind: var(--secondary-text-color, #5e5e5e); }
.up { --kind: var(--energy-battery-in-color, #f06292); }
.down { --kind: var(--energy-battery-out-color, #4db6ac); }
.wrong { --kind: var(--error-color, #db4437); border-radius: 0; transform: rotate(45deg); }
`;

/** @type {Fn.BadgeOf} */
export const badgeOf = ({ picture, plan, problem }, reader, hass) => {
  const { texts } = reader;
  if (!picture || !plan || problem) {
    return { kind: problem ? "wrong" : "idle", name: picture?.name ?? "", text: problem ? hass.localize("state.default.unavailable") : texts.loading };
  }
  const power = picture.setpoint ?? 0;
  const isWrong = !picture.status.is_ok || picture.is_out_of_date || picture.is_connected === false || picture.follower?.state === "failing" || picture.targets.some(({ met }) => met === false);
  return {
    kind: isWrong ? "wrong" : Math.abs(power) < 5e-3 ? "idle" : power > 0 ? "up" : "down",
    name: picture.name,
    text: nowLine(picture, plan, reader)[0] || picture.status.text,
  };
};

/** @type {Fn.ContentIn} */
export const contentIn = (root, texts) => {
  root.innerHTML = `<style>${STYLE}</style><button type="button"></button>`;
  const button = /** @type {HTMLButtonElement} */ (root.querySelector("button"));
  return followOne(
    texts,
    (_, { device_id: id = "" }) => id,
    (source, reader, hass) => {
      const { kind, name, text } = badgeOf(source, reader, hass);
      write(button, html`<i class="${kind}"></i><span><small>${name}</small>${text}</span>`);
      button.onclick = () => {
        const detail = { entityId: source.picture?.entities.status ?? source.picture?.entities.setpoint };
        root.host.dispatchEvent(new CustomEvent("hass-more-info", { bubbles: true, composed: true, detail }));
      };
    },
  );
};
