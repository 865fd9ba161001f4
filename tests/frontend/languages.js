export const PARTS = ["", "-more", "-home"];
export const LANGUAGES = ["de", "en", "es", "fr", "nl"];

/** @param {string} language @returns {Promise<Texts & HomeTexts>} */
export async function textsIn(language) {
  const folder = "../../custom_components/flexmeasures/frontend/www/texts";
  const [core, more, home] = await Promise.all(PARTS.map((part) => import(`${folder}/${language}${part}.js`)));
  return { ...core.default, ...more.default, ...home.default };
}
