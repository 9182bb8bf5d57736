// The inbox brings itself up to date, but not while somebody ticks or writes in it.
document.addEventListener("htmx:beforeRequest", (event) => {
  const inbox = event.target;
  if (inbox.id !== "inbox") return;
  const busy = inbox.querySelector("input[type=checkbox]:checked") || inbox.contains(document.activeElement);
  if (busy) event.preventDefault();
});
