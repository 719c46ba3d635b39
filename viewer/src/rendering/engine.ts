import { cache, init as initCore, metaData, RenderingEngine, Settings } from '@cornerstonejs/core';
import { annotation, init as initTools } from '@cornerstonejs/tools';
import { initFrameLoader } from './frameLoader';
import { forgetFrames } from './frameRegistry';
import { spacingProvider } from './spacingProvider';

/** Decoded pixels kept at most; phones get less because the tab is killed otherwise. */
const CACHE_BYTES = { phone: 256 * 2 ** 20, desktop: 1024 * 2 ** 20 } as const;

/** Readable on bright bone and dark lung alike. */
const AMBER = 'rgb(255, 207, 92)';
const MEASUREMENT_STYLE = {
  color: AMBER,
  colorHighlighted: 'rgb(255, 255, 255)',
  colorSelected: 'rgb(255, 255, 255)',
  lineWidth: '2',
  textBoxColor: AMBER,
  textBoxColorHighlighted: 'rgb(255, 255, 255)',
  textBoxColorSelected: 'rgb(255, 255, 255)',
  textBoxFontSize: '15px',
  textBoxBackground: 'rgba(0, 0, 0, 0.65)',
  textBoxFontFamily: "'Noto Sans JP', 'Noto Sans CJK JP', sans-serif",
} as const;

/** Start the renderer: WebGL where the browser has it, otherwise the CPU. */
export function startEngine(): RenderingEngine {
  initCore();
  initFrameLoader();
  metaData.addProvider(spacingProvider, 10_000);
  initTools();
  // The tools' own cursors are SVG with inline style, which the page's CSP refuses.
  Settings.getRuntimeSettings().set('useCursors', false);
  const phone = matchMedia('(max-width: 700px)').matches;
  cache.setMaxCacheSize(phone ? CACHE_BYTES.phone : CACHE_BYTES.desktop);
  const { style } = annotation.config;
  const defaults = style.getDefaultToolStyles();
  style.setDefaultToolStyles({ ...defaults, global: { ...defaults.global, ...MEASUREMENT_STYLE } });
  return new RenderingEngine('viewer');
}

/** Remove every decoded pixel, attribute and measurement from memory. */
export function purgeImages(): void {
  for (const { annotationUID } of [...annotation.state.getAllAnnotations()]) {
    if (annotationUID) annotation.state.removeAnnotation(annotationUID);
  }
  cache.purgeCache();
  forgetFrames();
}
