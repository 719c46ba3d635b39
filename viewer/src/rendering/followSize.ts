import type { RenderingEngine, StackViewport } from '@cornerstonejs/core';

/**
 * Keep the canvas as large as its pane. PATIENT SAFETY: a pane that changes size without this is
 * stretched and lengths in it come out wrong; a window resize listener misses layout shifts.
 * Returns the function that stops it.
 */
export function followSize(
  engine: RenderingEngine,
  viewport: StackViewport,
  element: HTMLElement,
): () => void {
  const observer = new ResizeObserver(() => {
    if (element.clientWidth === 0 || element.clientHeight === 0) return;
    const fitted = viewport.getImageIds().length > 0 && isFitted(viewport);
    engine.resize(true, true);
    if (fitted) viewport.resetCamera();
    viewport.render();
  });
  observer.observe(element);
  return () => observer.disconnect();
}

/** True while nobody zoomed or moved the image: then it is fitted anew to the new size. */
function isFitted(viewport: StackViewport): boolean {
  const [x, y] = viewport.getPan();
  return Math.abs(viewport.getZoom() - 1) < 0.001 && Math.hypot(x, y) < 1;
}
