import { items, number, numbers, TAG, text, type Dataset } from '../dicomweb/json';

/** Where the size of a pixel comes from; shown with every length. */
export type CalibrationSource =
  | 'image' // PixelSpacing in a cross-sectional image
  | 'geometry' // projection image corrected for magnification (PS3.3 10.7.1.3, GEOMETRY)
  | 'fiducial' // projection image corrected by a known object (FIDUCIAL)
  | 'detector' // ImagerPixelSpacing: size at the detector, larger than in the body
  | 'ultrasound' // calibrated region of an ultrasound image (PS3.3 C.8.5.5)
  | 'none';

export interface Calibration {
  readonly source: CalibrationSource;
  /** Millimetres per pixel down and across; 1 × 1 (or the pixel aspect) without calibration. */
  readonly rowSpacing: number;
  readonly columnSpacing: number;
}

/** Modalities that project the body on a detector: PixelSpacing alone may be the detector's. */
const PROJECTION = new Set(['CR', 'DX', 'MG', 'XA', 'RF', 'IO', 'PX', 'DR']);

/** Size of a pixel of this frame (frames count from 1) and what vouches for it. */
export function calibrationOf(instance: Dataset, frame: number): Calibration {
  const spacing = pair(pixelSpacing(instance, frame));
  const projection = PROJECTION.has(text(instance, TAG.Modality));
  const imager = pair(numbers(instance, TAG.ImagerPixelSpacing));
  if (spacing) return { ...sizes(spacing), source: spacingSource(instance, spacing, imager, projection) };
  if (imager) return { ...sizes(imager), source: 'detector' };
  const uncalibrated = sizes(pair(numbers(instance, TAG.PixelAspectRatio)) ?? [1, 1]);
  const ultrasound = items(instance, TAG.UltrasoundRegions).length > 0;
  return { ...uncalibrated, source: ultrasound ? 'ultrasound' : 'none' };
}

function spacingSource(
  instance: Dataset,
  spacing: Pair,
  imager: Pair | undefined,
  projection: boolean,
): CalibrationSource {
  const type = text(instance, TAG.PixelSpacingCalibrationType).toUpperCase();
  if (type === 'GEOMETRY') return 'geometry';
  if (type === 'FIDUCIAL') return 'fiducial';
  if (!projection) return 'image';
  const corrected = imager && (imager[0] !== spacing[0] || imager[1] !== spacing[1]);
  return corrected ? 'geometry' : 'detector';
}

function pixelSpacing(instance: Dataset, frame: number): readonly number[] {
  const perFrame = items(instance, TAG.PerFrameFunctionalGroups)[frame - 1];
  const shared = items(instance, TAG.SharedFunctionalGroups)[0];
  for (const groups of [perFrame, shared]) {
    const measures = groups && items(groups, TAG.PixelMeasures)[0];
    if (measures && pair(numbers(measures, TAG.PixelSpacing))) {
      return numbers(measures, TAG.PixelSpacing);
    }
  }
  return numbers(instance, TAG.PixelSpacing);
}

type Pair = readonly [number, number];

function pair(values: readonly number[]): Pair | undefined {
  const [row, column] = values;
  return row && column && row > 0 && column > 0 ? [row, column] : undefined;
}

function sizes([rowSpacing, columnSpacing]: Pair): Omit<Calibration, 'source'> {
  return { rowSpacing, columnSpacing };
}

/** Number of frames of an instance, at least 1. */
export function frameCount(instance: Dataset): number {
  return Math.max(1, Math.trunc(number(instance, TAG.NumberOfFrames) ?? 1));
}
