import type { GrantedPatient, Language } from '../config';
import type { ResolvedPreset } from '../rendering/presets';
import type { Say } from '../strings';
import { Banner } from './banner';
import { Cover } from './cover';
import { el } from './dom';
import { icon } from './icon';

/** The visible parts of one pane: banner, canvas, corner texts, cover. */
export class PaneView {
  readonly banner: Banner;
  readonly cover = new Cover();
  /** The element the renderer draws in. */
  readonly canvasHost = el('div', { class: 'viewport', tabindex: '0', role: 'img' });
  readonly element: HTMLElement;
  readonly #caution = el('div', { class: 'caution', role: 'alert', hidden: true });
  readonly #position = el('span', { class: 'corner-position' });
  readonly #window = el('span', { class: 'corner-window' });
  readonly #notes = el('span', { class: 'corner-notes' });
  readonly #loading = el('span', { class: 'corner-loading', role: 'status', hidden: true });

  constructor(
    patient: GrantedPatient,
    language: Language,
    private readonly say: Say,
  ) {
    this.banner = new Banner(patient, language, say);
    const corners = el('div', { class: 'corners' }, this.#position, this.#window, this.#notes);
    const stage = el('div', { class: 'stage' }, this.canvasHost, corners, this.#loading, this.cover.element);
    this.element = el('section', { class: 'pane' }, this.banner.element, this.#caution, stage);
    this.canvasHost.addEventListener('contextmenu', (event) => event.preventDefault());
  }

  showModality(modality: string): void {
    this.canvasHost.setAttribute('aria-label', this.say('pane.label', { modality }));
  }

  showCaution(text: string): void {
    this.#caution.replaceChildren(icon('warning'), el('span', {}, text));
    this.#caution.hidden = text === '';
  }

  showPosition(index: number, count: number): void {
    this.#position.textContent = this.say('pane.image', { index: index + 1, count });
  }

  showWindow({ center, width }: ResolvedPreset): void {
    const values = { center: Math.round(center), width: Math.round(width) };
    this.#window.textContent = this.say('pane.window', values);
  }

  hideWindow(): void {
    this.#window.textContent = '';
  }

  showNotes(notes: readonly string[]): void {
    this.#notes.textContent = notes.join(' ・ ');
  }

  showLoading(index: number): void {
    this.#loading.textContent = this.say('pane.loading', { index: index + 1 });
    this.#loading.classList.remove('is-preliminary');
    this.#loading.hidden = false;
  }

  /** What is on the canvas is coarse, and not to be read. */
  showPreliminary(index: number): void {
    const words = this.say('pane.preliminary', { index: index + 1 });
    this.#loading.replaceChildren(icon('warning'), el('span', {}, words));
    this.#loading.classList.add('is-preliminary');
    this.#loading.hidden = false;
  }

  hideLoading(): void {
    this.#loading.hidden = true;
  }

  /** Take the words of the former series away. */
  clearCorners(): void {
    for (const corner of [this.#position, this.#window, this.#notes]) corner.textContent = '';
    this.showCaution('');
    this.hideLoading();
  }
}
