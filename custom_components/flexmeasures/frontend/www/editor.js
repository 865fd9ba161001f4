import { devicesOf } from "./devices.js";

const DEVICE = {
  name: "device_id",
  selector: {
    device: { filter: { integration: "flexmeasures" }, entity: { integration: "flexmeasures", domain: "select" } },
  },
};

/** @type {Fn.FormOf} */
export const formOf = (element, texts) => ({
  schema:
    element === "badge"
      ? [DEVICE]
      : [
          DEVICE,
          { name: "title", selector: { text: {} } },
          {
            name: "range",
            selector: {
              select: {
                mode: "dropdown",
                options: [
                  { value: "day", label: texts.range_day },
                  { value: "24h", label: texts.range_24h },
                  { value: "all", label: texts.range_all },
                ],
              },
            },
          },
          { name: "show_controls", selector: { boolean: {} } },
        ],
  computeLabel: ({ name }) => texts[`form_${name}`],
  assertConfig: ({ devices }) => {
    if (devices) {
      throw new Error(texts.form_devices);
    }
  },
});

/** @type {Fn.ExampleOf} */
export const exampleOf = (element, hass) => {
  const device = { device_id: devicesOf(hass)[0]?.id };
  // Cards and badges are given their type by Home Assistant.
  return element === "feature"
    ? { type: "custom:flexmeasures-plan" }
    : element === "section"
      ? { type: "custom:flexmeasures", ...device }
      : device;
};
