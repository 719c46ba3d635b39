const SVG = 'http://www.w3.org/2000/svg';

/** Stroke drawings on a 24 × 24 grid. */
const PATHS = {
  back: 'M15 5l-7 7 7 7',
  series: 'M4 5h7v6H4zM13 5h7v6h-7zM4 13h7v6H4zM13 13h7v6h-7z',
  scroll: 'M12 3v18M8 7l4-4 4 4M8 17l4 4 4-4',
  window: 'M12 4a8 8 0 100 16 8 8 0 000-16zM12 4v16M12 8h6M12 12h8M12 16h6',
  zoom: 'M10 4a6 6 0 100 12 6 6 0 000-12zM14.5 14.5L20 20M10 7.5v5M7.5 10h5',
  pan: 'M12 3v18M3 12h18M9 6l3-3 3 3M9 18l3 3 3-3M6 9l-3 3 3 3M18 9l3 3-3 3',
  length: 'M4 20L20 4M3 17l4 4M17 3l4 4M9 13l2 2M13 9l2 2',
  invert: 'M4 4h16v16H4zM4 20L20 4M8 5.5v3M6.5 7h3M14.5 16.5h3',
  reset: 'M5 5v5h5M5.5 10A7 7 0 1112 19',
  erase: 'M5 15l8-9 6 5-7 8H8zM9 11l6 5M4 20h16',
  help: 'M12 3a9 9 0 100 18 9 9 0 000-18zM9.5 9.5a2.5 2.5 0 113.5 2.3c-.7.4-1 .9-1 1.7M12 16.5v.5',
  warning: 'M12 4l9 16H3zM12 10v4.5M12 17v.5',
  block: 'M12 3a9 9 0 100 18 9 9 0 000-18zM6 6l12 12',
  close: 'M6 6l12 12M18 6L6 18',
} as const;

export type IconName = keyof typeof PATHS;

/** A decorative icon; the words beside it carry the meaning. */
export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('class', 'icon');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', PATHS[name]);
  svg.append(path);
  return svg;
}
