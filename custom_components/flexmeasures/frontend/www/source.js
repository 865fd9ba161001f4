import { outlook } from "./plan.js";

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
