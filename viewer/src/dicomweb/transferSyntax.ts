/** Defaults of PS3.18 Table 8.7.3-5 for a part that names no transfer syntax. */
const BY_MEDIA_TYPE: Readonly<Record<string, string>> = {
  'application/octet-stream': '1.2.840.10008.1.2.1',
  'image/jpeg': '1.2.840.10008.1.2.4.70',
  'image/dicom-rle': '1.2.840.10008.1.2.5',
  'image/x-dicom-rle': '1.2.840.10008.1.2.5',
  'image/jls': '1.2.840.10008.1.2.4.80',
  'image/x-jls': '1.2.840.10008.1.2.4.80',
  'image/jp2': '1.2.840.10008.1.2.4.90',
  'image/jpx': '1.2.840.10008.1.2.4.92',
  'image/jphc': '1.2.840.10008.1.2.4.201',
};

/** Transfer syntax UID of a frame part; `undefined` when its media type is unknown. */
export function transferSyntaxOf(contentType: string): string | undefined {
  const named = /;\s*transfer-syntax="?([0-9.]+)"?/i.exec(contentType)?.[1];
  if (named) return named;
  const mediaType = contentType.split(';')[0]?.trim().toLowerCase() ?? '';
  return BY_MEDIA_TYPE[mediaType];
}
