/** @type {Fn.LoadTexts} */
const textsIn = async (language, part = "") =>
  (await import(`./texts/${["de", "es", "fr", "nl"].find((known) => language.startsWith(known)) ?? "en"}${part}.js`)).default;

/** What an element holds is in the module of its name. @type {Fn.ElementOf} */
const elementOf = (name) =>
  class extends HTMLElement {
    /** @type {Hass | undefined} */
    #hass;
    /** @type {CardConfig | undefined} */
    #config;
    /** @type {Content | undefined} */
    #content;
    #language = "";

    /** @param {CardConfig} config */
    setConfig(config) {
      if (!Array.isArray(config.devices ?? [])) {
        throw new Error("devices: [device_id, ...]");
      }
      this.#config = config;
      this.#update();
    }

    /** @param {Hass} hass */
    set hass(hass) {
      this.#hass = hass;
      this.#update();
    }

    connectedCallback() {
      this.#update();
    }

    disconnectedCallback() {
      this.#content?.stop();
    }

    async #update() {
      if (!this.#hass || !this.#config || !this.isConnected) {
        return;
      }
      const { language } = this.#hass.locale;
      if (language !== this.#language) {
        this.#language = language;
        const [{ contentIn }, texts] = await Promise.all([import(`./${name}.js`), textsIn(language), import("./plan.js")]);
        this.#content?.stop();
        this.#content = contentIn(this.shadowRoot ?? this.attachShadow({ mode: "open" }), texts, () => textsIn(language, "-more"));
        this.#update();
      } else {
        this.#content?.update(this.#hass, this.#config);
      }
    }

    getCardSize() {
      return 8;
    }

    getGridOptions() {
      return { columns: 12, min_columns: 6, min_rows: 4 };
    }

    static async getConfigForm() {
      const { lang } = document.documentElement;
      return (await import("./editor.js")).formOf(name, { ...(await textsIn(lang)), ...(await textsIn(lang, "-more")) });
    }

    /** @param {Hass} hass */
    static async getStubConfig(hass) {
      return (await import("./editor.js")).exampleOf(name, hass);
    }
  };

/** @type {Fn.StrategyOf} */
const strategyOf = (kind) =>
  class extends HTMLElement {
    static registryDependencies = ["entities", "devices"];
    static noEditor = true;

    /** @type {Fn.GenerateFrom} */
    static async generate(config, hass) {
      const [{ generate }, texts] = await Promise.all([import("./strategies.js"), textsIn(hass.locale.language, "-home")]);
      return generate(kind, config, hass, texts);
    }

    static getCreateSuggestions() {
      return { title: "FlexMeasures", icon: "mdi:home-lightning-bolt-outline" };
    }

    /** Of a section: the others have nothing to set up. */
    static getConfigElement() {
      return document.createElement("flexmeasures-section-editor");
    }

    /** Of a section. @param {Hass} hass */
    static async getStubConfig(hass) {
      return (await import("./editor.js")).exampleOf("section", hass);
    }
  };

const ELEMENTS = {
  "flexmeasures-plan-card": elementOf("card"),
  "flexmeasures-plan-badge": elementOf("badge"),
  "flexmeasures-plan": elementOf("feature"),
  "flexmeasures-section-editor": elementOf("section"),
  "ll-strategy-dashboard-flexmeasures": strategyOf("dashboard"),
  "ll-strategy-view-flexmeasures": strategyOf("view"),
  "ll-strategy-section-flexmeasures": strategyOf("section"),
};

const define = () => {
  for (const [tag, Element] of Object.entries(ELEMENTS)) {
    if (!window.customElements.get(tag)) {
      window.customElements.define(tag, class extends Element {});
    }
  }
};
define();
// Home Assistant before 2026.11 replaces the registry while it starts, and what was in it is lost.
window.customElements.whenDefined("home-assistant").then(define);
setTimeout(define, 5000);
// For the dialogs in which cards and the like are chosen.
import("./offers.js");
