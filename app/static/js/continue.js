/**
 * Long work goes on by itself (form[data-continue]); without a script its button does it.
 * @param {Document} page
 */
export function goOn(page) {
  page.querySelector("form[data-continue]")?.requestSubmit();
}
