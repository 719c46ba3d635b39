import type { Preset } from '../rendering/presets';
import type { ToolName } from '../rendering/paneTools';
import type { Say, StringKey } from '../strings';
import { el } from './dom';
import { icon, type IconName } from './icon';

export interface ToolbarActions {
  readonly onTool: (name: ToolName) => void;
  readonly onPreset: (preset: Preset) => void;
  readonly onInvert: () => void;
  readonly onReset: () => void;
  readonly onClear: () => void;
  readonly onHelp: () => void;
}

const TOOLS: readonly (readonly [ToolName, string])[] = [
  ['scroll', 'S'],
  ['window', 'W'],
  ['zoom', 'Z'],
  ['pan', 'P'],
  ['length', 'L'],
];

/** Labelled buttons for tools, actions and presets. */
export class Toolbar {
  readonly element: HTMLElement;
  readonly #tools = new Map<ToolName, HTMLButtonElement>();
  readonly #presets = el('div', { class: 'toolbar-group presets', role: 'group' });

  constructor(
    private readonly say: Say,
    private readonly actions: ToolbarActions,
  ) {
    this.#presets.setAttribute('aria-label', say('tool.presets'));
    this.element = el(
      'div',
      { class: 'toolbar', role: 'toolbar', 'aria-label': say('toolbar') },
      this.#toolGroup(),
      this.#actionGroup(),
      this.#presets,
    );
  }

  /** Mark the tool on the primary button. */
  showTool(active: ToolName): void {
    for (const [name, button] of this.#tools) {
      button.setAttribute('aria-pressed', String(name === active));
    }
  }

  /** Offer these presets, numbered in order; mark the active one. */
  showPresets(presets: readonly Preset[], active?: Preset): void {
    this.#presets.replaceChildren(
      ...presets.map((preset, index) => this.#presetButton(preset, index, preset === active)),
    );
  }

  #toolGroup(): HTMLElement {
    const group = el('div', { class: 'toolbar-group' });
    for (const [name, key] of TOOLS) {
      const button = this.#button(name, `tool.${name}`, key, () => this.actions.onTool(name));
      this.#tools.set(name, button);
      group.append(button);
    }
    return group;
  }

  #actionGroup(): HTMLElement {
    const { onReset, onInvert, onClear, onHelp } = this.actions;
    return el(
      'div',
      { class: 'toolbar-group' },
      this.#button('reset', 'tool.reset', 'R', onReset),
      this.#button('invert', 'tool.invert', 'I', onInvert),
      this.#button('erase', 'tool.deleteMeasurements', 'Delete', onClear),
      this.#button('help', 'tool.help', '?', onHelp),
    );
  }

  #button(image: IconName, label: StringKey, key: string, act: () => void): HTMLButtonElement {
    const button = el(
      'button',
      { type: 'button', class: 'tool', title: `${this.say(label)} (${key})`, 'data-tool': image },
      icon(image),
      el('span', {}, this.say(label)),
    );
    button.setAttribute('aria-keyshortcuts', key);
    button.addEventListener('click', act);
    return button;
  }

  #presetButton(preset: Preset, index: number, active: boolean): HTMLButtonElement {
    const button = el(
      'button',
      { type: 'button', class: 'tool preset', 'data-preset': preset.name, 'aria-pressed': String(active) },
      el('kbd', {}, String(index + 1)),
      el('span', {}, this.say(`preset.${preset.name}`)),
    );
    button.addEventListener('click', () => this.actions.onPreset(preset));
    return button;
  }
}
