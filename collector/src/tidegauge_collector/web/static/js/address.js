// The address bar says what is shown, so that a copied link shows the same; so does #view, for the next drawing.

export function keepInAddress(name, value) {
  const address = new URL(location.href);
  if (value) address.searchParams.set(name, value);
  else address.searchParams.delete(name);
  history.replaceState(history.state, "", address);
  const view = document.getElementById("view");
  if (view) view.dataset[name] = value;
  const field = document.querySelector(`#pickers [name="${name}"]`);
  if (field) field.value = value;
}
