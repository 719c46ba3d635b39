import type { Words } from './words';
import { el } from './dom';
import { icon, type IconName } from './icon';

/** An opaque sheet over a pane: nothing of the image shows through. */
export class Cover {
  readonly element = el('div', { class: 'cover', hidden: true });

  /** Cover the pane with words; `retry` gives a button. */
  show(kind: IconName, words: Words, retry?: { label: string; act: () => void }): void {
    const children: Node[] = [icon(kind), el('strong', {}, words.title), el('p', {}, words.body)];
    if (retry && words.canRetry) children.push(this.#button(retry));
    this.#fill(kind === 'block' ? 'is-blocked' : 'is-problem', 'alert', children);
  }

  /** Cover the pane while its first image is on the way. */
  showWaiting(text: string): void {
    this.#fill('is-waiting', 'status', [el('p', {}, text)]);
  }

  /** Extra lines under the words. */
  add(...lines: readonly string[]): void {
    this.element.append(...lines.map((line) => el('p', { class: 'cover-line' }, line)));
  }

  hide(): void {
    this.element.hidden = true;
    this.element.replaceChildren();
  }

  #fill(state: string, role: string, children: readonly Node[]): void {
    this.element.className = `cover ${state}`;
    this.element.setAttribute('role', role);
    this.element.replaceChildren(...children);
    this.element.hidden = false;
  }

  #button(retry: { label: string; act: () => void }): HTMLButtonElement {
    const button = el('button', { type: 'button', class: 'tool' }, retry.label);
    button.addEventListener('click', retry.act);
    return button;
  }
}
