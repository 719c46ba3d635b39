import { getShouldUseCPURendering, registerImageLoader, type Types } from '@cornerstonejs/core';
import { createImage, init as initDecoders } from '@cornerstonejs/dicom-image-loader';
import { transferSyntaxOf } from '../dicomweb/transferSyntax';
import { number, TAG, type Dataset } from '../dicomweb/json';
import { isPlausibleFrame, type FrameShape } from './frameIntegrity';
import { registeredFrame, SCHEME } from './frameRegistry';

const DECODE_LIMIT_MS = 30_000;

/** The bytes arrived but no codec here can turn them into pixels. */
export class Undecodable extends Error {
  constructor() {
    super('image cannot be decoded');
  }
}

/** Register codecs and the image loader once per page. */
export function initFrameLoader(): void {
  const cores = navigator.hardwareConcurrency || 2;
  initDecoders({ maxWebWorkers: Math.min(4, Math.max(1, cores - 1)) });
  registerImageLoader(SCHEME, (imageId) => ({ promise: loadFrame(imageId) }));
}

async function loadFrame(imageId: string): Promise<Types.IImage> {
  const frame = registeredFrame(imageId);
  if (!frame) throw new Undecodable();
  const part = await frame.fetcher();
  const transferSyntax = transferSyntaxOf(part.contentType);
  if (!transferSyntax) throw new Undecodable();
  const shape = shapeOf(frame.instance);
  if (!isPlausibleFrame(part.bytes, transferSyntax, shape)) throw new Undecodable();
  const image = await decoded(imageId, part.bytes, transferSyntax);
  if (image.rows !== shape.rows || image.columns !== shape.columns) throw new Undecodable();
  return image;
}

/** Decode in a worker; a codec that never answers counts as a failure. Throws Undecodable. */
async function decoded(imageId: string, bytes: Uint8Array, syntax: string): Promise<Types.IImage> {
  const options = { useRGBA: getShouldUseCPURendering(), preScale: { enabled: true } };
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Undecodable()), DECODE_LIMIT_MS);
  });
  try {
    return (await Promise.race([createImage(imageId, bytes, syntax, options), silence])) as Types.IImage;
  } catch {
    throw new Undecodable();
  } finally {
    clearTimeout(timer);
  }
}

function shapeOf(instance: Dataset): FrameShape {
  return {
    rows: number(instance, TAG.Rows) ?? 0,
    columns: number(instance, TAG.Columns) ?? 0,
    samples: number(instance, TAG.SamplesPerPixel) ?? 1,
    bitsAllocated: number(instance, TAG.BitsAllocated) ?? 8,
  };
}
