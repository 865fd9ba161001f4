import {
  DAY, HOUR, MINUTE, dayStart, drawing, formatOf, html, isSilent, moment, nowLine, pairs, slotAt, sourceOf, spanWords, summary, write,
} from "./plan.js";

/** Nearer to the text's colour: themes have colours that are too pale. */
const near = (/** @type {string} */ colour) => `color-mix(in srgb, var(--${colour}) 80%, var(--text))`;

const STYLE = `
:host { display: block; height: 100%; }
ha-card {
  --text: var(--primary-text-color, #212121);
  --soft: var(--secondary-text-color, #5e5e5e);
  --line: var(--divider-color, #e0e0e0);
  --back: var(--card-background-color, #fff);
  --main: ${near("primary-color, #009ac7")};
  --up: ${near("energy-battery-in-color, #f06292")};
  --down: ${near("energy-battery-out-color, #4db6ac")};
  --kind: var(--info-color, #039be5);
  display: block;
  box-sizing: border-box;
  height: 100%;
  overflow: auto;
  padding: 16px;
  color: var(--text);
  accent-color: var(--main);
  font-size: 14px;
  line-height: 1.4;
}
[data-kind="solar"] { --down: ${near("energy-solar-color, #ff9800")}; }
[hidden], .empty > :is(.when, .readout, .chart, details) { display: none !important; }
.top, [role="group"], .when, .controls, label { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; }
.top, .when { justify-content: space-between; }
h2, h3, p, dl, dd, ol { margin: 0; padding: 0; font: inherit; }
* { unicode-bidi: plaintext; }
:dir(rtl) { text-align: right; }
h2 { font-size: 1.4em; overflow-wrap: anywhere; }
h3, .day { font-weight: 600; }
section + section { margin-top: 16px; padding-top: 12px; border-top: 1px solid var(--line); }
.head b, .when, dd, li b { font-weight: 500; }
.head { margin-top: 4px; }
.head b { font-size: 1.15em; color: var(--text); }
.head, dt, .sums p, li span { color: var(--soft); }
button, select, [type="number"] {
  box-sizing: border-box;
  min-height: 36px;
  padding: 4px 10px;
  border: 1px solid var(--soft);
  border-radius: 18px;
  background: var(--back);
  color: inherit;
  font: inherit;
}
[aria-pressed="true"] { background: color-mix(in srgb, var(--main) 20%, var(--back)); font-weight: 600; }
:focus-visible, :focus-visible + svg { outline: 2px solid var(--main); outline-offset: 2px; }
.when { min-height: 36px; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(8em, 1fr)); gap: 4px 12px; }
dt, .sums p { font-size: 0.86em; }
.readout > * { border-inline-start: 4px solid; padding-inline-start: 8px; }
.planned { border-image: linear-gradient(var(--up) 50%, var(--down) 50%) 1; }
dt::first-letter, :is(.planned, .measured) dd::first-letter { text-transform: uppercase; }
.target dt::before { content: "◆ " / ""; }
.chart { position: relative; margin: 8px 0; touch-action: pan-y; cursor: crosshair; }
[type="range"], output { position: absolute; inset: 0; width: 100%; margin: 0; overflow: hidden; opacity: 0; pointer-events: none; }
svg { display: block; direction: ltr; overflow: visible; }
path { fill: none; }
.grid { stroke: var(--line); }
.days, .zero, .price, .feedin { stroke: var(--soft); border-color: var(--soft); }
.feedin { stroke-dasharray: 2 2; border-inline-start-style: dotted; }
.prices, .bounds { fill: var(--soft); opacity: 0.12; }
.up, .was-up { fill: var(--up); }
.down, .was-down { fill: var(--down); }
.was-up, .was-down { opacity: 0.4; }
.measured, .level, .target { stroke: var(--text); stroke-width: 1.8; }
.soc, .hoped, .now { stroke: var(--main); border-color: var(--main); stroke-width: 2.2; }
.hoped { stroke-dasharray: 4 3; }
.target { fill: var(--back); }
.true { fill: var(--text); }
.false { stroke: var(--error-color, #db4437); stroke-width: 3; }
text { fill: var(--soft); font-size: 11px; }
.end { text-anchor: end; }
.middle, .day { text-anchor: middle; }
.day { fill: var(--text); }
rect { fill: var(--text); opacity: 0.25; }
summary { padding: 8px 0; }
@media (prefers-contrast: more) { ha-card { --soft: var(--text); --line: var(--text); } }
@media (forced-colors: active) { ha-card { --text: CanvasText; --soft: CanvasText; --line: GrayText; --back: Canvas; --main: Highlight; --up: Highlight; --down: LinkText; } }
`;
/** @type {Record<string, CSSStyleSheet>} */
const sheets = {};

const RANGES = /** @type {const} */ (["day", "24h", "all"]);
const PATHS = "prices bounds grid days was-up was-down up down zero price feedin measured hoped soc level now".split(" ");
const PANEL = `<div class="head"></div><div role="status"></div><div class="when"><span></span><button></button></div><dl class="readout"></dl>
<div class="chart"><input type="range" dir="ltr"><svg aria-hidden="true">${PATHS.map((name) => `<path class="${name}"/>`).join("")}<g></g><rect/></svg><output></output></div>
<div class="sums"></div><div class="follower"></div><div class="controls"></div><details><summary></summary><ol role="list"></ol></details>`;

/** @type {Fn.Set} */
const set = (node, values) => {
  for (const name in values) {
    if (node.getAttribute(name) !== String(values[name])) {
      node.setAttribute(name, values[name]);
    }
  }
};

/** @type {Fn.Dress} */
const dress = (root, style) => {
  if (!sheets[style]) {
    sheets[style] = new CSSStyleSheet();
    sheets[style].replaceSync(style);
  }
  root.adoptedStyleSheets.push(sheets[style]);
};

/** @type {Fn.PanelOf} */
const panelOf = (card, id) => {
  const source = sourceOf(id, card.later);
  const root = document.createElement("section");
  root.innerHTML = PANEL;
  /** @type {(selector: string) => any} */
  const find = (selector) => root.querySelector(selector);
  const [chart, slider, back, details, readout] = [".chart", "input", "button", "details", ".readout"].map(find);
  /** @type {any} */
  let drawn;

  /** @type {Panel} */
  const panel = {
    source,
    root,
    chart,
    slider,
    output: find("output"),
    drawn: () => drawn,
    at: (event) => drawn?.at(event.clientX - chart.getBoundingClientRect().left),

    point() {
      if (!drawn) {
        return [];
      }
      const { picture, plan, reader, grid, first, measured, present, level, x } = drawn;
      const { texts, format, now } = reader;
      const { chosen } = card;
      const index = slotAt(grid, chosen ?? now);
      const [start, end] = [index, index + 1].map((each) => grid.start + each * grid.step);
      const words = spanWords({ start, end }, reader);
      const values = moment(picture, plan, chosen ? measured : present, level, chosen ? start : now, reader);
      readout.style.minHeight = chosen ? `${readout.offsetHeight}px` : "";
      write(readout, pairs(values).join(""));
      write(find(".when span"), html`${chosen ? words : `${texts.now}, ${format.time(now)}`}`);
      back.hidden = !card.pinned;
      set(find("rect"), { x: x(start), width: chosen ? Math.max(3, x(end) - x(start)) : 0 });
      set(slider, { "aria-valuetext": words });
      slider.value = index - first;
      return values;
    },

    draw(reader, span, width, all) {
      const { hass, config, part } = card;
      const { texts, format, now } = reader;
      const { picture, plan, problem } = source;
      const power = plan?.power;
      const isAhead = power && power.end > now;
      const { measured: meter, level: gauge } = picture?.entities ?? {};
      const history = meter || gauge || source.followed ? part("history") : undefined;
      history?.follow(source, hass, format.zone, card.later);
      const [watts, level] = source.traces;

      const isOrdinary = !problem && picture?.is_ordinary && isAhead && !isSilent(hass, gauge);
      const isWaiting = !picture && !problem;
      if (isOrdinary || isWaiting) {
        write(find("[role=status]"), "");
      } else {
        part("faces")?.show(find("[role=status]"), source, reader, hass);
      }
      set(root, { "aria-busy": isWaiting });
      root.className = power || plan?.consumption || watts || level ? "" : "empty";
      if (!picture || !plan) {
        write(find(".head"), isWaiting ? texts.loading : "");
        return;
      }

      const [doing, then] = nowLine(picture, plan, reader);
      write(find(".head"), html`${all.length > 1 ? [html`<h3>${picture.name}</h3>`] : ""}<b>${doing}</b> ${then}`);
      write(back, texts.back);
      const grid = power ?? { start: span.start, step: 15 * MINUTE };
      const past = { start: span.start, end: Math.min(now, span.end) };
      const measured = (watts && history?.slots(watts, grid, past)) ?? null;
      const height = Math.round(Math.min(380, Math.max(240, width / 3 + 100)) * (picture.level === "has" ? 1 : 0.7));
      const hasPrices = width > 200 && all.some((each) => each.source.picture?.prices);
      // An entity may tell its level each second.
      const curve = (level && history?.slots(level, { start: span.start, step: 5 * MINUTE }, past)) ?? null;
      const made = drawing({ picture, plan, measured, level: curve, span, now, width, height, hasPrices, format });
      const first = slotAt(grid, span.start);
      const present = watts && history?.present(watts, now);
      drawn = { ...made, picture, plan, reader, grid, first, measured, present, level };
      set(root, { "data-kind": picture.kind });
      set(find("svg"), { width, height });
      set(find("rect"), { height: height - 20 });
      set(slider, { max: slotAt(grid, span.end - 1) - first, "aria-label": `${texts.chart}: ${picture.name}` });
      for (const name of PATHS) {
        set(find(`path.${name}`), { d: made.paths[name] ?? "" });
      }
      const marks = made.targets.map(
        ({ x, y, met }) => html`<path class="target ${met}" d="${met === false ? "M-5-5 5 5M-5 5 5-5" : "M0-6 6 0 0 6-6 0Z"}" transform="translate(${x} ${y})"/>`,
      );
      const labels = made.labels.map(({ x, y, side, text }) => html`<text class="${side}" x="${x}" y="${y}">${text}</text>`);
      write(find("g"), [...marks, ...labels].join(""));
      panel.point();

      details.hidden = !isAhead;
      write(details.firstChild, texts.words);
      const ahead = { start: now, end: Math.min(span.end, power?.end ?? 0) };
      const { facts, note } = summary(picture, plan, ahead, reader);
      write(find(".sums"), html`<dl>${pairs(facts)}</dl><p>${note}</p>`);
      if (details.open) {
        part("list")?.show(details.lastChild, picture, plan, ahead, reader);
      }
      if (config.show_controls ?? !isAhead) {
        part("controls")?.show(find(".controls"), source, reader, card);
      } else {
        find(".controls").replaceChildren();
      }
      if (picture.follower) {
        part("follower")?.show(find(".follower"), source, reader, card);
      } else {
        find(".follower").replaceChildren();
      }
    },
  };

  chart.onclick = (/** @type {MouseEvent} */ event) => card.point(panel.at(event));
  chart.onpointerenter = slider.onfocus = async () => (await import("./cursor.js")).attach(panel, card);
  back.onclick = () => card.point();
  details.ontoggle = () => card.later();
  return panel;
};

/** @type {Fn.ContentIn} */
export const contentIn = (root, core, loadMore) => {
  const texts = /** @type {Texts} */ (core);
  dress(root, STYLE);
  root.innerHTML = `<ha-card><div class="top"><div></div><div role="group">${"<button></button>".repeat(3)}</div></div><div class="panels"></div></ha-card>`;
  /** @type {(selector: string) => any} */
  const find = (selector) => root.querySelector(selector);
  const buttons = root.querySelectorAll("button");
  let panels = /** @type {Record<string, Panel>} */ ({});
  let range = /** @type {CardConfig["range"]} */ (undefined);
  /** As long as the card is on the page. @type {Connection | undefined} */
  let connection;
  let [width, timer, due] = [0, 0, Infinity];
  /** @type {Partial<Parts>} */
  const parts = {};

  const draw = () => {
    const { hass, config } = card;
    const now = Date.now();
    due = Infinity;
    if (!connection || !width) {
      return;
    }
    card.later(MINUTE - (now % MINUTE));
    const format = formatOf(hass);
    const all = Object.values(panels);
    const shown = range ?? config.range ?? "all";
    let [start, end] = [0, 1].map((days) => dayStart(format.zone, now, days));
    if (shown === "24h") {
      start = Math.floor(now / HOUR - 3) * HOUR;
      end = start + DAY + 3 * HOUR;
    } else if (shown === "all") {
      const last = Math.max(...all.map(({ source }) => source.plan?.power?.end ?? 0));
      end = last > now ? last : end;
    }
    if (card.pinned && (card.pinned < start || card.pinned >= end)) {
      card.pinned = card.chosen = undefined;
    }
    const title = config.title ?? (all.length === 1 ? all[0].source.picture?.name : "");
    write(find(".top div"), title ? html`<h2>${title}</h2>` : "");
    buttons.forEach((button, index) => set(button, { "aria-pressed": shown === RANGES[index] }));
    find("[role=group]").hidden = !all.some(({ source }) => source.plan?.power);
    all.forEach((panel) => panel.draw({ texts, format, now }, { start, end }, width, all));
  };

  const resized = new ResizeObserver(([{ contentRect }]) => {
    width = Math.round(contentRect.width);
    draw();
  });
  const restart = () => Object.values(panels).forEach(({ source }) => source.start(card.hass));

  /** @type {Card} */
  const card = {
    texts,
    hass: /** @type {any} */ (undefined),
    config: {},

    later(wait = 0) {
      if (Date.now() + wait < due) {
        due = Date.now() + wait;
        clearTimeout(timer);
        timer = window.setTimeout(draw, wait);
      }
    },

    part(name) {
      if (!parts[name]) {
        Promise.all([import(`./${name}.js`), name === "history" || loadMore()]).then(([module, more]) => {
          parts[name] = module;
          dress(root, module.STYLE ?? "");
          Object.assign(texts, more);
          card.later();
        });
      }
      return parts[name];
    },

    point(at, isHovering) {
      card.pinned = isHovering ? card.pinned : at;
      card.chosen = at ?? card.pinned;
      Object.values(panels).forEach((panel) => panel.point());
    },

    update(hass, config) {
      const { config: before } = card;
      Object.assign(card, { hass, config });
      if (connection && config === before) {
        // Most of what matters comes with the picture.
        card.later(5000);
        return;
      }
      card.stop();
      range = config === before ? range : undefined;
      const ids = config.devices ?? [config.device_id ?? ""];
      panels = Object.fromEntries(ids.filter(Boolean).map((id) => [id, panels[id] ?? panelOf(card, id)]));
      find(".panels").replaceChildren(...(ids[0] ? Object.values(panels).map((panel) => panel.root) : [texts.no_device]));
      connection = hass.connection;
      connection.addEventListener("ready", restart);
      resized.observe(find(".panels"));
      restart();
      card.later();
    },

    stop() {
      Object.values(panels).forEach(({ source }) => source.stop());
      resized.disconnect();
      connection?.removeEventListener("ready", restart);
      connection = undefined;
      clearTimeout(timer);
      due = Infinity;
    },
  };

  set(find("[role=group]"), { "aria-label": texts.range });
  buttons.forEach((button, index) => {
    button.textContent = texts[`range_${RANGES[index]}`];
    button.onclick = () => {
      range = RANGES[index];
      draw();
    };
  });
  return card;
};
