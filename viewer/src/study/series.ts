import type { Source } from '../config';
import { number, TAG, text, type Dataset } from '../dicomweb/json';

/** One series as the list shows it, before its instances are read. */
export interface SeriesSummary {
  readonly source: Source;
  readonly study: string;
  readonly uid: string;
  readonly modality: string;
  readonly number: number | undefined;
  readonly description: string;
  readonly studyDescription: string;
  /** DICOM DA, e.g. 20261122, or ''. */
  readonly studyDate: string;
  readonly instances: number | undefined;
}

/** Modalities whose objects carry no pixels to show (PS3.3 C.7.3.1.1.1). */
const WITHOUT_IMAGES = new Set([
  'SR', 'PR', 'KO', 'DOC', 'PLAN', 'REG', 'FID', 'SEG', 'RTSTRUCT', 'RTPLAN', 'RTDOSE',
  'RTRECORD', 'ECG', 'HD', 'EPS', 'AU', 'RWV', 'STAIN', 'OPV', 'SMR', 'TEXTUREMAP', 'ANN', 'M3D',
]);

/** What this series is, from its QIDO-RS answer and its study's. */
export function summarize(
  source: Source,
  study: string,
  studyAttributes: Dataset | undefined,
  series: Dataset,
): SeriesSummary {
  const ofStudy = studyAttributes ?? {};
  return {
    source,
    study,
    uid: text(series, TAG.SeriesInstanceUid),
    modality: text(series, TAG.Modality),
    number: number(series, TAG.SeriesNumber),
    description: text(series, TAG.SeriesDescription),
    studyDescription: text(ofStudy, TAG.StudyDescription),
    studyDate: text(ofStudy, TAG.StudyDate) || text(series, TAG.StudyDate),
    instances: number(series, TAG.SeriesInstances),
  };
}

export function hasImages(series: SeriesSummary): boolean {
  return !WITHOUT_IMAGES.has(series.modality);
}

/** Newest study first, inside it by series number. */
export function inListOrder(all: readonly SeriesSummary[]): readonly SeriesSummary[] {
  return [...all].sort(
    (a, b) =>
      b.studyDate.localeCompare(a.studyDate) ||
      a.study.localeCompare(b.study) ||
      (a.number ?? Infinity) - (b.number ?? Infinity) ||
      a.uid.localeCompare(b.uid),
  );
}

/** The series to open first: of the newest study, the one with most images. */
export function firstToOpen(ordered: readonly SeriesSummary[]): SeriesSummary | undefined {
  const shown = ordered.filter(hasImages);
  const newest = shown.filter((series) => series.study === shown[0]?.study);
  return newest.reduce<SeriesSummary | undefined>(
    (best, series) => ((series.instances ?? 0) > (best?.instances ?? -1) ? series : best),
    undefined,
  );
}
