import type { Say } from '../strings';
import { el } from './dom';

const ROWS = ['wheel', 'drag', 'middle', 'presets', 'keys', 'reset', 'touch'] as const;

/** The help dialog: every key and gesture in words. */
export function helpDialog(say: Say): HTMLDialogElement {
  const rows = ROWS.flatMap((row) => [el('dt', {}, say(`help.${row}`)), el('dd', {}, say(`help.${row}.does`))]);
  const close = el('button', { type: 'button', class: 'tool', autofocus: true }, say('help.close'));
  const dialog = el(
    'dialog',
    { class: 'help', 'aria-label': say('help.title') },
    el('h2', {}, say('help.title')),
    el('dl', {}, ...rows),
    el('p', {}, say('help.notice')),
    close,
  );
  close.addEventListener('click', () => dialog.close());
  return dialog;
}
