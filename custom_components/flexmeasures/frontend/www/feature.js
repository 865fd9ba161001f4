import { followOne } from "./follow.js";
import { html, linear, nowLine, pointsOf, steps, valueAt, within, write } from "./plan.js";

const [WIDTH, HEIGHT, MARGIN] = [1000, 42, 4];
const STYLE = `
:host { display: block; }
div {
  display: flex;
  align-items: center;
  justify-content: center;
  height: var(--feature-height, ${HEIGHT}px);
  overflow: hidden;
  border-radius: var(--feature-border-radius, 12px);
  background: color-mix(in srgb, var(--secondary-text-color, #5e5e5e) 12%, transparent);
  color: var(--primary-text-color, #212121);
  font-size: 12px;
}
svg { width: 100%; height: 100%; direction: ltr; }
.up { fill: var(--energy-battery-in-color, #f06292); }
.down { fill: var(--energy-battery-out-color, #4db6ac); }
.zero { stroke: var(--secondary-text-color, #5e5e5e); vector-effect: non-scaling-stroke; }
`;

/** @type {Fn.StripOf} */
export const stripOf = (power, now) => {
  const points = within(pointsOf(power), { start: now, end: power?.end ?? now }, (at) => valueAt(power, at));
  if (!power || !points.length) {
    return null;
  }
  const values = points.map(([, value]) => value ?? 0);
  const [least, most] = [Math.min(0, ...values), Math.max(0, ...values)];
  const x = linear(now, power.end, 0, WIDTH);
  const y = linear(least, most || (least ? 0 : 1), HEIGHT - MARGIN, MARGIN);
  const zero = y(0);
  const [up, down] = [Math.max, Math.min].map((pick) => steps(points, x, (value) => y(pick(value, 0)), zero));
  return { up, down, zero: `M0 ${Math.round(zero)}H${WIDTH}` };
};

/** @type {Fn.ContentIn} */
export const contentIn = (root, texts) => {
  /** Home Assistant sets what the tile is about. @type {any} */
  const host = root.host;
  root.innerHTML = `<style>${STYLE}</style><div></div>`;
  return followOne(
    texts,
    ({ entities }) => entities[host.context?.entity_id]?.device_id ?? "",
    ({ picture, plan, problem }, reader, hass) => {
      const strip = stripOf(plan?.power ?? null, reader.now);
      if (picture && plan && strip && !problem) {
        const paths = Object.entries(strip).map(([name, path]) => html`<path class="${name}" d="${path}"/>`);
        const words = nowLine(picture, plan, reader).join(" ");
        write(
          root.lastChild,
          html`<svg role="img" aria-label="${words}" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none">${paths}</svg>`,
        );
      } else {
        write(root.lastChild, html`${problem ? hass.localize("state.default.unavailable") : (picture?.status.text ?? texts.loading)}`);
      }
    },
  );
};
