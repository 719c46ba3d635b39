import type { PaneController } from '../app/paneController';

/** What browser tests may see: never a token. */
export interface TestHook {
  ready: boolean;
  readonly marks: Record<string, number>;
  readonly errors: string[];
  state?: () => TestState;
}

export interface TestState {
  readonly series: string;
  readonly index: number;
  readonly wanted: number;
  readonly count: number;
  readonly window: { readonly lower: number; readonly upper: number } | undefined;
  readonly inverted: boolean;
  readonly zoom: number;
  readonly pan: readonly number[];
  readonly scale: { readonly x: number; readonly y: number };
  readonly order: readonly string[];
  /** Least, greatest and place-weighted sum of the displayed slice's decoded values, and their count. */
  readonly values: readonly number[];
}

declare global {
  interface Window {
    __viewer?: TestHook;
  }
}

/** Install the hook, collecting page errors. */
export function installHook(): TestHook {
  const hook: TestHook = { ready: false, marks: { script: performance.now() }, errors: [] };
  window.__viewer = hook;
  window.addEventListener('error', (event) => hook.errors.push(event.message));
  window.addEventListener('unhandledrejection', (event) => {
    if (!event.defaultPrevented) hook.errors.push(String(event.reason));
  });
  document.addEventListener('securitypolicyviolation', (event) =>
    hook.errors.push(`csp ${event.violatedDirective} ${event.blockedURI}`),
  );
  return hook;
}

/** The pane as numbers. */
export function stateOf(controller: PaneController): TestState {
  const { pane, series } = controller;
  const properties = pane.viewport.getProperties();
  return {
    series: series?.summary.uid ?? '',
    index: pane.index,
    wanted: pane.wanted,
    count: pane.count,
    window: properties.voiRange,
    inverted: properties.invert === true,
    zoom: pane.zoom,
    pan: [...pane.viewport.getPan()],
    scale: pane.scale(),
    order: series?.imageIds.map((imageId) => imageId.split('/').at(-3) ?? '') ?? [],
    values: valuesOf(pane.viewport.getCornerstoneImage()?.getPixelData() ?? []),
  };
}

/** Enough to tell two pictures apart: a sum weighted by place besides the extremes. */
function valuesOf(pixels: ArrayLike<number>): readonly number[] {
  let least = Infinity;
  let most = -Infinity;
  let weighted = 0;
  for (let at = 0; at < pixels.length; at += 1) {
    const value = pixels[at] ?? 0;
    least = Math.min(least, value);
    most = Math.max(most, value);
    weighted += value * ((at % 8191) + 1);
  }
  return [least, most, weighted, pixels.length];
}
