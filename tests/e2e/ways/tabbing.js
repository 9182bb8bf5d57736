// stops: -> the paths of everything that Tab must visit, in the order of the document: what can be worked, and what scrolls.
// else: -> {path, unseen, left, right, top, bottom, row} of what has the focus: places on the page; `unseen` says why the focus cannot be seen, "" where it can.
(stops) => {
  const WORKED = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
  const chosen = (one) => one.type !== "radio" || one.checked || !document.querySelector(`input[name="${one.name}"]:checked`);
  const works = (one) => !one.disabled && one.tabIndex >= 0 && one.checkVisibility({ visibilityProperty: true }) && chosen(one);
  if (stops) return [...document.querySelectorAll(WORKED)].filter(works).map(pathOf);

  const element = document.activeElement;
  if (!element || element === document.body) return { path: "", unseen: "the focus is nowhere", left: 0, right: 0, top: 0, bottom: 0, row: "" };
  const shown = element.matches(".segmented input, .unseen") ? element.closest("label") : element;
  const style = getComputedStyle(shown);
  const box = shown.getBoundingClientRect();
  const middle = [Math.min(Math.max(box.left + box.width / 2, 0), innerWidth - 1), Math.min(Math.max(box.top + Math.min(box.height / 2, 20), 0), innerHeight - 1)];
  const there = document.elementFromPoint(...middle);
  let unseen = "";
  if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2) unseen = `no outline: ${style.outline}`;
  else if (!box.width || box.right < 0 || box.left > innerWidth || box.bottom < 0 || box.top > innerHeight) unseen = `not on the screen: ${Math.round(box.left)}, ${Math.round(box.top)}`;
  else if (there && !shown.contains(there) && !there.contains(shown)) unseen = `covered by ${there.tagName}.${there.className}`;
  return { path: pathOf(element), unseen, left: box.left + scrollX, right: box.right + scrollX, top: box.top + scrollY, bottom: box.bottom + scrollY, row: element.closest("nav, .heat-scroll, .table-scroll, .bars-scroll, .pickers") ? "" : "page" };

  function pathOf(one) {
    const places = [];
    for (let at = one; at && at !== document.body; at = at.parentElement) places.unshift(`${at.tagName.toLowerCase()}${[...at.classList].map((name) => `.${name}`).join("")}:${[...at.parentElement.children].indexOf(at)}`);
    return places.join(">");
  }
}
