import { formatOf, sourceOf } from "./plan.js";

/** @type {Fn.FollowOne} */
export const followOne = (texts, idOf, draw) => {
  /** @type {Source | undefined} */
  let source;
  /** As long as the element is on the page. @type {Connection | undefined} */
  let connection;
  /** @type {any} */
  let hass;
  let id = "";
  const show = () => source && draw(source, { texts, format: formatOf(hass), now: Date.now() }, hass);
  const restart = () => source?.start(hass);

  /** @type {Content} */
  const content = {
    update(given, config) {
      hass = given;
      const wanted = idOf(hass, config);
      if (!connection || wanted !== id) {
        content.stop();
        id = wanted;
        source = sourceOf(id, show);
        connection = given.connection;
        connection.addEventListener("ready", restart);
        restart();
      }
      show();
    },

    stop() {
      source?.stop();
      connection?.removeEventListener("ready", restart);
      connection = undefined;
    },
  };
  return content;
};
