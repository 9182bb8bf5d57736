// -> why somebody who looks at this element cannot read it, "" where they can.
(element) => {
  const box = element.getBoundingClientRect();
  if (!box.width || !box.height) return "it has no size";
  if (box.left < -1 || box.right > document.documentElement.clientWidth + 1) {
    let scrolled = element.parentElement;
    while (scrolled && !["auto", "scroll"].includes(getComputedStyle(scrolled).overflowX)) scrolled = scrolled.parentElement;
    if (!scrolled || scrolled === document.documentElement) return `it reaches from ${box.left} to ${box.right}`;
  }
  const text = [...element.getClientRects()].find((one) => one.width && one.height) ?? box;
  const x = Math.min(Math.max(text.left + Math.min(text.width / 2, 40), 0), innerWidth - 1);
  const y = Math.min(Math.max(text.top + Math.min(text.height / 2, 12), 0), innerHeight - 1);
  const there = document.elementFromPoint(x, y);
  if (!there) return "nothing is there";
  if (element.contains(there) || there.contains(element) || there.closest("label")?.contains(element)) return "";
  return `${there.tagName}.${there.className} lies over it`;
}
