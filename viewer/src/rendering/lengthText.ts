import type { Say } from '../strings';
import { registeredFrame } from './frameRegistry';

const TARGET_PREFIX = 'imageId:';
const MM_PER_CM = 10;

export interface LengthStats {
  readonly length?: number | null;
  readonly unit?: string;
}

/** A length as shown: number, unit and what vouches for the scale; px without calibration. */
export function lengthText(stats: LengthStats | undefined, imageId: string, say: Say): string[] {
  const length = stats?.length;
  if (length === undefined || length === null || Number.isNaN(length)) return [];
  const source = registeredFrame(imageId)?.calibration.source ?? 'none';
  const unit = stats?.unit ?? 'px';
  if (unit.startsWith('cm') && source === 'ultrasound') {
    return [`${(length * MM_PER_CM).toFixed(1)} mm`, say('length.ultrasound')];
  }
  if (source === 'none' || source === 'ultrasound') {
    return [`${length.toFixed(1)} px`, say('length.none')];
  }
  return [`${length.toFixed(1)} mm`, say(`length.${source}`)];
}

/** The image id inside a tool's target id. */
export function imageIdOfTarget(targetId: string): string {
  return targetId.startsWith(TARGET_PREFIX) ? targetId.slice(TARGET_PREFIX.length) : targetId;
}
