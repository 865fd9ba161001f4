/* What axe finds wrong with all that the integration draws: rule and element. `axe` is loaded before. */
async () => {
  const found = [];
  const look = (root) => {
    for (const element of root.querySelectorAll("*")) {
      if (element.localName.startsWith("flexmeasures-")) {
        found.push(element);
      } else if (element.shadowRoot) {
        look(element.shadowRoot);
      }
    }
  };
  look(document);
  const { passes, violations } = await axe.run({ include: found }, { resultTypes: ["violations"] });
  if (!passes.length) {
    return ["axe has looked at nothing"];
  }
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`));
}
