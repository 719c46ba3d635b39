import { createLogger, type Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

/** The wasm codecs name Node modules they use only under Node; those notices say nothing. */
const HARMLESS = /Module "(fs|path|url)" has been externalized/;
const logger = createLogger();
const { warn } = logger;
logger.warn = (message, options) => {
  if (!HARMLESS.test(message)) warn(message, options);
};

/**
 * The measurement text sets a style attribute, which `style-src 'self'` refuses; the same through
 * CSSOM is allowed. The build fails when the library no longer looks like this.
 */
const styleThroughCssom: Plugin = {
  name: 'style-through-cssom',
  transform(code, id) {
    if (!id.includes('drawingSvg/drawTextBox.js')) return undefined;
    const attribute = "textElement.setAttribute('style', combinedStyle);";
    if (!code.includes(attribute)) this.error('drawTextBox.js changed: check the style attribute');
    return { code: code.replace(attribute, 'textElement.style.cssText = combinedStyle;'), map: null };
  },
};

export default defineConfig({
  base: './',
  customLogger: logger,
  plugins: [styleThroughCssom],
  worker: { format: 'es' },
  build: {
    target: 'es2022',
    outDir: '../app/static/viewer',
    emptyOutDir: true,
    manifest: true,
    sourcemap: false,
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 4000,
    rolldownOptions: { input: 'src/main.ts', checks: { pluginTimings: false } },
  },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
});
