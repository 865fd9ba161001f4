import { deviceOf } from "./devices.js";

/** @type {Fn.SuggestFor} */
const suggestFor = (type) => (hass, entityId) => {
  const device_id = deviceOf(hass, entityId);
  return device_id ? { config: { type, device_id } } : null;
};

/** @type {Record<keyof Offers, Record<string, unknown>[]>} */
const OFFERS = {
  customCards: [
    {
      type: "flexmeasures-plan-card",
      description: "The plan of a device: power, prices, state of charge",
      getEntitySuggestion: suggestFor("custom:flexmeasures-plan-card"),
    },
  ],
  customBadges: [
    {
      type: "flexmeasures-plan-badge",
      description: "What a device does now, and until when",
      getEntitySuggestion: suggestFor("custom:flexmeasures-plan-badge"),
    },
  ],
  customCardFeatures: [
    {
      type: "flexmeasures-plan",
      name: "FlexMeasures plan",
      /** @type {Fn.IsSupported} */
      isSupported: (hass, { entity_id: id = "" }) =>
        ["setpoint", "now"].includes(hass.entities[id]?.translation_key ?? "") && deviceOf(hass, id) !== undefined,
      configurable: false,
    },
  ],
  customStrategies: [
    { type: "flexmeasures", strategyType: "dashboard", description: "The home, its plans, devices, feeds and meters" },
    { type: "flexmeasures", strategyType: "section", description: "The plan of a device, with mode and target" },
  ],
};

for (const [list, offers] of Object.entries(OFFERS)) {
  const known = (window[/** @type {keyof Offers} */ (list)] ??= []);
  for (const offer of offers) {
    if (!known.some(({ type, strategyType }) => type === offer.type && strategyType === offer.strategyType)) {
      known.push({
        name: "FlexMeasures",
        preview: true,
        documentationURL: "https://github.com/FlexMeasures/flexmeasures-for-home-assistant",
        ...offer,
      });
    }
  }
}
