import type { GrantedPatient, Language } from '../config';
import type { SeriesSummary } from '../study/series';
import { displayDay, minutesLeft } from '../study/dates';
import type { IdentityCheck } from '../study/identity';
import type { Say } from '../strings';
import { el } from './dom';

const HOUR = 60;
const DAY = 24 * HOUR;
/** Below this many minutes the time left is marked. */
const SHORT = 15;

/** Who, from where, of which day, and for how long: stands over every pane, never shared. */
export class Banner {
  readonly element: HTMLElement;
  readonly #study = el('p', { class: 'banner-study' });
  readonly #inImages = el('p', { class: 'banner-images' });
  readonly #left = el('p', { class: 'banner-left', role: 'timer' });

  constructor(
    patient: GrantedPatient,
    private readonly language: Language,
    private readonly say: Say,
  ) {
    this.element = el(
      'header',
      { class: 'banner', 'aria-label': say('banner.patient') },
      identityLine(patient, language, say),
      this.#study,
      this.#inImages,
      this.#left,
    );
  }

  /** The pane now shows this series. */
  showSeries(series: SeriesSummary): void {
    const day = displayDay(series.studyDate, this.language);
    this.#study.replaceChildren(
      el('span', {}, this.say('banner.hospital', { hospital: series.source.gatewayName })),
      el('span', { class: 'strong' }, day ? this.say('banner.study', { day }) : this.say('series.noDate')),
      el('span', {}, [series.modality, series.description].filter(Boolean).join(' ')),
    );
    this.#inImages.textContent = '';
  }

  /** What the images themselves say about the person; IDs differ between hospitals. */
  showInImages(check: IdentityCheck): void {
    this.#inImages.textContent = this.say('banner.inImages', {
      name: check.imageName || this.say('banner.unnamed'),
      id: check.imageId || this.say('banner.noId'),
    });
  }

  showTimeLeft(until: string, nowMs: number): void {
    const minutes = minutesLeft(until, nowMs);
    this.#left.textContent = this.#leftText(minutes);
    this.#left.classList.toggle('is-short', minutes < SHORT);
  }

  #leftText(minutes: number): string {
    if (minutes === 0) return this.say('banner.over');
    if (minutes < 2 * HOUR) return this.say('banner.minutesLeft', { minutes });
    if (minutes < 2 * DAY) return this.say('banner.hoursLeft', { hours: Math.floor(minutes / HOUR) });
    return this.say('banner.daysLeft', { days: Math.floor(minutes / DAY) });
  }
}

function identityLine(patient: GrantedPatient, language: Language, say: Say): HTMLElement {
  return el(
    'p',
    { class: 'banner-person' },
    el(
      'span',
      { class: 'banner-name', lang: 'ja' },
      patient.kanji,
      el('span', { class: 'banner-kana' }, patient.kana),
    ),
    el('span', {}, say('banner.id', { id: patient.id })),
    el('span', {}, birthText(patient, language, say)),
    el('span', { lang: 'ja' }, patient.sex),
  );
}

/** Birth date and age as one phrase, e.g. 1990年5月1日生（36歳）. */
export function birthText(patient: GrantedPatient, language: Language, say: Say): string {
  const day = displayDay(patient.birthDate, language);
  const open = language === 'en' ? [' (', ')'] : ['（', '）'];
  return `${say('banner.birth', { day })}${open[0]}${patient.age}${open[1]}`;
}
