/**
 * Open menus (details[data-closes]) close on Escape and on a press elsewhere.
 * @param {Document} page
 */
export function closeMenus(page) {
  page.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const open = page.activeElement?.closest("details[data-closes][open]");
    if (!open) return;
    open.open = false;
    open.querySelector("summary")?.focus();
    event.preventDefault();
  });
  page.addEventListener("pointerdown", (event) => {
    for (const menu of page.querySelectorAll("details.menu[data-closes][open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
}
