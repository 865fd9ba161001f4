import { action, blocks, fill, html, spanWords, total, write } from "./plan.js";

export const STYLE = `
ol { list-style: none; }
li { padding: 6px 0; border-top: 1px solid var(--line); }
li span { display: block; }
`;

/** @type {Fn.Timeline} */
export const timeline = (picture, plan, span, reader) => {
  const { texts, format: { amount, money, price } } = reader;
  const currency = picture.prices?.currency ?? "";
  return blocks(plan, span).map((block) => {
    const { energy, cost } = total(plan, block);
    const more = [amount(Math.abs(energy), "kWh")];
    if (cost !== null) {
      more.push(fill(texts.at, { price: price(cost / energy, currency) }));
      more.push(fill(cost < 0 ? texts.earns : texts.costs, { money: money(Math.abs(cost), currency) }));
    }
    const why = picture.reasons.find(({ end }) => Date.parse(end) === block.end)?.text ?? "";
    return [spanWords(block, reader), action(picture, block.power, reader), more.join(", "), why];
  });
};

/** @type {Fn.ShowList} */
export const show = (node, ...of) => {
  const items = timeline(...of).map(([when, what, more, why]) => html`<li>${when} <b>${what}</b> <span>${more}</span> <span>${why}</span></li>`);
  write(node, items.join("") || html`<li>${of[3].texts.nothing}</li>`);
};
