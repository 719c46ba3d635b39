import { getWebWorkerManager } from '@cornerstonejs/core';

/** A ramp of 8 × 8 values in lossless HTJ2K. */
const RAMP =
  '/0//UQApQAAAAAAIAAAACAAAAAAAAAAAAAAACAAAAAgAAAAAAAAAAAABDwEB/1AACAACAAAACv9SAAwAAgABAAUEBE' +
  'AB/1wAEyCIkJCQkJCQkJCQkJCQiIiI/2QAFwABT3BlbkpQSCBWZXIgMC4yNi4zLv+QAAoAAAAAAEwAAf+TwAAl0wUH' +
  'dAAAAMAAEsAAEoD4AEd0AMgAh3QAwAASQAATAPwScwCi+AADVADAACWAAE7woAvkAG77wEnstQD/2Q==';

/** As stored: the worker reads this even where there is nothing to scale. */
const OPTIONS = { preScale: { enabled: false } } as const;

/**
 * Load a decoding worker and its HTJ2K codec while the series list is on its way: over a thin line
 * their half megabyte would stand between the first frame and its picture. What it decodes is dropped.
 */
export function warmDecoder(): void {
  const imageFrame = {
    rows: 8,
    columns: 8,
    samplesPerPixel: 1,
    bitsAllocated: 16,
    bitsStored: 16,
    pixelRepresentation: 0,
    photometricInterpretation: 'MONOCHROME2',
  };
  const pixelData = Uint8Array.from(atob(RAMP), (letter) => letter.charCodeAt(0));
  const task = { imageFrame, transferSyntax: '1.2.840.10008.1.2.4.201', pixelData, options: OPTIONS, decodeConfig: {} };
  const warmed: Promise<unknown> = getWebWorkerManager().executeTask('dicomImageLoader', 'decodeTask', task);
  warmed.catch(() => {}); // the first real frame will say what is wrong
}
