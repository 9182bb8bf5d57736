// Of the forms of one page each asks who does it: the first one is shown, the others follow it.
const [first, ...others] = document.querySelectorAll("input[name=actor]");

for (const other of others) other.closest("label").hidden = true;
first?.addEventListener("input", () => {
  for (const other of others) other.value = first.value;
});
