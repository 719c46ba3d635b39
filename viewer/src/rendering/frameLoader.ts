import { getShouldUseCPURendering, registerImageLoader, type Types } from '@cornerstonejs/core';
import { createImage, init as initDecoders } from '@cornerstonejs/dicom-image-loader';
import { transferSyntaxOf } from '../dicomweb/transferSyntax';
import { number, TAG, type Dataset } from '../dicomweb/json';
import { isPlausibleFrame, isPlausibleHead, type FrameShape } from './frameIntegrity';
import { registeredFrame, SCHEME } from './frameRegistry';
import { warmDecoder } from './warmDecoder';

const DECODE_LIMIT_MS = 30_000;

/** The head holds about a quarter of each side exactly; what is missing of the rest decodes as smooth. */
const HEAD_SHARE = 1 / 32;
const HEAD_BYTES = { least: 16 * 1024, most: 512 * 1024 } as const;

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
  warmDecoder();
  registerImageLoader(SCHEME, (imageId) => ({ promise: loadFrame(imageId) }));
}

async function loadFrame(imageId: string): Promise<Types.IImage> {
  const frame = registeredFrame(imageId);
  if (!frame) throw new Undecodable();
  const part = await frame.source.whole();
  const transferSyntax = transferSyntaxOf(part.contentType);
  if (!transferSyntax) throw new Undecodable();
  const shape = shapeOf(frame.instance);
  if (!isPlausibleFrame(part.bytes, transferSyntax, shape)) throw new Undecodable();
  const image = await decoded(imageId, part.bytes, transferSyntax);
  if (image.rows !== shape.rows || image.columns !== shape.columns) throw new Undecodable();
  return image;
}

/**
 * A coarse picture of the frame from the head of its HTJ2K stream, of the frame's full size. It never
 * enters the cache. Undefined where there is no such stream, or where the frame names no window of
 * its own: the coarse values would decide the window of the whole series.
 */
export async function loadPreliminary(imageId: string): Promise<Types.IImage | undefined> {
  const frame = registeredFrame(imageId);
  if (!frame || number(frame.instance, TAG.WindowCenter) === undefined) return undefined;
  const shape = shapeOf(frame.instance);
  const part = await frame.source.head(headBytes(shape));
  const transferSyntax = part && transferSyntaxOf(part.contentType);
  if (!transferSyntax || !isPlausibleHead(part.bytes, shape)) return undefined;
  const image = await decoded(imageId, part.bytes, transferSyntax);
  if (image.rows !== shape.rows || image.columns !== shape.columns) return undefined;
  return image.getPixelData() instanceof Float32Array ? undefined : image;
}

function headBytes({ rows, columns, bitsAllocated }: FrameShape): number {
  const share = Math.ceil(((rows * columns * bitsAllocated) / 8) * HEAD_SHARE);
  return Math.min(HEAD_BYTES.most, Math.max(HEAD_BYTES.least, share));
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
