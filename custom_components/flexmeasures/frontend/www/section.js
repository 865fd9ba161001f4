import { devicesOf } from "./devices.js";
import { html, write } from "./plan.js";

const STYLE = `
label { display: grid; gap: 4px; color: var(--secondary-text-color, #5e5e5e); font-size: 14px; }
select {
  min-height: 48px;
  padding: 0 12px;
  border: 1px solid currentColor;
  border-radius: 8px;
  background: var(--card-background-color, #fff);
  color: var(--primary-text-color, #212121);
  font: inherit;
}
`;

/** @type {Fn.ContentIn} */
export const contentIn = (root, _, loadMore) => {
  root.innerHTML = `<style>${STYLE}</style><label><span></span><select></select></label>`;
  const [label, select] = /** @type {any[]} */ (["span", "select"].map((tag) => root.querySelector(tag)));
  loadMore().then(({ form_device_id: name }) => write(label, html`${name}`));
  return {
    update(hass, config) {
      write(select, devicesOf(hass).map(({ id, name }) => html`<option value="${id}">${name}</option>`).join(""));
      select.value = config.device_id;
      select.onchange = () => {
        const detail = { config: { ...config, device_id: select.value } };
        root.host.dispatchEvent(new CustomEvent("config-changed", { bubbles: true, composed: true, detail }));
      };
    },

    stop() {},
  };
};
