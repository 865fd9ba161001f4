import js from "@eslint/js";

/** What a browser gives to the card, and Node to its tests. */
const BROWSER = ["CSSStyleSheet", "CustomEvent", "HTMLElement", "Option", "ResizeObserver", "clearTimeout", "document", "setTimeout", "window"];
const NODE = ["Buffer", "URL", "process", "setImmediate"];

/** @param {string[]} names */
const globals = (names) => Object.fromEntries(names.map((name) => [name, "readonly"]));

export default [
  { ignores: [".*/", "node_modules/", "sandbox/"] },
  js.configs.recommended,
  {
    rules: {
      curly: "error",
      eqeqeq: "error",
      "no-shadow": "error",
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-arrow-callback": "error",
      "prefer-const": "error",
      "prefer-template": "error",
    },
    linterOptions: { reportUnusedDisableDirectives: "error" },
  },
  { files: ["custom_components/**/*.js"], languageOptions: { globals: globals(BROWSER) } },
  { files: ["benchmarks/*.js"], languageOptions: { globals: globals([...BROWSER, "performance", "requestAnimationFrame"]) } },
  { files: ["tests/**/*.js"], languageOptions: { globals: globals(NODE) } },
];
