// --- Moments

export const MINUTE = 60e3;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
const QUARTER = 15 * MINUTE;

/** Clocks change at half hours at most. @type {Record<string, any>} */
const offsets = {};

/** @type {Fn.Offset} */
const offset = (timeZone, at) => {
  const half = Math.floor(at / QUARTER / 2) * QUARTER * 2;
  // Swedes write "2026-10-25 02:15".
  const clock = () => intl("DateTimeFormat", "sv", { timeZone, dateStyle: "short", timeStyle: "short" }).format(half);
  return (offsets[`${timeZone}${half}`] ??= Date.parse(`${clock().replace(" ", "T")}Z`) - half);
};

/** @type {Fn.DayStart} */
export const dayStart = (zone, at, days = 0) => {
  const wall = (Math.floor((at + offset(zone, at)) / DAY) + days) * DAY;
  const guess = wall - offset(zone, wall);
  const start = wall - offset(zone, guess);
  // Where clocks go forward at midnight, the day begins at one.
  return start + offset(zone, start) < wall ? guess : start;
};

// --- Values in time

/** @type {Fn.Read} */
export const series = (sent) => {
  if (!sent?.values.length) {
    return null;
  }
  const { values } = sent;
  const [start, step] = [Date.parse(sent.start), sent.step * 1000];
  return { start, step, values, end: start + step * values.length };
};

/** @type {Fn.SlotAt} */
export const slotAt = (of, at) => Math.floor((at - of.start) / of.step);

/** @type {Fn.ValueAt} */
export const valueAt = (of, at) => of?.values[slotAt(of, at)] ?? null;

/** @type {Fn.ValueAt} */
export const between = (of, at) => {
  const before = valueAt(of, at);
  const after = of && valueAt(of, at + of.step);
  return of && before !== null && after !== null
    ? before + (after - before) * ((at - of.start) / of.step - slotAt(of, at))
    : before;
};

/** @type {Fn.PointsOf} */
export const pointsOf = (of) =>
  of ? [...of.values, null].map((value, index) => [of.start + index * of.step, value]) : [];

/** @type {Fn.Within} */
export const within = (points, { start, end }, valueOf) =>
  start < end ? [[start, valueOf(start)], ...points.filter(([at]) => at > start && at < end), [end, valueOf(end)]] : [];

/** @type {Fn.HeldAt} */
export const heldAt = (points, at) => points?.findLast(([from]) => from <= at)?.[1] ?? null;

/** A fixed price is a slot that holds all times. @type {Fn.Price} */
const priceOf = (sent) =>
  sent && "fixed" in sent ? { start: -3e15, step: 6e15, end: 3e15, values: [sent.fixed] } : series(sent);

/** @type {Fn.OutlookOf} */
export const outlook = ({ power, soc, prices }) => {
  const consumption = priceOf(prices?.consumption);
  const production = priceOf(prices?.production) ?? consumption;
  return { power: series(power), soc: series(soc), consumption, production };
};

/** @type {Fn.Blocks} */
export const blocks = ({ power }, span) => {
  const found = [];
  const values = power?.values ?? [];
  for (let first = 0, last; power && first < values.length; first = last) {
    const sign = Math.sign(values[first] ?? 0);
    let sum = 0;
    for (last = first; last < values.length && Math.sign(values[last] ?? 0) === sign; last++) {
      sum += values[last] ?? 0;
    }
    const [start, end] = [first, last].map((index) => power.start + index * power.step);
    if (sign && start < span.end && end > span.start) {
      found.push({ start, end, power: sum / (last - first) });
    }
  }
  return found;
};

// --- What comes of them

/** @type {Fn.Mean} */
export const mean = (of, { start, end }) => {
  let sum = 0;
  for (let at = start; of && at < end; ) {
    const value = valueAt(of, at);
    const until = Math.min(end, of.start + (slotAt(of, at) + 1) * of.step);
    if (value === null) {
      return null;
    }
    sum += value * (until - at);
    at = until;
  }
  return of && sum / (end - start);
};

/** @type {Fn.Total} */
export const total = ({ power, consumption, production }, { start, end }, counts = () => true) => {
  let energy = 0;
  let cost = /** @type {number | null} */ (0);
  for (let index = power ? Math.max(0, slotAt(power, start)) : 0; power && index < power.values.length; index++) {
    const at = power.start + index * power.step;
    const slot = { start: at, end: at + power.step };
    const value = power.values[index];
    const hours = (Math.min(end, slot.end) - Math.max(start, at)) / HOUR;
    if (hours <= 0) {
      break;
    }
    if (value && counts(value)) {
      const perKwh = mean(value > 0 ? consumption : production, slot);
      energy += value * hours;
      cost = cost === null || perKwh === null ? null : cost + value * hours * perKwh;
    }
  }
  return { energy, cost };
};

// --- The picture

const [SIDE, ABOVE, BETWEEN, BELOW] = [34, 18, 28, 20];

/** @type {(pixels: Px) => Px} */
const tidy = (pixels) => Math.round(pixels * 10) / 10;

/** @type {Fn.TimeTicks} */
export const timeTicks = (zone, { start, end }, most) => {
  const fits = (/** @type {number} */ hours) => end - start <= most * hours * HOUR;
  const step = HOUR * ([0.25, 0.5, 1, 2, 3, 4, 6, 8, 12, 24, 48, 168].find(fits) ?? 672);
  const ticks = [];
  for (let at = Math.ceil(start / QUARTER) * QUARTER; at <= end; at += QUARTER) {
    const [wall, before] = [at, at - QUARTER].map((each) => each + offset(zone, each));
    const day = Math.floor(wall / DAY);
    const isDay = day > Math.floor(before / DAY);
    if (step > DAY ? isDay && day % (step / DAY) === 0 : isDay || wall % step === 0) {
      ticks.push({ at, isDay });
    }
  }
  return { step, ticks };
};

/** @type {Fn.ValueTicks} */
export const valueTicks = (least, greatest, most) => {
  const rough = (greatest - least || 1) / most;
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const step = magnitude * ([1, 2, 5].find((each) => each * magnitude >= rough) ?? 10);
  const ticks = [];
  for (let index = Math.floor(least / step + 1e-9); ticks.length < 2 || (index - 1) * step < greatest - 1e-9; index++) {
    // 3 * 0.1 is not 0.3.
    ticks.push(Number((index * step).toPrecision(9)));
  }
  return ticks;
};

/** @type {Fn.Linear} */
export const linear = (from, to, first, last) => (value) => first + ((value - from) * (last - first)) / (to - from || 1);

/** @type {Fn.Steps} */
export const steps = (points, x, y, base) => {
  const [begin, end] = base === undefined ? ["", ""] : [`${tidy(base)}V`, `V${tidy(base)}Z`];
  let height = /** @type {Px | null} */ (null);
  let path = "";
  points.forEach(([at, value], index) => {
    const next = value === null || index === points.length - 1 ? null : tidy(y(value));
    if (next !== height) {
      const left = tidy(x(at));
      path += height === null ? `M${left} ${begin}${next}` : `H${left}${next === null ? end : `V${next}`}`;
      height = next;
    }
  });
  return path;
};

/** @type {Fn.Line} */
export const line = (points, x, y) => {
  let command = "M";
  return points
    .map(([at, value]) => {
      const part = value === null ? "" : `${command}${tidy(x(at))} ${tidy(y(value))}`;
      command = part ? "L" : "M";
      return part;
    })
    .join("");
};

/** @type {Fn.Drawing} */
export const drawing = ({ picture, plan, measured, level, span, now, width, height, hasPrices, format }) => {
  const { power_limits: limits, soc_limits: bounds, soc_unit: unit, prices } = picture;
  const { power, soc, consumption, production } = plan;
  const floor = height - BELOW;
  const right = width - (hasPrices ? SIDE : 8);
  const x = linear(span.start, span.end, SIDE, right);
  const turn = Math.min(span.end, Math.max(span.start, now));
  const past = { start: span.start, end: turn };
  const future = { start: turn, end: span.end };
  const middle = picture.level === "has" ? Math.round(floor * 0.62) : floor - 4;
  /** @type {Label[]} */
  const labels = [];
  /** @type {Target[]} */
  const targets = [];
  /** @type {Record<string, string>} */
  const paths = { grid: "", days: "" };

  /** @type {Fn.Inside} */
  const inside = (of, part, valueOf = valueAt) => within(pointsOf(of), part, (at) => valueOf(of, at));
  const across = (/** @type {Px} */ y) => `M${SIDE} ${tidy(y)}H${right}`;
  /** @type {Fn.Lane} */
  const lane = (values, most, top, bottom, name, isRight) => {
    const known = values.filter((value) => value !== null);
    const least = Math.min(0, ...known);
    const greatest = Math.max(0, ...known) || (least ? 0 : 1);
    const y = linear(least, greatest, bottom, top);
    for (const value of valueTicks(least, greatest, most)) {
      if (value >= least && value <= greatest) {
        paths.grid += isRight ? "" : across(y(value));
        labels.push({ x: isRight ? right + 5 : SIDE - 5, y: tidy(y(value) + 4), text: format.number(value), side: isRight ? "" : "end" });
      }
    }
    labels.push({ x: isRight ? width : 0, y: top - 8, text: name, side: isRight ? "end" : "" });
    return y;
  };
  const valuesOf = (/** @type {Point[]} */ points) => points.map(([, value]) => value);

  const done = inside(measured, past);
  const powers = valuesOf([...inside(power, span), ...done]);
  const y = lane(powers.some(Boolean) ? powers : [limits.least, limits.most], 5, ABOVE, middle, "kW");
  for (const [name, pick] of Object.entries({ up: Math.max, down: Math.min })) {
    const side = (/** @type {KW} */ value) => y(pick(value, 0));
    paths[name] = steps(inside(power, future), x, side, y(0));
    paths[`was-${name}`] = steps(inside(power, past), x, side, y(0));
  }
  paths.measured = steps(done, x, y);
  paths.zero = across(y(0));

  if (prices && consumption) {
    const [buying, selling] = [inside(consumption, span), inside(production, span)];
    const sign = format.money(0, prices.currency).replace(/[^\p{L}\p{Sc}]/gu, "");
    const { length } = labels;
    const yOf = lane(valuesOf([...buying, ...selling]), 3, ABOVE, middle, `${sign}/kWh`, true);
    labels.length = hasPrices ? labels.length : length;
    paths.prices = steps(buying, x, yOf, yOf(0));
    paths.price = steps(buying, x, yOf);
    paths.feedin = production === consumption ? "" : steps(selling, x, yOf);
  }

  if (picture.level === "has") {
    const top = middle + BETWEEN;
    const known = inside(level, past, between);
    const wishes = picture.targets.map((each) => each.soc);
    const socs = [...valuesOf([...inside(soc, span), ...known]), ...wishes, bounds.most, unit === "%" ? 100 : 0];
    const yOf = lane(socs, 3, top, floor - 4, unit);
    paths.hoped = line(inside(soc, past, between), x, yOf);
    paths.soc = line(inside(soc, future, between), x, yOf);
    paths.level = line(known, x, yOf);
    paths.bounds = [bounds.least, bounds.most]
      .map((limit, isMost) => (limit === null ? "" : `${across(yOf(limit))}V${isMost ? top : floor - 4}H${SIDE}Z`))
      .join("");
    for (const { at, soc: wish, met } of picture.targets) {
      const when = Date.parse(at);
      if (wish !== null && when >= span.start && when <= span.end) {
        targets.push({ x: tidy(x(when)), y: tidy(yOf(wish)), met });
      }
    }
  }

  const { step, ticks } = timeTicks(format.zone, span, (right - SIDE) / 44);
  for (const { at, isDay } of ticks) {
    paths[isDay ? "days" : "grid"] += `M${tidy(x(at))} ${ABOVE}V${floor}`;
    const text = isDay ? format.day(at, now) : format.time(at, step % HOUR === 0);
    labels.push({ x: tidy(x(at)), y: height - 5, text, side: isDay ? "day" : "middle" });
  }
  paths.now = turn === now ? `M${tidy(x(now))} ${ABOVE - 6}V${floor}` : "";
  const back = linear(SIDE, right, span.start, span.end);
  const at = (/** @type {Px} */ place) => Math.min(Math.max(back(place), span.start), span.end - 1);
  return { x, at, paths, labels, targets };
};

// --- Words

/** @type {Record<string, string>} */
const NUMBERS = { comma_decimal: "en", decimal_comma: "de", space_comma: "fr", quote_decimal: "de-CH", none: "en" };

/** Intl is slow. @type {Record<string, any>} */
const made = {};
/** @type {Fn.Intl} */
const intl = (kind, language, options) =>
  (made[JSON.stringify([kind, language, options])] ??= new /** @type {any} */ (Intl)[kind](language, options));

/** @type {Fn.FormatOf} */
export const formatOf = ({ locale, config }) => {
  const { language, number_format: numbers, time_format: times, time_zone } = locale;
  const timeZone = time_zone === "server" ? config.time_zone : undefined;
  const spoken = /^(de|en|es|fr|nl)/.test(language) ? language : "en";
  const own = intl("DateTimeFormat", times === "system" ? undefined : language, { hour: "numeric" });
  const is12h = times === "12" || (times !== "24" && own.resolvedOptions().hour12);
  const look = numbers === "system" ? undefined : (NUMBERS[numbers] ?? language);
  /** @type {(at: Ms, options: Intl.DateTimeFormatOptions) => string} */
  const clock = (at, options) => intl("DateTimeFormat", spoken, { timeZone, ...options }).format(at);
  /** @type {Format} */
  const format = {
    zone: timeZone,
    number: (value, options = { maximumFractionDigits: Math.abs(value) < 1 ? 2 : 1 }) =>
      // Minus zero is zero, also what becomes zero by rounding.
      intl("NumberFormat", look, { useGrouping: numbers !== "none", signDisplay: "negative", ...options })
        .format(value)
        .replace(/[\u061c\u200e\u200f]/g, "")
        .replace("-", "−"),
    amount: (value, unit) => `${format.number(unit === "%" ? Math.round(value) : value)}\u00a0${unit}`,
    money: (value, currency, digits) =>
      format.number(value, { style: "currency", currency, currencyDisplay: "narrowSymbol", ...digits }),
    price: (value, currency) =>
      `${format.money(value, currency, { minimumFractionDigits: 2, maximumFractionDigits: Math.abs(value) < 1 ? 3 : 2 })}/kWh`,
    time: (at, isWhole) =>
      is12h
        ? clock(at, { hour: "numeric", minute: isWhole ? undefined : "2-digit", hourCycle: "h12" })
        : clock(at, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }),
    day: (at, now) => clock(at, { weekday: "short", day: Math.abs(at - now) < 6 * DAY ? undefined : "numeric" }),
    moment: (at, now, said = now) =>
      (dayStart(timeZone, at) === dayStart(timeZone, said) ? "" : `${format.day(at, now)} `) + format.time(at),
  };
  return format;
};

/** @type {Fn.Fill} */
export const fill = (text, values) => text.replace(/{(\w+)}/g, (all, name) => values[name] ?? all);

/** @type {Fn.VerbsOf} */
export const verbs = ({ kind, level }) =>
  kind === "heat"
    ? ["heat", "heating", "discharge", "discharging"]
    : level === "has" && kind !== "solar"
      ? ["charge", "charging", "discharge", "discharging"]
      : ["use", "using", "produce", "producing"];

/** @type {Fn.Action} */
export const action = (picture, power, { texts, format: { amount } }, isNow = 0) =>
  Math.abs(power) < 5e-3
    ? texts[isNow ? "idling" : "idle"]
    : `${texts[verbs(picture)[(power > 0 ? 0 : 2) + isNow]]} ${amount(Math.abs(power), "kW")}`;

/** @type {Fn.SpanWords} */
export const spanWords = ({ start, end }, { texts, format: { moment: write }, now }) =>
  fill(texts.slot, { from: write(start, now), to: write(end, now, start) });

/** @type {Fn.NowLine} */
export const nowLine = (picture, plan, reader) => {
  const { texts, format, now } = reader;
  const { setpoint, override, mode } = picture;
  if (setpoint === null) {
    return ["", ""];
  }
  const time = (/** @type {Ms} */ at) => format.moment(at, now);
  // What is done by hand may be followed by anything.
  const ahead = override || mode !== "automatic" ? [] : blocks(plan, { start: now, end: Infinity });
  const next = ahead.find(({ start }) => start > now);
  const end = override ? Date.parse(override.until ?? "") : ahead[0] === next ? next?.start : ahead[0].end;
  return [
    action(picture, setpoint, reader, 1) + (end && end !== plan.power?.end ? ` ${fill(texts.until, { time: time(end) })}` : ""),
    next ? fill(texts.then, { what: action(picture, next.power, reader), time: time(next.start) }) : "",
  ];
};

/** @type {Fn.Moment} */
export const moment = (picture, plan, measured, level, at, reader) => {
  const { texts, format: { amount, price, moment: write }, now } = reader;
  const { soc_unit: unit, prices } = picture;
  const planned = valueAt(plan.power, at);
  const done = valueAt(measured, at);
  const soc = (at <= now ? heldAt(level, at) : null) ?? between(plan.soc, at);
  const wish = picture.targets.find((each) => Date.parse(each.at) >= at);
  /** @type {(of: Series | null) => string | false} */
  const costs = (of, perKwh = valueAt(of, at)) => perKwh !== null && price(perKwh, prices?.currency ?? "");
  /** @type {[string, string, unknown, string | false][]} */
  const values = [
    ["planned", texts.planned, 1, planned !== null && action(picture, planned, reader)],
    ["measured", texts.measured, measured, done !== null && action(picture, done, reader)],
    ["soc", texts.soc, picture.level === "has", soc !== null && amount(soc, unit)],
    ["target", texts.target, picture.targets[0], !!wish && `${wish.soc === null ? "–" : amount(wish.soc, unit)}, ${write(Date.parse(wish.at), now)}`],
    ["price", texts.price, prices, costs(plan.consumption)],
    ["feedin", texts.feedin, prices && plan.production !== plan.consumption, costs(plan.production)],
  ];
  return values.filter((each) => each[2]).map(([key, name, , value]) => [key, name, value || "–"]);
};

/** @type {Fn.Summary} */
export const summary = (picture, plan, span, { texts, format: { amount, money, price } }) => {
  const facts = /** @type {[string, string, string][]} */ ([]);
  const currency = picture.prices?.currency ?? "";
  const { ahead, today } = picture.saved;
  for (const sign of [1, -1]) {
    const { energy, cost } = total(plan, span, (power) => power * sign > 0);
    if (energy) {
      const what = amount(Math.abs(energy), "kWh");
      const average = cost === null ? what : fill(texts.average, { energy: what, price: price(cost / energy, currency) });
      facts.push(["", texts[verbs(picture)[1 - sign]], average]);
    }
  }
  const { cost } = total(plan, span);
  let note = "";
  if (facts.length && cost !== null) {
    facts.push(["", cost < 0 ? texts.gain : texts.cost, money(Math.abs(cost), currency)]);
    if (ahead && ahead.amount > 0) {
      facts.push(["", texts.saves, money(ahead.amount, currency)]);
      note = fill(texts[`against_${ahead.against}`], { price: price(ahead.stored_at ?? 0, currency) });
    }
  }
  if (today !== null) {
    facts.push(["", texts.saved, money(today, currency)]);
  }
  return { facts, note };
};

/** Markup in which values are only text, and lists are markup. @type {Fn.Html} */
export const html = (parts, ...values) =>
  String.raw(
    { raw: parts },
    ...values.map((value) =>
      Array.isArray(value) ? value.join("") : String(value ?? "").replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`),
    ),
  );

/** @type {Fn.Pairs} */
export const pairs = (items) => items.map(([key, name, value]) => html`<div class="${key}"><dt>${name}</dt><dd>${value}</dd></div>`);

/** @type {Fn.Write} */
export const write = (node, markup) => {
  if (node.markup !== markup) {
    node.innerHTML = node.markup = markup;
  }
};

// --- One device, as long as it is followed

/** @type {Fn.IsSilent} */
export const isSilent = (hass, id) => id && /^un/.test(hass.states[id]?.state ?? "un");

const RETRY = 5e3;

/** @type {Fn.Subscribe} */
export const subscribe = ({ connection }, message, heard, failed) => {
  let isOver = false;
  // The connection itself would ask again before the integration is there.
  const opened = connection.subscribeMessage((event) => isOver || heard(event), message, { resubscribe: false });
  opened.catch((error) => isOver || failed?.(error));
  return () => {
    isOver = true;
    // Where the connection is lost there is nothing to end.
    opened.then((end) => end()).catch(() => {});
  };
};

/** @type {Fn.SourceOf} */
export const sourceOf = (device_id, changed) => {
  let retry = 0;
  /** @type {Source} */
  const source = {
    traces: [],
    ends: [],
    followed: "",

    start(hass) {
      source.stop();
      source.ends[0] = subscribe(
        hass,
        { type: "flexmeasures/plan/subscribe", device_id },
        (event) => {
          source.problem = event.unloaded && "unloaded";
          if (!event.unloaded) {
            source.picture = event;
            source.plan = outlook(event);
          }
          changed();
        },
        ({ code }) => {
          source.problem = code === "not_found" || code === "unauthorized" ? code : "failed";
          retry = source.problem === "failed" ? window.setTimeout(() => source.start(hass), RETRY) : 0;
          changed();
        },
      );
    },

    stop() {
      clearTimeout(retry);
      source.ends.splice(0).forEach((end) => end());
      source.followed = "";
    },
  };
  return source;
};
