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
const CONTROLS = ["mode", "target_soc", "ready_by", "hand_over", "automatic_scheduling", "compute_schedule"];
const STATUS = ["scheduling_status", "follower"];
/** What is in the card or in the calendar. */
const SHOWN = ["setpoint", "now", "schedule", "plan"];
/** What each day has a sum of, in money. */
const DAYS = ["cost_today", "saved_today"];
/** What a bill is made of, after the name of what is delivered, and what that is called here. */
const BILL = /** @type {const} */ ({
  usage_to_date: "so_far",
  cost_to_date: "so_far",
  forecasted_usage: "forecast",
  forecasted_cost: "forecast",
  typical_usage: "typical",
  typical_cost: "typical",
});

/** @type {Fn.Heading} */
const heading = (text, icon) => ({ type: "heading", heading: text, icon });

/** @type {Fn.Section} */
const section = (title, icon, cards, more) =>
  cards.length ? [{ type: "grid", cards: [heading(title, icon), ...cards], ...more }] : [];

/** @type {Fn.PlanCard} */
const planCard = ({ id }) => ({ type: "custom:flexmeasures-plan-card", device_id: id, title: "", ...FULL });

/** Fields for date and time are too wide for a phone. @type {Fn.MomentRows} */
const momentRows = (row, texts) => {
  const { entity } = row;
  const unset = { condition: "state", entity, state: "unknown" };
  return [
    { type: "conditional", conditions: [{ condition: "not", conditions: [unset] }], row: { ...row, type: "simple-entity" } },
    // A moment that nobody has set is not unknown.
    { type: "conditional", conditions: [unset], row: { ...row, type: "button", action_name: texts.set, tap_action: { action: "more-info" } } },
  ];
};

/** @type {Fn.Rows} */
const rows = ({ entities }, texts, keys = Object.keys(entities)) => {
  const known = keys.filter((key) => entities[key]).flatMap((key) => {
    // The heading has the name of the device already.
    const row = { entity: entities[key], name: { type: "entity" } };
    return key === "ready_by" ? momentRows(row, texts) : [row];
  });
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

/** Which statistics there are. @type {Fn.StatisticIds} */
const statisticIds = async (hass) => {
  /** @type {{ statistic_id: string }[]} */
  const found = await hass.callWS({ type: "recorder/list_statistic_ids" }).catch(() => []);
  return found.map(({ statistic_id: each }) => each);
};

/** The days of the last month, of the statistics that there are. @type {Fn.ByDay} */
const byDay = (ids, statistics, title) => {
  const entities = ids.filter((each) => statistics.includes(each));
  const graph = { type: "statistics-graph", title, chart_type: "bar", period: "day", days_to_show: 30, stat_types: ["change"], entities, ...FULL };
  return entities.length ? [graph] : [];
};

/** @type {Fn.Sections} */
const deviceSections = (device, texts, statistics) => {
  const { name, entities } = device;
  const rest = Object.keys(entities).filter((key) => ![...CONTROLS, ...SHOWN, ...STATUS].includes(key));
  const calendar = { type: "calendar", entities: [entities.plan], initial_view: "listWeek", ...FULL };
  return [
    ...section(name, ICONS.device, [planCard(device)], { column_span: 2 }),
    ...section(texts.controls, "mdi:tune-variant", rows(device, texts, CONTROLS)),
    ...section(texts.calendar, "mdi:calendar-clock", entities.plan ? [calendar] : []),
    ...section(texts.status, "mdi:list-status", rows(device, texts, [...STATUS, ...rest])),
    ...section(texts.by_day, "mdi:calendar-month", byDay(DAYS.map((key) => entities[key]), statistics)),
  ];
};

/** The bill, what else there is, and the days of the last month. @type {Fn.MeterSections} */
const meterSections = ({ id, name, entities }, hass, texts, statistics) => {
  const keys = Object.keys(entities);
  const used = keys.filter((key) => /_(usage_to_date|typical_usage)$/.test(key));
  // What never uses anything, like solar panels, has no bill of it.
  const visibility = [{ condition: "or", conditions: used.map((key) => ({ condition: "numeric_state", entity: entities[key], above: 0 })) }];
  const tiles = Object.entries(BILL).flatMap(([end, text]) =>
    keys.filter((key) => key.endsWith(end)).map((key) => ({
      type: "tile",
      entity: entities[key],
      name: texts[text],
      grid_options: { columns: 6 },
      ...(end.includes("usage") && used.length && { visibility }),
    })),
  );
  const shown = tiles.map(({ entity }) => entity);
  const rest = keys.filter((key) => !shown.includes(entities[key]));
  const subentry = hass.devices[id].config_subentry_id?.toLowerCase();
  const counted = ["consumption", "production"].map((kind) => `flexmeasures:${subentry}_${kind}`);
  return section(name, ICONS.meter, [...tiles, ...byDay(counted, statistics, texts.by_day), ...rows({ entities }, texts, rest)]);
};

/** @type {Fn.ViewOf} */
const viewOf = async ({ device_id: id, show, note }, hass, texts) => {
  const parts = partsOf(hass);
  const devices = parts.filter(({ kind }) => kind === "device");
  const device = devices.find((each) => each.id === id);
  if (device) {
    return { sections: deviceSections(device, texts, await statisticIds(hass)) };
  }
  const shown = parts.filter(({ kind }) => kind === show);
  if (show === "meter") {
    const statistics = await statisticIds(hass);
    return { sections: shown.flatMap((part) => meterSections(part, hass, texts, statistics)) };
  }
  if (show) {
    return { sections: shown.flatMap((part) => section(part.name, ICONS[show], rows(part, texts))) };
  }
  const plans = devices.flatMap((each) => section(each.name, ICONS.device, [planCard(each)]));
  const columns = Math.min(4, Math.max(2, devices.length));
  return {
    max_columns: columns,
    ...(note && { header: { layout: "start", badges_position: "bottom", card: { type: "markdown", text_only: true, content: note } } }),
    badges: devices.map((each) => ({ type: "custom:flexmeasures-plan-badge", device_id: each.id })),
    sections: [
      ...section(texts.home, ICONS.home, await homeTiles(hass, devices), { column_span: columns }),
      ...(plans.length ? plans : [{ type: "grid", cards: [nothing(texts)] }]),
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
    return { cards: device ? [heading(device.name, ICONS.device), planCard(device), ...rows(device, texts, CONTROLS)] : [nothing(texts)] };
  }
  // What a view shows is made when it is opened.
  /** @type {Fn.ViewFor} */
  const view = (title, path, strategy) => ({ title, path, strategy: { type: TYPE, ...strategy } });
  const others = /** @type {const} */ (["feed", "meter"]).filter((each) => parts.some((part) => part.kind === each));
  return {
    views: [
      view(texts.overview, "overview", config.note ? { note: config.note } : {}),
      ...devices.map(({ id, name }) => view(name, id, { device_id: id })),
      ...others.map((show) => view(texts[show], show, { show })),
    ],
  };
};
