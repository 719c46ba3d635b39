/**
 * A field is checked when the person leaves it, with the browser's own rules and in its own words.
 * Messages written by the server stay until the field is changed.
 * @param {Document} page
 */
export function checkFields(page) {
  for (const form of page.querySelectorAll("form[data-check]")) {
    form.addEventListener("focusout", (event) => showState(page, event.target, { typed: false }));
    form.addEventListener("input", (event) => showState(page, event.target, { typed: true }));
  }
}

function showState(page, control, { typed }) {
  const place = page.querySelector(`[data-error-for="${CSS.escape(control.id || "")}"]`);
  if (!place || !control.validity) return;
  if (!control.validity.valid) {
    if (!typed && control.value !== "") write(page, place, control, control.validationMessage);
    return;
  }
  if (typed || place.dataset.own === "true") write(page, place, control, "");
}

function write(page, place, control, message) {
  const lines = [];
  if (message) {
    const line = page.createElement("p");
    line.className = "field__error";
    line.textContent = message;
    lines.push(line);
  }
  place.replaceChildren(...lines);
  place.dataset.own = "true";
  control.setAttribute("aria-invalid", String(Boolean(message)));
  control.closest(".field")?.classList.toggle("field--invalid", Boolean(message));
}
