import './viewer.css';
import { listenToToldErrors } from './app/toldErrors';
import { Viewer } from './app/viewer';
import { parseConfig } from './config';
import { speaker } from './strings';
import { installHook } from './testing/hook';
import { el } from './ui/dom';

/** Start the viewer in `#viewer` from the page's `#viewer-config`. */
function main(): void {
  const root = document.getElementById('viewer');
  if (!root) return;
  listenToToldErrors();
  try {
    const config = parseConfig(document.getElementById('viewer-config')?.textContent ?? '');
    const hook = config.test ? installHook() : undefined;
    void new Viewer(root, config, hook).start();
  } catch {
    const say = speaker('ja');
    const words = [el('h1', {}, say('error.config.title')), el('p', {}, say('error.config.body'))];
    root.replaceChildren(el('main', { class: 'ended', role: 'alert' }, ...words));
  }
}

main();
