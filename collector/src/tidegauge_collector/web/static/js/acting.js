// A page with several forms asks for a name once: it goes along with whichever form is sent.
const name = document.querySelector("#who [name=actor]");

document.addEventListener("formdata", ({ formData }) => {
  if (name && !formData.has("actor")) formData.set("actor", name.value);
});
