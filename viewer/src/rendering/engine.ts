import { cache, init as initCore, metaData, RenderingEngine } from '@cornerstonejs/core';
import { annotation, init as initTools } from '@cornerstonejs/tools';
import { initFrameLoader } from './frameLoader';
import { forgetFrames } from './frameRegistry';
import { spacingProvider } from './spacingProvider';

/** Decoded pixels kept at most; phones get less because the tab is killed otherwise. */
const CACHE_BYTES = { phone: 256 * 2 ** 20, desktop: 1024 * 2 ** 20 } as const;

/** Start the renderer: WebGL where the browser has it, otherwise the CPU. */
export function startEngine(): RenderingEngine {
  initCore();
  initFrameLoader();
  metaData.addProvider(spacingProvider, 10_000);
  initTools();
  const phone = matchMedia('(max-width: 700px)').matches;
  cache.setMaxCacheSize(phone ? CACHE_BYTES.phone : CACHE_BYTES.desktop);
  return new RenderingEngine('viewer');
}

/** Remove every decoded pixel, attribute and measurement from memory. */
export function purgeImages(): void {
  annotation.state.removeAllAnnotations();
  cache.purgeCache();
  forgetFrames();
}
