import type { RenderingEngine, StackViewport } from '@cornerstonejs/core';

/**
 * Keeps the canvas as large as its pane, and an untouched image fitted to it. PATIENT SAFETY: a
 * pane that changes size without this is stretched and lengths in it come out wrong; a window
 * resize listener misses layout shifts.
 */
export class Fit {
  readonly #observer: ResizeObserver;
  /** Zoom right after the last fit; what it counts in differs between GPU and CPU rendering. */
  #zoom: number | undefined;

  constructor(
    private readonly engine: RenderingEngine,
    private readonly viewport: StackViewport,
    private readonly element: HTMLElement,
  ) {
    this.#observer = new ResizeObserver(() => this.#resize());
    this.#observer.observe(element);
  }

  /** Show the whole image. */
  apply(): void {
    this.viewport.resetCamera();
    this.#zoom = this.viewport.getZoom();
    this.viewport.render();
  }

  /** Magnification relative to the fitted image. */
  get zoom(): number {
    const now = this.viewport.getZoom();
    return now / (this.#zoom ?? now);
  }

  stop(): void {
    this.#observer.disconnect();
  }

  #resize(): void {
    if (this.element.clientWidth === 0 || this.element.clientHeight === 0) return;
    const untouched = this.#isUntouched();
    this.engine.resize(true, true);
    if (untouched && this.viewport.getImageIds().length > 0) this.apply();
    else this.viewport.render();
  }

  /** True while nobody zoomed or moved the image. */
  #isUntouched(): boolean {
    if (this.#zoom === undefined) return true;
    const [x, y] = this.viewport.getPan();
    return Math.abs(this.zoom - 1) < 0.001 && Math.hypot(x, y) < 1;
  }
}
