import type { Say } from '../strings';
import { el } from './dom';
import { icon } from './icon';

/** What remains when viewing has ended: the reason, and the ways on. */
export function endedScreen(reason: string, backUrl: string, say: Say): HTMLElement {
  const reload = el('button', { type: 'button', class: 'tool' }, say('ended.reload'));
  reload.addEventListener('click', () => location.reload());
  return el(
    'main',
    { class: 'ended', role: 'alert' },
    icon('block'),
    el('h1', {}, say('ended.title')),
    el('p', {}, reason),
    el('p', {}, say('ended.noneLost')),
    el('p', { class: 'ended-actions' }, el('a', { class: 'tool', href: backUrl }, say('back')), reload),
  );
}
