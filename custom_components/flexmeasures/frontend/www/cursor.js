import { HOUR, slotAt } from "./plan.js";

/** @type {Fn.Attach} */
export const attach = (panel, card) => {
  const { chart, slider, output } = panel;
  // A finger comes anew with each touch.
  chart.onpointerenter = slider.onfocus = null;
  chart.onpointermove = (event) => card.point(panel.at(event), event.pointerType === "mouse" && !event.buttons);
  // A finger that was to scroll the page has chosen nothing.
  let before = card.pinned;
  chart.onpointerdown = () => {
    before = card.pinned;
  };
  chart.onpointercancel = () => card.point(before);
  chart.onpointerleave = () => card.point(undefined, true);
  /** @type {(index: number) => void} */
  const walk = (index) => {
    const { grid, first } = /** @type {Drawn} */ (panel.drawn());
    card.point(grid.start + (first + Math.min(Math.max(index, 0), Number(slider.max))) * grid.step);
    // The time is what the slider itself says.
    output.textContent = panel.point().map(([, name, value]) => `${name}: ${value}`).join(", ");
  };
  slider.oninput = () => walk(Number(slider.value));
  slider.onkeydown = (event) => {
    const hours = { PageUp: 1, PageDown: -1 }[event.key];
    if (hours) {
      event.preventDefault();
      walk(Number(slider.value) + hours * Math.max(1, HOUR / Number(panel.drawn()?.grid.step)));
    } else if (event.key === "Escape") {
      card.point();
      output.textContent = "";
    }
  };
  // Keys may have been pressed while this was loaded.
  const drawn = panel.drawn();
  if (drawn && slider.matches(":focus") && slotAt(drawn.grid, card.chosen ?? Date.now()) - drawn.first !== Number(slider.value)) {
    walk(Number(slider.value));
  }
};
