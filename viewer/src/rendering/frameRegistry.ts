import { wadors } from '@cornerstonejs/dicom-image-loader';
import type { Dataset } from '../dicomweb/json';
import type { Part } from '../dicomweb/multipart';
import { calibrationOf, type Calibration } from '../study/calibration';

export const SCHEME = 'frame';

/** Gives one frame's stored bytes; what lies behind it, rendering does not know. */
export type FrameFetcher = () => Promise<Part>;

/** Gives the first bytes of a frame, enough for a coarse picture; undefined where that is not possible. */
export type HeadFetcher = (bytes: number) => Promise<Part | undefined>;

/** Where a frame's bytes come from. */
export interface FrameSource {
  readonly whole: FrameFetcher;
  readonly head: HeadFetcher;
}

export interface RegisteredFrame {
  readonly instance: Dataset;
  readonly source: FrameSource;
  readonly calibration: Calibration;
}

const frames = new Map<string, RegisteredFrame>();

/** Make a frame (counted from 1) loadable; returns the image id that stands for it. */
export function registerFrame(
  path: string,
  instance: Dataset,
  frame: number,
  source: FrameSource,
): string {
  const imageId = `${SCHEME}:${path}`;
  frames.set(imageId, { instance, source, calibration: calibrationOf(instance, frame) });
  wadors.metaDataManager.add(imageId, instance as Parameters<typeof wadors.metaDataManager.add>[1]);
  return imageId;
}

export function registeredFrame(imageId: string): RegisteredFrame | undefined {
  return frames.get(imageId);
}

/** Forget all frames and their attributes. */
export function forgetFrames(): void {
  frames.clear();
  wadors.metaDataManager.purge();
}
