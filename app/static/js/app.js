// Everything here is a comfort: each page works without it.
import { closeMenus } from "./menus.js";
import { checkFields } from "./fields.js";
import { listenForKeys } from "./keys.js";
import { goOn } from "./continue.js";

closeMenus(document);
checkFields(document);
listenForKeys(document);
goOn(document);

document.querySelector("[data-focus]")?.focus();
