import type { ViewerConfig } from '../config';
import type { Say } from '../strings';
import { el } from '../ui/dom';
import { icon } from '../ui/icon';

export interface Layout {
  readonly element: HTMLElement;
  readonly panes: HTMLElement;
  readonly openList: () => void;
  readonly closeList: () => void;
}

/** The page's frame: head, series list, panes, toolbar. The list is a drawer on a phone. */
export function buildLayout(
  config: ViewerConfig,
  say: Say,
  list: HTMLElement,
  toolbar: HTMLElement,
): Layout {
  const panes = el('main', { class: 'panes', 'aria-label': say('title') });
  const opener = el(
    'button',
    { type: 'button', class: 'tool drawer-opener', 'aria-controls': list.id, 'aria-expanded': 'false' },
    icon('series'),
    el('span', {}, say('series')),
  );
  const back = el('a', { class: 'tool back', href: config.backUrl }, icon('back'), el('span', {}, say('back')));
  const head = el('div', { class: 'head' }, back, opener);
  const notice = config.simulated ? [el('p', { class: 'simulated' }, say('banner.simulated'))] : [];
  const element = el('div', { class: 'frame' }, ...notice, head, list, panes, toolbar);
  const setOpen = (open: boolean): void => {
    list.classList.toggle('is-open', open);
    opener.setAttribute('aria-expanded', String(open));
  };
  opener.addEventListener('click', () => setOpen(!list.classList.contains('is-open')));
  return { element, panes, openList: () => setOpen(true), closeList: () => setOpen(false) };
}
