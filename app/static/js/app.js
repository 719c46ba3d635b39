// Everything here is a comfort: each page works without it.
import { closeMenus } from "./menus.js";
import { checkFields } from "./fields.js";
import { listenForKeys } from "./keys.js";

closeMenus(document);
checkFields(document);
listenForKeys(document);

document.querySelector("[data-focus]")?.focus();
