// Words of the page in three languages, all from strings.json.

import strings from "/v1/strings.js";

const STORE = "language";
const HTML_LANGUAGE = { ja: "ja", easy: "ja", en: "en" };
const listeners = [];
let language = "ja";

/** The text for a key, with {name} filled in. */
export function words(key, values = {}) {
  const text = strings[language][key] ?? strings[language]["problem.error"];
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** Call back whenever the language changes. */
export function onLanguage(listener) {
  listeners.push(listener);
}

function use(chosen) {
  language = chosen in strings ? chosen : "ja";
  document.documentElement.lang = HTML_LANGUAGE[language];
  for (const element of document.querySelectorAll("[data-words]")) {
    element.textContent = words(element.dataset.words);
  }
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(button.dataset.language === language));
  }
  document.title = document.getElementById("title").textContent;
  listeners.forEach((listener) => listener());
}

function remembered() {
  try {
    return localStorage.getItem(STORE) ?? "ja";
  } catch {
    return "ja";
  }
}

function remember(chosen) {
  try {
    localStorage.setItem(STORE, chosen);
  } catch {
    // A browser that keeps nothing still shows the chosen language now.
  }
}

for (const button of document.querySelectorAll("[data-language]")) {
  button.addEventListener("click", () => {
    remember(button.dataset.language);
    use(button.dataset.language);
  });
}
use(remembered());
