import { getShouldUseCPURendering, registerImageLoader, type Types } from '@cornerstonejs/core';
import { createImage, init as initDecoders } from '@cornerstonejs/dicom-image-loader';
import { transferSyntaxOf } from '../dicomweb/transferSyntax';
import { registeredFrame, SCHEME } from './frameRegistry';

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
  if (!transferSyntax || part.bytes.length === 0) throw new Undecodable();
  try {
    const options = { useRGBA: getShouldUseCPURendering(), preScale: { enabled: true } };
    return (await createImage(imageId, part.bytes, transferSyntax, options)) as Types.IImage;
  } catch {
    throw new Undecodable();
  }
}
