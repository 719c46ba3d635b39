import type { Language, Source } from '../config';
import { displayDay } from '../study/dates';
import { hasImages, type SeriesSummary } from '../study/series';
import type { Say } from '../strings';
import { el } from './dom';
import { icon } from './icon';
import type { Words } from './words';

interface Card {
  readonly button: HTMLButtonElement;
  readonly progress: HTMLProgressElement;
}

/** One hospital whose series could not be read. */
export interface Problem {
  readonly source: Source;
  readonly words: Words;
}

export interface SeriesListActions {
  readonly onOpen: (series: SeriesSummary) => void;
  readonly onRetry: (source: Source) => void;
  readonly onClose: () => void;
}

/** The granted series, grouped by study: left on a desk, a drawer on a phone. */
export class SeriesList {
  readonly element: HTMLElement;
  readonly #body = el('div', { class: 'series-body' });
  readonly #cards = new Map<string, Card>();
  readonly #loaded = new Map<string, readonly [done: number, count: number]>();

  constructor(
    private readonly language: Language,
    private readonly say: Say,
    private readonly actions: SeriesListActions,
  ) {
    const close = el('button', { type: 'button', class: 'tool series-close' }, icon('close'), say('series.close'));
    close.addEventListener('click', actions.onClose);
    const head = el('div', { class: 'series-head' }, el('h2', {}, say('series')), close);
    this.element = el('nav', { class: 'series', id: 'series-list', 'aria-label': say('series') }, head, this.#body);
  }

  /** Show these series, already in list order, and why other hospitals' are missing. Focus stays. */
  show(all: readonly SeriesSummary[], problems: readonly Problem[]): void {
    const held = [...this.#cards].find(([, { button }]) => button === document.activeElement)?.[0];
    this.#cards.clear();
    this.#body.replaceChildren(
      ...studiesOf(all).map((study) => this.#study(study)),
      ...problems.map((problem) => this.#problem(problem)),
    );
    const nothing = all.length === 0 && problems.length === 0;
    if (nothing) this.#body.append(el('p', { class: 'series-empty' }, this.say('series.empty')));
    for (const [uid, [done, count]] of this.#loaded) this.showProgress(uid, done, count);
    if (held !== undefined) this.#cards.get(held)?.button.focus();
  }

  markOpen(uid: string): void {
    for (const [key, { button }] of this.#cards) {
      button.toggleAttribute('aria-current', key === uid);
      if (key === uid) button.setAttribute('aria-current', 'true');
    }
  }

  showProgress(uid: string, done: number, count: number): void {
    this.#loaded.set(uid, [done, count]);
    const progress = this.#cards.get(uid)?.progress;
    if (!progress) return;
    progress.hidden = false;
    progress.max = count;
    progress.value = done;
    progress.setAttribute('aria-label', this.say('series.progress', { done, count }));
    progress.classList.toggle('is-full', done === count);
  }

  #problem({ source, words }: Problem): HTMLElement {
    const text = [el('strong', {}, words.title), el('p', {}, words.body)];
    if (!words.canRetry) return el('div', { class: 'series-problem', role: 'status' }, ...text);
    const retry = el('button', { type: 'button', class: 'tool' }, this.say('error.retry'));
    retry.addEventListener('click', () => this.actions.onRetry(source));
    return el('div', { class: 'series-problem', role: 'alert' }, ...text, retry);
  }

  #study(series: readonly SeriesSummary[]): HTMLElement {
    const first = series[0];
    const day = displayDay(first?.studyDate ?? '', this.language) || this.say('series.noDate');
    return el(
      'section',
      { class: 'study' },
      el('h3', {}, day, el('span', {}, first?.source.gatewayName ?? '')),
      el('p', { class: 'study-description' }, first?.studyDescription ?? ''),
      ...series.map((item) => this.#card(item)),
    );
  }

  #card(series: SeriesSummary): HTMLElement {
    const progress = el('progress', { class: 'series-progress', max: '1', value: '0', hidden: true });
    const count = series.instances === undefined ? '' : this.say('series.images', { count: series.instances });
    const button = el(
      'button',
      { type: 'button', class: 'series-card', 'data-series': series.uid, disabled: !hasImages(series) },
      el('span', { class: 'series-modality' }, series.modality || '?'),
      el('span', { class: 'series-text' }, el('span', { class: 'series-title' }, this.#title(series)), el('span', { class: 'series-count' }, count)),
      progress,
    );
    if (!hasImages(series)) button.append(el('span', { class: 'series-note' }, this.say('series.notShown')));
    button.addEventListener('click', () => this.actions.onOpen(series));
    this.#cards.set(series.uid, { button, progress });
    return button;
  }

  #title(series: SeriesSummary): string {
    if (series.description) return series.description;
    if (series.number !== undefined) return this.say('series.number', { number: series.number });
    return this.say('series.noDescription');
  }
}

function studiesOf(all: readonly SeriesSummary[]): readonly (readonly SeriesSummary[])[] {
  const groups = new Map<string, SeriesSummary[]>();
  for (const series of all) {
    const group = groups.get(series.study);
    if (group) group.push(series);
    else groups.set(series.study, [series]);
  }
  return [...groups.values()];
}
