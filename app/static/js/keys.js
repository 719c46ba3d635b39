const TYPING = "input, textarea, select, [contenteditable]";

/**
 * Keys of a staff list ([data-keys]): / search, n new, j k move, Enter open, Esc back.
 * @param {Document} page
 */
export function listenForKeys(page) {
  const list = page.querySelector("[data-keys]");
  if (!list) return;
  page.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
    if (event.target.matches(TYPING)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (act(page, list, event.key)) event.preventDefault();
  });
}

function act(page, list, key) {
  if (key === "/") return focus(page.querySelector("[data-search]"));
  if (key === "n") return follow(page.querySelector("[data-new]"));
  if (key === "j") return move(list, 1);
  if (key === "k") return move(list, -1);
  if (key === "Enter") return page.activeElement === page.body && follow(selected(list)?.querySelector("[data-open]"));
  if (key === "Escape") return follow(page.querySelector("[data-back]"));
  return false;
}

function selected(list) {
  return list.querySelector('tbody tr[aria-selected="true"]');
}

function move(list, step) {
  const rows = [...list.querySelectorAll("tbody tr")];
  if (rows.length === 0) return false;
  const at = rows.indexOf(selected(list));
  const next = rows[Math.min(Math.max(at + step, 0), rows.length - 1)];
  for (const row of rows) row.removeAttribute("aria-selected");
  next.setAttribute("aria-selected", "true");
  next.scrollIntoView({ block: "nearest" });
  next.querySelector("[data-open]")?.focus();
  return true;
}

function focus(target) {
  target?.focus();
  return Boolean(target);
}

function follow(target) {
  target?.click();
  return Boolean(target);
}
