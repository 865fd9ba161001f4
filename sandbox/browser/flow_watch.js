// Knows when a dialog shows what Home Assistant has last answered. Loaded before the frontend, into each page.
(() => {
  const OF_A_FLOW =
    /\/api\/(config\/config_entries\/(options\/|subentries\/)?flow|repairs\/issues\/fix)(\/|$)/;
  const ENDS = ["abort", "create_entry"];
  let underWay = 0;
  let answered = null;

  const fetch = window.fetch;
  window.fetch = async (...request) => {
    const url = new URL(request[0].url ?? request[0], location.href);
    if (!OF_A_FLOW.test(url.pathname)) return fetch(...request);
    underWay += 1;
    try {
      const response = await fetch(...request);
      const step = await response
        .clone()
        .json()
        .catch(() => null);
      // A flow that was given up has no step; a server's error leaves the step that there was.
      if (step?.flow_id) answered = JSON.stringify(step);
      return response;
    } finally {
      underWay -= 1;
    }
  };

  const shown = () =>
    document
      .querySelector("home-assistant")
      ?.shadowRoot?.querySelector("dialog-data-entry-flow")
      ?.shadowRoot?.querySelector(
        "step-flow-form, step-flow-menu, step-flow-abort, step-flow-create-entry",
      );

  /** Tell whether a step is drawn, its Markdown too, which is made beside the page. */
  const isDrawn = (root) =>
    [...root.children].every((element) => {
      if (element.localName === "ha-markdown" && element.content?.trim()) {
        return element.shadowRoot?.querySelector("ha-markdown-element")?.innerText;
      }
      return isDrawn(element) && (!element.shadowRoot || isDrawn(element.shadowRoot));
    });

  /** Forget what was answered, where something is done that always has an answer. */
  window.flowBegins = () => {
    answered = null;
  };

  /** Tell whether the owner can go on: nothing is asked, computed or drawn any more. */
  window.flowRests = () => {
    if (underWay || !answered) return false;
    const step = JSON.parse(answered);
    // The dialog goes on by itself.
    if (step.next_flow || step.type.startsWith("progress")) return false;
    const element = shown();
    if (!element) return ENDS.includes(step.type);
    return element.localName.includes(step.type.replace("_", "-"))
      && (!element.step || JSON.stringify(element.step) === answered)
      && isDrawn(element.shadowRoot);
  };
})();
