/** The DICOM JSON model (PS3.18 Annex F), read defensively: a hospital's data may lack anything. */
export interface PersonNameGroups {
  readonly Alphabetic?: string;
  readonly Ideographic?: string;
  readonly Phonetic?: string;
}

export interface Element {
  readonly vr?: string;
  readonly Value?: readonly unknown[];
  readonly InlineBinary?: string;
  readonly BulkDataURI?: string;
}

/** One instance's or series' attributes by tag, eight upper-case hex digits. */
export type Dataset = Readonly<Record<string, Element>>;

export const TAG = {
  TransferSyntaxUid: '00020010',
  SpecificCharacterSet: '00080005',
  SopClassUid: '00080016',
  SopInstanceUid: '00080018',
  StudyDate: '00080020',
  StudyDescription: '00081030',
  SeriesDate: '00080021',
  Modality: '00080060',
  ModalitiesInStudy: '00080061',
  SeriesDescription: '0008103E',
  AvailableTransferSyntaxUid: '00083002',
  PatientName: '00100010',
  PatientId: '00100020',
  PatientBirthDate: '00100030',
  BodyPartExamined: '00180015',
  ImagerPixelSpacing: '00181164',
  EstimatedRadiographicMagnification: '00181114',
  UltrasoundRegions: '00186011',
  StudyInstanceUid: '0020000D',
  SeriesInstanceUid: '0020000E',
  SeriesNumber: '00200011',
  InstanceNumber: '00200013',
  ImagePositionPatient: '00200032',
  ImageOrientationPatient: '00200037',
  FrameOfReferenceUid: '00200052',
  SliceLocation: '00201041',
  SeriesInstances: '00201209',
  SamplesPerPixel: '00280002',
  PhotometricInterpretation: '00280004',
  NumberOfFrames: '00280008',
  Rows: '00280010',
  Columns: '00280011',
  PixelSpacing: '00280030',
  BitsAllocated: '00280100',
  PixelAspectRatio: '00280034',
  PixelSpacingCalibrationType: '00280A02',
  WindowCenter: '00281050',
  WindowWidth: '00281051',
  LossyImageCompression: '00282110',
  PixelMeasures: '00289110',
  SharedFunctionalGroups: '52009229',
  PerFrameFunctionalGroups: '52009230',
} as const;

/** First value as text, `''` when absent. */
export function text(dataset: Dataset, tag: string): string {
  const value = dataset[tag]?.Value?.[0];
  return typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '';
}

/** First value as a finite number. */
export function number(dataset: Dataset, tag: string): number | undefined {
  return numbers(dataset, tag)[0];
}

/** All values as numbers; empty when one of them is not a number. */
export function numbers(dataset: Dataset, tag: string): readonly number[] {
  const values = dataset[tag]?.Value ?? [];
  const parsed = values.map((value) => (value === null || value === '' ? NaN : Number(value)));
  return parsed.every(Number.isFinite) ? parsed : [];
}

/** The three groups of a person name (PS3.5 6.2.1.1). */
export function personName(dataset: Dataset, tag: string): PersonNameGroups {
  const value = dataset[tag]?.Value?.[0];
  if (typeof value === 'string') return { Alphabetic: value };
  return typeof value === 'object' && value !== null ? (value as PersonNameGroups) : {};
}

/** Items of a sequence. */
export function items(dataset: Dataset, tag: string): readonly Dataset[] {
  const values = dataset[tag]?.Value ?? [];
  return values.filter((item): item is Dataset => typeof item === 'object' && item !== null);
}
