import { Enums } from '@cornerstonejs/core';
import { wadors } from '@cornerstonejs/dicom-image-loader';
import { text, TAG, type Dataset, type Element } from '../dicomweb/json';
import { registeredFrame, type RegisteredFrame } from './frameRegistry';

type Module = Readonly<Record<string, unknown>>;

const PALETTES = {
  redPaletteColorLookupTableData: '00281201',
  greenPaletteColorLookupTableData: '00281202',
  bluePaletteColorLookupTableData: '00281203',
} as const;

/**
 * Corrects what the stock provider gets wrong for our images: spacing of projection, ultrasound
 * and geometry-less images, and palettes sent inline. Answers undefined for all else.
 */
export function spacingProvider(type: string, ...queries: string[]): Module | undefined {
  const imageId = queries[0] ?? '';
  const frame = registeredFrame(imageId);
  if (!frame) return undefined;
  if (type === Enums.MetadataModules.IMAGE_PLANE) return imagePlane(imageId, frame);
  if (type === Enums.MetadataModules.IMAGE_PIXEL) return paletteImage(imageId, frame.instance);
  return undefined;
}

function imagePlane(imageId: string, { calibration }: RegisteredFrame): Module {
  const plane = stock(Enums.MetadataModules.IMAGE_PLANE, imageId);
  const { rowSpacing, columnSpacing, source } = calibration;
  return {
    ...plane,
    pixelSpacing: [rowSpacing, columnSpacing],
    rowPixelSpacing: rowSpacing,
    columnPixelSpacing: columnSpacing,
    usingDefaultValues: source === 'none' || source === 'ultrasound',
  };
}

function paletteImage(imageId: string, instance: Dataset): Module | undefined {
  if (text(instance, TAG.PhotometricInterpretation) !== 'PALETTE COLOR') return undefined;
  const tables = Object.entries(PALETTES).map(([name, tag]): [string, unknown] => [
    name,
    inlineTable(instance[tag]),
  ]);
  const found = tables.filter(([, table]) => table !== undefined);
  return { ...stock(Enums.MetadataModules.IMAGE_PIXEL, imageId), ...Object.fromEntries(found) };
}

/** 16-bit little-endian lookup table (PS3.3 C.7.6.3.1.6) from InlineBinary. */
function inlineTable(element: Element | undefined): Uint16Array | undefined {
  if (!element?.InlineBinary) return undefined;
  const bytes = Uint8Array.from(atob(element.InlineBinary), (letter) => letter.charCodeAt(0));
  return new Uint16Array(bytes.buffer, 0, bytes.length >> 1);
}

function stock(type: string, imageId: string): Module {
  return (wadors.metaData.metaDataProvider(type, imageId) ?? {}) as Module;
}
