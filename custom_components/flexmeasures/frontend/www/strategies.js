import { partsOf } from "./devices.js";

const TYPE = "custom:flexmeasures";
const FULL = { grid_options: { columns: "full" } };
const ICONS = {
  home: "mdi:home-lightning-bolt-outline",
  device: "mdi:chart-timeline-variant",
  feed: "mdi:database-arrow-up-outline",
  meter: "mdi:receipt-text-outline",
};
/** What is set, not only seen. */
const CONTROLS = ["mode", "target_soc", "ready_by", "automatic_scheduling", "compute_schedule"];
const STATUS = "scheduling_status";
/** What is in the card or in the calendar. */
const SHOWN = ["setpoint", "now", "schedule", "plan"];

/** @type {Fn.Heading} */
const heading = (text, icon) => ({ type: "heading", heading: text, icon });

/** @type {Fn.Section} */
const section = (title, icon, cards, more) =>
  cards.length ? [{ type: "grid", cards: [heading(title, icon), ...cards], ...more }] : [];

/** @type {Fn.PlanCard} */
const planCard = ({ id }) => ({ type: "custom:flexmeasures-plan-card", device_id: id, title: "", ...FULL });

/** @type {Fn.Rows} */
const rows = ({ entities }, keys = Object.keys(entities)) => {
  const known = keys.filter((key) => entities[key]).map((key) => ({
    entity: entities[key],
    // The heading has the name of the device already.
    name: { type: "entity" },
    // Fields for date and time are too wide for a phone.
    ...(key === "ready_by" && { type: "simple-entity" }),
  }));
  return known.length ? [{ type: "entities", entities: known, ...FULL }] : [];
};

/** @type {Fn.Nothing} */
const nothing = (texts) => ({
  type: "markdown",
  content: texts.nothing_yet.replace("{link}", "/config/integrations/integration/flexmeasures"),
  ...FULL,
});

/** The powers that the Energy dashboard knows, and the price. @type {Fn.HomeTiles} */
const homeTiles = async (hass, devices) => {
  /** @type {{ energy_sources: { stat_rate?: string }[] }} */
  const { energy_sources: sources } = await hass.callWS({ type: "energy/get_prefs" }).catch(() => ({ energy_sources: [] }));
  const powers = sources.map(({ stat_rate: id = "" }) => ({ entity: id })).filter(({ entity }) => hass.states[entity]);
  // Where several devices have a price it is the same one.
  const prices = devices.filter(({ entities }) => entities.price).slice(0, 1);
  const seen = [...powers, ...prices.map(({ entities }) => ({ entity: entities.price, name: { type: "entity" } }))];
  return seen.map((each) => ({ type: "tile", ...each, features: [{ type: "trend-graph" }] }));
};

/** @type {Fn.Sections} */
const deviceSections = (device, texts) => {
  const { name, entities } = device;
  const rest = Object.keys(entities).filter((key) => ![...CONTROLS, ...SHOWN, STATUS].includes(key));
  const calendar = { type: "calendar", entities: [entities.plan], initial_view: "listWeek", ...FULL };
  return [
    ...section(name, ICONS.device, [planCard(device)], { column_span: 2 }),
    ...section(texts.controls, "mdi:tune-variant", rows(device, CONTROLS)),
    ...section(texts.status, "mdi:list-status", rows(device, [STATUS, ...rest])),
    ...section(texts.calendar, "mdi:calendar-clock", entities.plan ? [calendar] : []),
  ];
};

/** @type {Fn.SectionsOf} */
const allOf = (parts, icon) =>
  parts.flatMap((part) => section(part.name, icon, rows(part)));

/** @type {Fn.ViewOf} */
const viewOf = async ({ device_id: id, show }, hass, texts) => {
  const parts = partsOf(hass);
  const devices = parts.filter(({ kind }) => kind === "device");
  const device = devices.find((each) => each.id === id);
  if (device) {
    return { sections: deviceSections(device, texts) };
  }
  if (show) {
    return { sections: allOf(parts.filter(({ kind }) => kind === show), ICONS[show]) };
  }
  const plans = devices.flatMap((each) => section(each.name, ICONS.device, [planCard(each)]));
  return {
    badges: devices.map((each) => ({ type: "custom:flexmeasures-plan-badge", device_id: each.id })),
    sections: [
      ...(plans.length ? plans : [{ type: "grid", cards: [nothing(texts)] }]),
      ...section(texts.home, ICONS.home, await homeTiles(hass, devices)),
    ],
  };
};

/** @type {Fn.Generate} */
export const generate = async (kind, config, hass, texts) => {
  if (kind === "view") {
    return { type: "sections", max_columns: 3, ...(await viewOf(config, hass, texts)) };
  }
  const parts = partsOf(hass);
  const devices = parts.filter((part) => part.kind === "device");
  if (kind === "section") {
    const device = devices.find(({ id }) => id === config.device_id) ?? devices[0];
    return { cards: device ? [heading(device.name, ICONS.device), planCard(device), ...rows(device, CONTROLS)] : [nothing(texts)] };
  }
  // What a view shows is made when it is opened.
  /** @type {Fn.ViewFor} */
  const view = (title, path, strategy) => ({ title, path, strategy: { type: TYPE, ...strategy } });
  const others = /** @type {const} */ (["feed", "meter"]).filter((each) => parts.some((part) => part.kind === each));
  return {
    views: [
      view(texts.overview, "overview"),
      ...devices.map(({ id, name }) => view(name, id, { device_id: id })),
      ...others.map((show) => view(texts[show], show, { show })),
    ],
  };
};
