// Tell what is wider than the page, or reaches out of it where one cannot look, as a list of short texts.
(root) => {
  const found = [];
  const width = document.documentElement.clientWidth;
  const name = (element) =>
    `${element.localName} "${(element.innerText ?? "").trim().slice(0, 40)}"`;

  const look = (element, isClipped) => {
    const style = getComputedStyle(element);
    if (style.display === "none" || style.visibility === "hidden") return;
    const box = element.getBoundingClientRect();
    if (!isClipped && box.width && (box.right > width + 1 || box.left < -1)) {
      found.push(`${name(element)} reaches from ${box.left} to ${box.right} of ${width}`);
      return;
    }
    const isScrolled = ["auto", "scroll"].includes(style.overflowX);
    if (isScrolled && element.clientWidth && element.scrollWidth > element.clientWidth + 1) {
      found.push(`${name(element)} is ${element.scrollWidth} wide in ${element.clientWidth}`);
    }
    const clips = isClipped || style.overflowX !== "visible";
    for (const child of [...(element.shadowRoot?.children ?? []), ...element.children]) {
      look(child, clips);
    }
  };

  if (document.scrollingElement.scrollWidth > width + 1) {
    found.push(`The page is ${document.scrollingElement.scrollWidth} wide in ${width}`);
  }
  look(root, false);
  return found;
}
