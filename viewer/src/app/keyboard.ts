import type { ToolName } from '../rendering/paneTools';

export interface KeyActions {
  readonly goBy: (steps: number) => void;
  readonly goToEnd: (end: 'first' | 'last') => void;
  readonly choose: (tool: ToolName) => void;
  readonly preset: (number: number) => void;
  readonly invert: () => void;
  readonly reset: () => void;
  readonly clear: () => void;
  readonly help: () => void;
}

const PAGE = 10;
const TOOL_KEYS: Readonly<Record<string, ToolName>> = {
  s: 'scroll',
  w: 'window',
  z: 'zoom',
  p: 'pan',
  l: 'length',
};

/** Every key of the viewer; modifiers and form fields keep their own meaning. */
export function listenToKeys(target: EventTarget, actions: KeyActions, signal: AbortSignal): void {
  const onKey = (event: Event): void => {
    if (!(event instanceof KeyboardEvent) || ignored(event)) return;
    const act = actionFor(event.key, actions);
    if (!act) return;
    event.preventDefault();
    act();
  };
  target.addEventListener('keydown', onKey, { signal });
}

function ignored(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return true;
  const target = event.target;
  return target instanceof Element && target.closest('dialog, input, select, textarea') !== null;
}

function actionFor(key: string, actions: KeyActions): (() => void) | undefined {
  const movement: Readonly<Record<string, () => void>> = {
    ArrowUp: () => actions.goBy(-1),
    ArrowLeft: () => actions.goBy(-1),
    ArrowDown: () => actions.goBy(1),
    ArrowRight: () => actions.goBy(1),
    PageUp: () => actions.goBy(-PAGE),
    PageDown: () => actions.goBy(PAGE),
    Home: () => actions.goToEnd('first'),
    End: () => actions.goToEnd('last'),
    Delete: actions.clear,
    '?': actions.help,
    i: actions.invert,
    r: actions.reset,
  };
  const name = key.length === 1 ? key.toLowerCase() : key;
  const tool = TOOL_KEYS[name];
  if (tool) return () => actions.choose(tool);
  if (/^[1-6]$/.test(name)) return () => actions.preset(Number(name));
  return movement[name];
}
