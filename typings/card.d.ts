// What the card is given by Home Assistant and by the integration, and what its functions take and
// give: here, because every browser would have to load it as well. The modules are
//
//   flexmeasures.js  the door for Home Assistant: defines the elements, and asks for all that one needs at once
//   card.js          a card and its devices on the page, and how that looks
//   plan.js          what a plan says: values in time; what comes of them and the prices, by the rules of
//                    plan/outlook.py; how they are drawn; how they read; and how one device is followed.
//                    texts/: in which words
//
// A module costs some 200 bytes more than its code does in another one: these are few. Those that are
// loaded when a card needs them, with their own half of the texts and their own style, are
//
//   history.js       what was measured, where something is
//   faces.js         what is not as it should be
//   cursor.js        walking through the plan by mouse, finger or keys
//   list.js          the plan as a list, when it is opened
//   controls.js      plan now, mode, target and who is in control
//   follower.js      what follows the device, and how that goes, where something does
//   decisions.js     what was decided for it, when that is opened
//   editor.js        the forms in which card and badge are set up, and examples of them
//   section.js       the form in which a section is set up
//   badge.js         what a device does now; feature.js: its plan as a strip in a tile
//   follow.js        how these two follow one device
//   strategies.js    dashboards, views and sections that are made by themselves
//   offers.js        what Home Assistant offers in its dialogs; devices.js: for which of its devices

/** Moments are milliseconds since 1970, and lengths of time milliseconds. */
type Ms = number;
/** Consumption is positive. */
type KW = number;
/** Consumption is positive. */
type KWh = number;
type Px = number;
/** An IANA time zone; undefined for that of the browser. */
type Zone = string | undefined;

// --- What the integration sends

/** Values that follow each other. */
interface SentSeries {
  /** ISO 8601. */
  start: string;
  /** Seconds. */
  step: number;
  values: (number | null)[];
}

/** Per kWh. */
type SentPrice = { fixed: number } | SentSeries | null;

/** One device: what `flexmeasures/plan/subscribe` says of it. Powers in kW, consumption positive. */
interface Picture {
  device_id: string;
  name: string;
  kind: "battery" | "car" | "heat" | "solar" | "s2" | "other";
  power: SentSeries | null;
  soc: SentSeries | null;
  soc_unit: string;
  soc_limits: { least: number | null; most: number | null };
  power_limits: { least: number | null; most: number | null };
  prices: { currency: string; consumption: SentPrice; production: SentPrice } | null;
  /** `ahead`: by the whole plan, and what a kWh counts at that is stored in the end. */
  saved: { ahead: { against: "doing_nothing" | "charging_at_once"; amount: number; stored_at: number | null } | null; today: number | null };
  /** Why it charges and discharges, by when that ends. */
  reasons: { end: string; text: string }[];
  /** Of one that only the job was told, and that is missed, it is not known how full that is. */
  targets: { at: string; soc: number | null; met: boolean | null; missed_by: number | null }[];
  mode: string;
  override: { power: KW; until: string | null } | null;
  setpoint: KW | null;
  /** `since`: when it went wrong; of a server that is away, when it was last read. */
  status: { key: string; text: string; detail: string | null; is_ok: boolean; since: string | null };
  last_schedule: string | null;
  is_out_of_date: boolean;
  server_answers: boolean;
  /** Of a device that connects by itself; null of others. */
  is_connected: boolean | null;
  /** Whether nothing has to be said but the plan itself. */
  is_ordinary: boolean;
  level: "has" | "none";
  entities: Record<
    "setpoint" | "mode" | "target" | "ready_by" | "compute" | "automatic" | "status" | "calendar" | "follower" | "hand_over" | "level" | "measured",
    string | null
  >;
  /** What follows the device; null where nothing does, or where the user may not see it. */
  follower: Following | null;
  /** By which the entity of the level shows it; null for its state. */
  level_attribute: string | null;
  /** How to read what is measured in kW or soc_unit, by the unit in which it is shown. */
  curves: Record<"level" | "measured", Record<string, Curve>>;
}

interface Following {
  state: "dry_run" | "following" | "resting" | "by_hand" | "waiting" | "failing";
  /** Whether anything is written at all. */
  is_in_control: boolean;
  /** Why it fails, and what to do about it. */
  detail: string | null;
  by_hand_until: string | null;
  /** The ids of the entities that are not available. */
  waits_for: string[];
  last: Decision | null;
}

/** What was written, or would have been. */
interface Decision {
  at: string;
  setpoint: KW | null;
  why: string;
  /** The values are numbers, words, "on" or "off"; null is no setpoint. Without an entity, the whole in words. */
  /** The entity is empty where the user's own actions are run. */
  writes: { entity: string; value: number | string | null }[];
  is_dry: boolean;
}

/** What is shown and what that means: straight lines from point to point, beyond which it is nothing. */
type Curve = [number, number][];

interface CardConfig {
  type?: string;
  device_id?: string;
  devices?: string[];
  range?: "day" | "24h" | "all";
  title?: string;
  /** Left out: where there is no plan, the cure is offered. */
  show_controls?: boolean;
}

/** Of a view or a section that is made by itself. */
interface StrategyConfig {
  type?: string;
  /** Of the device that a view is about, or a section; without it a view is the overview. */
  device_id?: string;
  /** Have a view show these instead. */
  show?: "feed" | "meter";
  /** A text of one's own, in Markdown, above the overview. */
  note?: string;
}

/** A part of a dashboard, as in YAML. */
type Config = Record<string, unknown>;

// --- What Home Assistant gives

interface EntityState {
  state: string;
  attributes: Record<string, any>;
}

/** A state in history, with its attributes if those were asked for; lu is in seconds since 1970. */
interface SentState {
  s: string;
  a?: Record<string, unknown>;
  lu: number;
}

interface Locale {
  language: string;
  number_format: string;
  time_format: string;
  time_zone?: string;
}

interface Connection {
  subscribeMessage(
    heard: (event: any) => void,
    message: Record<string, unknown>,
    options?: { resubscribe?: boolean },
  ): Promise<() => Promise<void>>;
  addEventListener(event: string, listener: () => void): void;
  removeEventListener(event: string, listener: () => void): void;
}

/** The part of `hass` that is used. */
interface Hass {
  states: Record<string, EntityState | undefined>;
  entities: Record<string, { platform?: string; device_id?: string; translation_key?: string }>;
  devices: Record<string, { name?: string | null; name_by_user?: string | null; config_subentry_id?: string | null }>;
  locale: Locale;
  config: { time_zone: string; unit_system: { temperature: string } };
  connection: Connection;
  callService(domain: string, service: string, data: object): Promise<unknown>;
  callWS(message: { type: string }): Promise<any>;
  localize(key: string): string;
  formatEntityState(state: EntityState, value?: string): string;
}

/** The part of it that tells of entities. */
type Teller = Pick<Hass, "states" | "formatEntityState"> & { config: { unit_system: { temperature: string } } };

/** What can be chosen in dialogs of Home Assistant. */
interface Offers {
  customCards: Record<string, unknown>[];
  customBadges: Record<string, unknown>[];
  customCardFeatures: Record<string, unknown>[];
  customStrategies: Record<string, unknown>[];
}

interface Window extends Partial<Offers> {}

// --- What is set up

/** A device, feed or meter of FlexMeasures. */
interface Part {
  /** Of its device. */
  id: string;
  name: string;
  kind: "device" | "feed" | "meter";
  /** By their translation keys. */
  entities: Record<string, string>;
}

// --- Values

interface Span {
  start: Ms;
  end: Ms;
}

/** Slots of one length; start is that of any of them. */
interface Grid {
  start: Ms;
  step: Ms;
}

/** Values that each hold for a slot. */
interface Series extends Grid {
  end: Ms;
  values: (number | null)[];
}

/** A moment, and the value from then on. */
type Point = [Ms, number | null];
/** From a value or a moment to where it stands. */
type Scale = (value: number) => Px;

interface Outlook {
  power: Series | null;
  soc: Series | null;
  /** Prices per kWh. */
  consumption: Series | null;
  /** Where none is set, the server takes the other one. */
  production: Series | null;
}

/** Slots that follow each other and have the same action. */
interface Block extends Span {
  /** The mean. */
  power: KW;
}

/** A text in the picture; `side` is where it is anchored, at its start if nothing is said. */
interface Label {
  x: Px;
  y: Px;
  text: string;
  side?: string;
}

/** A wish for the state of charge in the picture. */
interface Target {
  x: Px;
  y: Px;
  met: boolean | null;
}

interface Notice {
  kind: "busy" | "info" | "warning" | "error";
  /** What it is, then why, or what to do. */
  lines: (string | null)[];
}

// --- Parts

/** What every card says. */
type CoreTexts = typeof import("../custom_components/flexmeasures/frontend/www/texts/en.js").default;
/** What is said by parts that not every card needs, which are loaded with them. */
type MoreTexts = typeof import("../custom_components/flexmeasures/frontend/www/texts/en-more.js").default;
type Texts = CoreTexts & MoreTexts;
/** What dashboards say that are made by themselves. */
type HomeTexts = typeof import("../custom_components/flexmeasures/frontend/www/texts/en-home.js").default;

/**
 * Numbers and moments as the user has chosen to see them, for our texts: those go from left to
 * right, and days are called as in them where the user's language is none of ours.
 */
interface Format {
  zone: Zone;
  /** With a minus sign behind which no line ends. */
  number(value: number, options?: Intl.NumberFormatOptions): string;
  /** With its unit, on the same line. */
  amount(value: number, unit: string): string;
  /** Currencies are those of ISO 4217. */
  money(value: number, currency: string, digits?: Intl.NumberFormatOptions): string;
  /** Of a kWh. */
  price(value: number, currency: string): string;
  /** A whole hour may be written shorter. */
  time(at: Ms, isWhole?: boolean): string;
  day(at: Ms, now: Ms): string;
  /** The time, with the day where that is not the one of `said`, else not today. */
  moment(at: Ms, now: Ms, said?: Ms): string;
}

/** Who reads it, and when. */
interface CoreReader {
  texts: CoreTexts;
  format: Format;
  now: Ms;
}

interface Reader extends CoreReader {
  texts: Texts;
}

interface Source {
  picture?: Picture;
  plan?: Outlook;
  /** Why there is no picture, or none that is kept up to date. */
  problem?: "not_found" | "unauthorized" | "failed" | "unloaded";
  /** Measured power in kW and state of charge in the picture's unit; null where there is nothing to follow. */
  traces: (Point[] | null)[];
  /** Of the last day, the newest first; undefined until they were looked at. */
  decisions?: Decision[];
  /** What ends the subscriptions: of the picture, of the traces, then of the decisions. */
  ends: (() => void)[];
  /** What is followed besides the picture; empty where nothing is. */
  followed: string;
  /** Also anew, where the connection was lost. */
  start(hass: Hass): void;
  stop(): void;
}

interface Drawn {
  grid: Grid;
  /** The number of the slot that the picture begins with. */
  first: number;
}

/** One device on the page. */
interface Panel {
  source: Source;
  root: HTMLElement;
  chart: HTMLElement;
  slider: HTMLInputElement;
  output: HTMLElement;
  /** What the slider walks on; undefined before there is a picture. */
  drawn(): Drawn | undefined;
  /** The moment that a pointer is at. */
  at(event: MouseEvent): Ms | undefined;
  /**
   * Show the values of the chosen moment, or of now: keys, names and values. As long as one is
   * chosen they never take less room than before: the chart must not move below a finger.
   */
  point(): [string, string, string][];
  draw(reader: Reader, span: Span, width: Px, all: Panel[]): void;
}

/** What an element holds. */
interface Content {
  /** Take over what is new: this is called whenever any state changes. */
  update(hass: Hass, config: CardConfig): void;
  stop(): void;
}

interface Card extends Content {
  texts: Texts;
  hass: Hass;
  config: CardConfig;
  /** The moment that was chosen, for all devices; undefined for now. */
  pinned?: Ms;
  /** The same, or where the mouse is. */
  chosen?: Ms;
  /** Draw within a time, however often this is called. */
  later(wait?: Ms): void;
  /** A module that not every card needs: where it is missing, the card is drawn again when it is there. */
  part<Name extends keyof Parts>(name: Name): Parts[Name] | undefined;
  point(at?: Ms, isHovering?: boolean): void;
}

interface Parts {
  follower: typeof import("../custom_components/flexmeasures/frontend/www/follower.js");
  decisions: typeof import("../custom_components/flexmeasures/frontend/www/decisions.js");
  faces: typeof import("../custom_components/flexmeasures/frontend/www/faces.js");
  controls: typeof import("../custom_components/flexmeasures/frontend/www/controls.js");
  list: typeof import("../custom_components/flexmeasures/frontend/www/list.js");
  history: typeof import("../custom_components/flexmeasures/frontend/www/history.js");
}

/** The functions of the modules. */
declare namespace Fn {
  // --- flexmeasures.js

  /** The texts in a language, in English where there are none. */
  type LoadTexts = (language: string, part?: "" | "-more" | "-home") => Promise<any>;
  type ElementOf = (name: "card" | "badge" | "feature" | "section") => CustomElementConstructor;
  type StrategyOf = (kind: "dashboard" | "view" | "section") => CustomElementConstructor;
  type GenerateFrom = (config: StrategyConfig, hass: Hass) => Promise<Config>;
  /** What the modules of elements make of their shadow root. */
  type ContentIn = (root: ShadowRoot, texts: CoreTexts, loadMore: () => Promise<MoreTexts>) => Content;

  // --- devices.js

  /** What FlexMeasures has in this home, as far as the user may see it, by name. */
  type PartsOf = (hass: Pick<Hass, "entities" | "devices" | "states">) => Part[];
  /** What is scheduled of it. */
  type DevicesOf = PartsOf;
  /** The scheduled device that one of our entities belongs to. */
  type DeviceOf = (hass: Hass, entityId: string) => string | undefined;

  // --- strategies.js

  /** A dashboard, a view or a section, as Home Assistant has it in YAML. */
  type Generate = (
    kind: "dashboard" | "view" | "section",
    config: StrategyConfig,
    hass: Hass,
    texts: HomeTexts,
  ) => Promise<Config>;
  type Heading = (text: string, icon: string) => Config;
  /** A section under a heading; none without cards. */
  type Section = (title: string, icon: string, cards: Config[], more?: Config) => Config[];
  type PlanCard = (device: Part) => Config;
  /** A list of some of its entities, or of all; none without them. */
  type Rows = (part: Pick<Part, "entities">, texts: HomeTexts, keys?: string[]) => Config[];
  /** What of a moment is shown, and what while it is not set. */
  type MomentRows = (row: Config, texts: HomeTexts) => Config[];
  /** What to do where there is nothing yet. */
  type Nothing = (texts: HomeTexts) => Config;
  type HomeTiles = (hass: Hass, devices: Part[]) => Promise<Config[]>;
  type StatisticIds = (hass: Hass) => Promise<string[]>;
  type ByDay = (ids: string[], statistics: string[], title?: string) => Config[];
  type Sections = (device: Part, texts: HomeTexts, statistics: string[]) => Config[];
  type MeterSections = (meter: Part, hass: Hass, texts: HomeTexts, statistics: string[]) => Config[];
  type ViewOf = (config: StrategyConfig, hass: Hass, texts: HomeTexts) => Promise<Config>;
  type ViewFor = (title: string, path: string, strategy?: Omit<StrategyConfig, "type">) => Config;

  // --- offers.js

  /** The card or badge for an entity, if there is one. */
  type SuggestFor = (type: string) => (hass: Hass, entityId: string) => { config: CardConfig } | null;

  /** Whether a tile about an entity can have the strip of a plan. */
  type IsSupported = (hass: Hass, context: { entity_id?: string }) => boolean;

  // --- editor.js

  type FormOf = (
    element: "card" | "badge" | "feature" | "section",
    texts: Texts,
  ) => {
    schema: object[];
    computeLabel: (field: { name: "device_id" | "title" | "range" | "show_controls" }) => string;
    assertConfig: (config: CardConfig) => void;
  };
  type ExampleOf = (element: "card" | "badge" | "feature" | "section", hass: Hass) => CardConfig;

  // --- follow.js, badge.js and feature.js

  /**
   * Follow the device that an element is about, and draw it whenever something about it or in Home
   * Assistant is new.
   */
  type FollowOne = (
    texts: CoreTexts,
    idOf: (hass: Hass, config: CardConfig) => string,
    draw: (source: Source, reader: CoreReader, hass: Hass) => void,
  ) => Content;
  /** What a badge shows: how it is marked, of what, and what that does. */
  type BadgeOf = (
    source: Pick<Source, "picture" | "plan" | "problem">,
    reader: CoreReader,
    hass: Pick<Hass, "localize">,
  ) => { kind: "up" | "down" | "idle" | "wrong"; name: string; text: string };
  /** The paths of what is planned from now on; null if nothing is. */
  type StripOf = (power: Series | null, now: Ms) => { up: string; down: string; zero: string } | null;

  // --- plan.js

  /** How far the clocks of a zone are ahead of UTC. */
  type Offset = (zone: Zone, at: Ms) => Ms;
  /** When the day of a moment begins, or one so many days later. */
  type DayStart = (zone: Zone, at: Ms, days?: number) => Ms;
  /** Whole quarters, hours or days of the clock, so few that there is room for them. */
  type TimeTicks = (zone: Zone, span: Span, most: number) => { step: Ms; ticks: { at: Ms; isDay: boolean }[] };
  /** Round values that enclose a range, about so many. */
  type ValueTicks = (least: number, greatest: number, most: number) => number[];
  /** From one range to another. */
  type Linear = (from: number, to: number, first: Px, last: Px) => Scale;

  // --- plan.js

  /** Values that were sent. */
  type Read = (sent?: SentSeries | null) => Series | null;
  /** The index of the slot that holds a moment, also outside the values. */
  type SlotAt = (of: Grid, at: Ms) => number;
  /** The value at a moment; `between` is that between those of the slots' starts on both sides. */
  type ValueAt = (of: Series | null, at: Ms) => number | null;
  /** The start of each slot with its value, and where they end. */
  type PointsOf = (of: Series | null) => Point[];
  /** Those in a span, with the values at its ends. */
  type Within = (points: Point[], span: Span, valueOf: (at: Ms) => number | null) => Point[];
  /** The value of the last point before a moment. */
  type HeldAt = (points: Point[] | null, at: Ms) => number | null;
  type Price = (sent?: SentPrice) => Series | null;
  /** All that a picture says of the future. */
  type OutlookOf = (picture: Pick<Picture, "power" | "soc" | "prices">) => Outlook;
  /** The times of charging and of discharging that touch a period, each as a whole. */
  type Blocks = (plan: Outlook, span: Span) => Block[];

  // --- plan.js

  /** The mean of a period; null if a part of it is not known. */
  type Mean = (of: Series | null, span: Span) => number | null;
  /**
   * Energy, and what it costs, of the slots that count; of those at the ends of a period in proportion.
   * Production is subtracted. The cost is null if a price is missing.
   */
  type Total = (plan: Outlook, span: Span, counts?: (power: KW) => boolean) => { energy: KWh; cost: number | null };

  /** Values that hold until the next, as a line or, with a base, as areas. The last point is the end. */
  type Steps = (points: Point[], x: Scale, y: Scale, base?: Px) => string;
  /** A line, interrupted where a value is not known. */
  type Line = (points: Point[], x: Scale, y: Scale) => string;
  type Inside = (of: Series | null, span: Span, valueOf?: ValueAt) => Point[];
  type Lane = (values: (number | null)[], most: number, top: Px, bottom: Px, name: string, isRight?: boolean) => Scale;
  /** The picture of one device: paths by their names (those of PATHS lie upon each other in that order), and how to get from a moment to its place and back. */
  type Drawing = (of: {
    picture: Picture;
    plan: Outlook;
    /** In kW, until now. */
    measured: Series | null;
    /** Measured, in the picture's soc_unit, until now. */
    level: Series | null;
    span: Span;
    now: Ms;
    width: Px;
    height: Px;
    /** Whether there is room for the axis of prices, also if they are those of another device. */
    hasPrices: boolean;
    format: Format;
  }) => { x: Scale; at: (x: Px) => Ms; paths: Record<string, string>; labels: Label[]; targets: Target[] };

  // --- words.js

  type Intl = (kind: "NumberFormat" | "DateTimeFormat", language: string | undefined, options: object) => any;
  type FormatOf = (hass: Pick<Hass, "locale" | "config">) => Format;
  /** Put values into a text that has their names in braces. */
  type Fill = (text: string, values: Record<string, string>) => string;
  /** The keys of what a device does with power: take, taking, give, giving. */
  type VerbsOf = (
    picture: Picture,
  ) => [
    "charge" | "heat" | "use",
    "charging" | "heating" | "using",
    "discharge" | "produce",
    "discharging" | "producing",
  ];
  /** "charge 3.2 kW", or now "Charging at 3.2 kW". */
  type Action = (picture: Picture, power: KW, reader: CoreReader, isNow?: 0 | 1) => string;
  /** "Sat 02:15 to 04:30": a day is said once, and not if it is today. */
  type SpanWords = (span: Span, reader: CoreReader) => string;
  /** What runs now and until when, and what comes then; empty where that is not known. */
  type NowLine = (picture: Picture, plan: Outlook, reader: CoreReader) => [string, string];
  /** What is known of a moment: keys, names and values. */
  type Moment = (
    picture: Picture,
    plan: Outlook,
    measured: Series | null,
    level: Point[] | null,
    at: Ms,
    reader: Reader,
  ) => [string, string, string][];

  // --- words.js and list.js

  /** Energies, average prices, cost and savings of a period as keys, names and values; and how the savings are meant. */
  type Summary = (
    picture: Picture,
    plan: Outlook,
    span: Span,
    reader: Reader,
  ) => { facts: [string, string, string][]; note: string };
  /** The plan as a list: when, what, how much for how much, and why. */
  type Timeline = (picture: Picture, plan: Outlook, span: Span, reader: Reader) => [string, string, string, string][];

  // --- faces.js

  /** What is not as it should be, or not as one would expect. */
  type Faces = (
    source: Pick<Source, "picture" | "plan" | "problem">,
    reader: Reader,
    hass: Pick<Hass, "states" | "formatEntityState">,
  ) => Notice[];

  type ShowFaces = (node: Element, ...of: Parameters<Faces>) => void;
  type ShowList = (node: Element, ...of: Parameters<Timeline>) => void;

  // --- history.js

  /** What is meant by what is shown; null if it is no number, or beyond the curve. */
  type Meaning = (curve: Curve, shown: number) => number | null;
  type PointOf = (state: SentState, curve: Curve, attribute?: string | null) => Point;
  /** The mean of each slot of a grid until the end of the span; null where less than half of it is known. */
  type Slots = (points: Point[], grid: Grid, span: Span) => Series;
  /** What holds at this moment. */
  type Present = (points: Point[], now: Ms) => Series;

  /** Follow something until the function that is returned is called. */
  type Subscribe = (
    hass: Hass,
    message: Record<string, unknown>,
    heard: (event: any) => void,
    failed?: (error: { code?: string }) => void,
  ) => () => void;
  /** Follow what is measured since midnight: to be called whenever that may be something else. */
  type Follow = (source: Source, hass: Hass, zone: Zone, changed: (wait?: Ms) => void) => void;
  /** Whether an entity, if there is to be one, is missing or says nothing. */
  type IsSilent = (hass: Pick<Hass, "states">, id: string | null | undefined) => unknown;
  /** A device to be followed; `changed` is told how soon that has to be seen. */
  type SourceOf = (deviceId: string, changed: (wait?: Ms) => void) => Source;

  // --- words.js and card.js

  /** Markup in which values are only text, and lists are markup. */
  type Html = (parts: TemplateStringsArray, ...values: (string | number | boolean | null | undefined | string[])[]) => string;
  /** Markup of keys, names and values. */
  type Pairs = (items: [string, string, string][]) => string[];
  /** Have an element contain some markup; it is only touched where that is another. */
  type Write = (node: any, markup: string) => void;
  /** Have an element have some attributes; it is only touched where these are others. */
  type Set = (node: any, values: Record<string, any>) => void;
  /** Add some style to a card; those of all cards are shared. */
  type Dress = (root: ShadowRoot, style: string) => void;
  type PanelOf = (card: Card, deviceId: string) => Panel;

  // --- cursor.js

  type Attach = (panel: Panel, card: Card) => void;

  // --- controls.js

  type Offer = (control: any, value?: string) => void;
  type Act = (action: string, entityId: string | null, data?: object) => Promise<void>;

  // --- controls.js, follower.js and decisions.js

  /** Show a part of what a picture says in an element of its own. */
  type ShowPart = (node: any, source: Source, reader: Reader, card: Card) => void;

  // --- follower.js and decisions.js

  /** What an owner calls an entity. */
  type NameOf = (id: string, hass: Teller) => string;
  /** A value as Home Assistant shows it of its entity. */
  type ValueWords = (id: string, value: number | string | null, reader: Reader, hass: Teller) => string;
  /** "Inverter power to 3,200 W". */
  type WritesWords = (writes: Decision["writes"], reader: Reader, hass: Teller) => string;
  /** How following goes. */
  type FollowerLine = (follower: Following, reader: Reader, hass: Teller) => string;
  /** When, what the device was to do, what was written where, and why. */
  type DecisionWords = (picture: Picture, decision: Decision, reader: Reader, hass: Teller) => [string, string, string, string];
}
