import {
  cache,
  Enums,
  eventTarget,
  getShouldUseCPURendering,
  imageLoader,
  utilities,
  type RenderingEngine,
  type StackViewport,
  type Types,
} from '@cornerstonejs/core';
import { resolvePreset, type Preset, type ResolvedPreset } from './presets';
import { Fit } from './fit';
import { loadPreliminary } from './frameLoader';

export interface PaneEvents {
  /** A slice other than the displayed one was asked for. */
  readonly onWanted: (index: number) => void;
  /** This slice is now on the canvas. */
  readonly onDisplayed: (index: number, image: Types.IImage) => void;
  /** A coarse picture of this slice is on the canvas; its own is on the way. */
  readonly onPreliminary: (index: number) => void;
  /** The wanted slice could not be shown. */
  readonly onFailed: (index: number, error: unknown) => void;
  readonly onWindow: (window: ResolvedPreset) => void;
  readonly onRendered: () => void;
}

const OWN_WINDOW: Preset = { name: 'auto', center: 0, width: 0 };

/** One stack of frames on one canvas. It takes image ids and knows no network. */
export class StackPane {
  readonly #viewport: StackViewport;
  readonly #fit: Fit;
  readonly #abort = new AbortController();
  #imageIds: readonly string[] = [];
  #wanted = 0;
  #displayed = -1;
  /** CPU rendering only: the window painted, which the viewport forgets at every new slice. */
  #painted: Types.VOIRange | undefined;

  constructor(
    private readonly engine: RenderingEngine,
    readonly id: string,
    readonly element: HTMLDivElement,
    private readonly events: PaneEvents,
  ) {
    engine.enableElement({ viewportId: id, element, type: Enums.ViewportType.STACK });
    this.#viewport = engine.getViewport<StackViewport>(id);
    this.#fit = new Fit(engine, this.#viewport, element);
    this.#listen();
  }

  /** Show a stack, first the slice at `start`. */
  async open(imageIds: readonly string[], start: number): Promise<void> {
    this.#imageIds = imageIds;
    this.#wanted = start;
    this.#displayed = -1;
    this.#painted = undefined;
    this.events.onWanted(start);
    await this.#viewport.setStack([...imageIds], start).catch(reportedByEvent);
    if (this.#displayed >= 0 && this.#imageIds === imageIds) this.#settle();
  }

  get index(): number {
    return this.#displayed;
  }

  get wanted(): number {
    return this.#wanted;
  }

  get count(): number {
    return this.#imageIds.length;
  }

  get viewport(): StackViewport {
    return this.#viewport;
  }

  /** Show the slice at this index, clamped to the stack. */
  async goTo(index: number): Promise<void> {
    if (this.count === 0) return;
    const target = Math.min(Math.max(index, 0), this.count - 1);
    if (target === this.#wanted && target === this.#displayed) return;
    this.#wanted = target;
    this.events.onWanted(target);
    await Promise.resolve(this.#viewport.setImageIdIndex(target)).catch(reportedByEvent);
    if (this.#painted) this.#viewport.setProperties({ voiRange: this.#painted });
  }

  goBy(steps: number): Promise<void> {
    return this.goTo(this.#wanted + steps);
  }

  /** Ask for the wanted slice again after a failure. */
  retry(): Promise<void> {
    this.#displayed = -1;
    return this.goTo(this.#wanted);
  }

  /**
   * Draw the wanted slice coarsely unless it is there by now. The slice itself replaces the coarse
   * picture as soon as all its bytes are in, with the same window and place.
   */
  async drawPreliminary(): Promise<void> {
    const index = this.#wanted;
    const imageIds = this.#imageIds;
    const imageId = imageIds[index];
    const isNeeded = (): boolean =>
      imageIds === this.#imageIds && index === this.#wanted && index !== this.#displayed;
    if (imageId === undefined || !isNeeded()) return;
    const image = await loadPreliminary(imageId).catch(() => undefined);
    if (!image || !isNeeded() || cache.isLoaded(imageId)) return;
    this.#displayed = -1;
    this.#viewport.renderImageObject(image);
    if (this.#painted) this.#viewport.setProperties({ voiRange: this.#painted });
    this.#viewport.render();
    this.events.onPreliminary(index);
  }

  /** Fetch and decode a slice into the cache. */
  async preload(index: number): Promise<void> {
    const imageId = this.#imageIds[index];
    if (imageId === undefined) return;
    const requestType = Enums.RequestType.Prefetch;
    await imageLoader.loadAndCacheImage(imageId, { priority: 5, requestType });
  }

  applyPreset(preset: Preset): void {
    const image = this.#viewport.getCornerstoneImage();
    if (!image) return;
    const own = { center: first(image.windowCenter), width: first(image.windowWidth) };
    const range = { min: image.minPixelValue, max: image.maxPixelValue };
    const { center, width } = resolvePreset(preset, own, range);
    this.#viewport.setProperties({ voiRange: utilities.windowLevel.toLowHighRange(width, center) });
    this.#viewport.render();
  }

  invert(): void {
    if (this.#displayed < 0) return;
    this.#viewport.setProperties({ invert: !this.#viewport.getProperties().invert });
    this.#viewport.render();
  }

  /** Own window, no inversion, whole image fitted. */
  reset(): void {
    if (this.#displayed < 0) return;
    this.#viewport.resetProperties();
    if (!this.#viewport.getCornerstoneImage()?.color) this.applyPreset(OWN_WINDOW);
    this.#settle();
  }

  /** Magnification relative to the whole image fitted; 1 when fitted. */
  get zoom(): number {
    return this.#fit.zoom;
  }

  /** Millimetres (or pixels) per canvas pixel, across and down; equal unless the canvas is stretched. */
  scale(): { readonly x: number; readonly y: number } {
    const at = (x: number, y: number) => this.#viewport.canvasToWorld([x, y]);
    return { x: distance(at(0, 0), at(100, 0)) / 100, y: distance(at(0, 0), at(0, 100)) / 100 };
  }

  /** Stop, and leave nothing of the image on the canvas. */
  destroy(): void {
    this.#abort.abort();
    this.#fit.stop();
    this.#imageIds = [];
    const canvas = this.element.querySelector('canvas');
    this.engine.disableElement(this.id);
    if (canvas) canvas.width = 0;
    this.element.replaceChildren();
  }

  /** Fit the image; the CPU renderer draws MONOCHROME1 inverted without knowing that it does. */
  #settle(): void {
    const image = this.#viewport.getCornerstoneImage();
    const { voiRange } = this.#viewport.getProperties();
    if (getShouldUseCPURendering() && image && voiRange) {
      this.#viewport.setProperties({ invert: image.invert, voiRange });
    }
    this.#fit.apply();
  }

  #listen(): void {
    const { Events } = Enums;
    const { signal } = this.#abort;
    const on = (type: string, handle: (event: CustomEvent) => void): void =>
      this.element.addEventListener(type, (event) => handle(event as CustomEvent), { signal });
    on(Events.STACK_NEW_IMAGE, ({ detail }) => this.#show(detail.imageIdIndex, detail.image));
    on(Events.IMAGE_RENDERED, () => this.#rendered());
    if (getShouldUseCPURendering()) {
      on(Events.VOI_MODIFIED, ({ detail }) => (this.#painted = detail.range));
    }
    const onError = (event: Event): void => this.#fail((event as CustomEvent).detail);
    eventTarget.addEventListener(Events.IMAGE_LOAD_ERROR, onError);
    signal.addEventListener('abort', () =>
      eventTarget.removeEventListener(Events.IMAGE_LOAD_ERROR, onError),
    );
  }

  #show(index: number, image: Types.IImage): void {
    this.#displayed = index;
    this.events.onDisplayed(index, image);
  }

  #rendered(): void {
    if (this.#displayed < 0) return;
    const range = this.#painted ?? this.#viewport.getProperties().voiRange;
    if (range) this.events.onWindow(windowOf(range));
    this.events.onRendered();
  }

  #fail(detail: { imageId?: string; error?: unknown }): void {
    const index = this.#imageIds.indexOf(detail.imageId ?? '');
    if (index < 0 || index !== this.#wanted) return;
    this.#displayed = -1;
    this.events.onFailed(index, detail.error);
  }
}

/** Load failures reach the pane as an event in every rendering path; the promise adds nothing. */
function reportedByEvent(): void {}

function windowOf(range: Types.VOIRange): ResolvedPreset {
  const { windowCenter, windowWidth } = utilities.windowLevel.toWindowLevel(range.lower, range.upper);
  return { center: windowCenter, width: windowWidth };
}

function first(value: number | number[]): number {
  return Array.isArray(value) ? (value[0] ?? 0) : value;
}

function distance(a: Types.Point3, b: Types.Point3): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}
