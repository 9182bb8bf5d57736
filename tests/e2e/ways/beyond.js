// -> what of the page lies beyond the screen, or is cut off without a way to read it: "tag.class: text", at most twenty.
() => {
  const width = document.documentElement.clientWidth;
  const found = [];
  const clip = (style) => style.overflowX !== "visible";
  // Scrolled by the reader, or hidden from all eyes on purpose (for screen readers).
  const excused = (element) => {
    for (let one = element; one && one !== document.body; one = one.parentElement) {
      const style = getComputedStyle(one);
      if (one.matches(".unseen, .skip, .u-hz, .stack thead") || style.position === "fixed" || style.visibility === "hidden" || style.opacity === "0") return true;
      if (one !== element && ["auto", "scroll"].includes(style.overflowX)) return true;
    }
    return false;
  };
  for (const element of document.body.querySelectorAll("*")) {
    if (element.closest("svg") && element.tagName !== "svg") continue;
    const box = element.getBoundingClientRect();
    if (!box.width || !box.height || !element.checkVisibility()) continue;
    const told = () => `${element.tagName.toLowerCase()}.${element.className?.baseVal ?? element.className}: ${element.textContent.trim().replace(/\s+/g, " ").slice(0, 60)}`;
    if ((box.right > width + 1 || box.left < -1) && !excused(element)) found.push(`beyond ${told()}`);
    const style = getComputedStyle(element);
    const ownText = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    const holdsText = ownText || element.querySelector(":scope > bdi");
    if (holdsText && clip(style) && !["auto", "scroll"].includes(style.overflowX) && element.scrollWidth > element.clientWidth + 1 && !element.closest("[title]") && !excused(element)) found.push(`cut off ${told()}`);
    if (element.tagName === "INPUT" && ["text", "search"].includes(element.type) && !element.value && element.placeholder) {
      const probe = document.createElement("canvas").getContext("2d");
      probe.font = style.font;
      const room = element.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
      if (probe.measureText(element.placeholder).width > room + 1) found.push(`hint cut off: ${element.placeholder}`);
    }
  }
  return found.slice(0, 20);
}
