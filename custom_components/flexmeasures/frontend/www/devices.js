/** @type {Fn.PartsOf} */
export const partsOf = ({ entities, devices, states }) => {
  const parts = /** @type {Record<string, Part>} */ ({});
  for (const [entityId, { platform, device_id: id = "", translation_key: key = "" }] of Object.entries(entities)) {
    // Who may not read an entity has no state of it.
    if (platform === "flexmeasures" && devices[id] && states[entityId]) {
      const { name_by_user: own, name } = devices[id];
      const part = (parts[id] ??= { id, name: own ?? name ?? "", kind: "meter", entities: {} });
      part.entities[key] = entityId;
      // Only what is scheduled has a mode.
      part.kind = key === "mode" ? "device" : key.startsWith("feed_") ? "feed" : part.kind;
    }
  }
  return Object.values(parts).sort((one, other) => one.name.localeCompare(other.name));
};

/** @type {Fn.DevicesOf} */
export const devicesOf = (hass) => partsOf(hass).filter(({ kind }) => kind === "device");

/** @type {Fn.DeviceOf} */
export const deviceOf = (hass, entityId) =>
  devicesOf(hass).find(({ entities }) => Object.values(entities).includes(entityId))?.id;
