/** What the attributes promise about one frame. */
export interface FrameShape {
  readonly rows: number;
  readonly columns: number;
  readonly samples: number;
  readonly bitsAllocated: number;
}

const JPEG_2000 = /^1\.2\.840\.10008\.1\.2\.4\.(9[0-3]|20[1-3])$/;
const JPEG_FAMILY = /^1\.2\.840\.10008\.1\.2\.4\.(5[0-9]|6[0-6]|70|80|81)$/;
const RLE = '1.2.840.10008.1.2.5';
const NATIVE = new Set(['1.2.840.10008.1.2', '1.2.840.10008.1.2.1', '1.2.840.10008.1.2.2']);
const JP2_SIGNATURE = [0, 0, 0, 12, 0x6a, 0x50, 0x20, 0x20] as const;
const RLE_HEADER_BYTES = 64;
const MAX_RLE_SEGMENTS = 15;
const LONGEST_PADDING = 16;

/**
 * PATIENT SAFETY: whether these bytes can be this frame. Some codecs keep the picture they decoded
 * before and give it again for bytes they cannot read; such bytes must not reach them.
 */
export function isPlausibleFrame(
  bytes: Uint8Array,
  transferSyntax: string,
  shape: FrameShape,
): boolean {
  if (NATIVE.has(transferSyntax)) return isNative(bytes, shape);
  if (transferSyntax === RLE) return isRle(bytes);
  if (JPEG_2000.test(transferSyntax)) return isJpeg2000(bytes, shape);
  if (JPEG_FAMILY.test(transferSyntax)) return startsWith(bytes, [0xff, 0xd8, 0xff]);
  return true;
}

/** Whether these bytes can be the beginning of this frame's HTJ2K stream. */
export function isPlausibleHead(bytes: Uint8Array, shape: FrameShape): boolean {
  return isJpeg2000Start(bytes, shape);
}

function isNative(bytes: Uint8Array, { rows, columns, samples, bitsAllocated }: FrameShape): boolean {
  const needed = Math.ceil((rows * columns * samples * bitsAllocated) / 8);
  const chromaShared = samples === 3 && bytes.length >= (needed * 2) / 3; // YBR_FULL_422
  return bytes.length >= needed || chromaShared;
}

/** PS3.5 Annex G.5: a count of segments, then their growing offsets. */
function isRle(bytes: Uint8Array): boolean {
  if (bytes.length <= RLE_HEADER_BYTES) return false;
  const header = new DataView(bytes.buffer, bytes.byteOffset, RLE_HEADER_BYTES);
  const segments = header.getUint32(0, true);
  if (segments < 1 || segments > MAX_RLE_SEGMENTS) return false;
  let before = 0;
  for (let index = 1; index <= segments; index += 1) {
    const offset = header.getUint32(index * 4, true);
    if (offset < RLE_HEADER_BYTES || offset <= before || offset >= bytes.length) return false;
    before = offset;
  }
  return true;
}

/** ISO/IEC 15444-1 Annex A: SOC, SIZ with the image's size, and EOC at the end. */
function isJpeg2000(bytes: Uint8Array, shape: FrameShape): boolean {
  return isJpeg2000Start(bytes, shape) && hasEndMarker(bytes);
}

function isJpeg2000Start(bytes: Uint8Array, { rows, columns }: FrameShape): boolean {
  const start = startsWith(bytes, JP2_SIGNATURE) ? codestreamStart(bytes) : 0;
  if (start < 0 || !startsWith(bytes.subarray(start), [0xff, 0x4f, 0xff, 0x51])) return false;
  if (bytes.length < start + 24) return false;
  const size = new DataView(bytes.buffer, bytes.byteOffset + start + 8, 16);
  const width = size.getUint32(0) - size.getUint32(8);
  const height = size.getUint32(4) - size.getUint32(12);
  return width === columns && height === rows;
}

function codestreamStart(bytes: Uint8Array): number {
  for (let at = 0; at + 4 <= bytes.length; at += 1) {
    if (startsWith(bytes.subarray(at), [0xff, 0x4f, 0xff, 0x51])) return at;
  }
  return -1;
}

/** EOC, with no more than a few bytes of padding behind it. */
function hasEndMarker(bytes: Uint8Array): boolean {
  const from = Math.max(0, bytes.length - LONGEST_PADDING - 2);
  for (let at = bytes.length - 2; at >= from; at -= 1) {
    if (bytes[at] === 0xff && bytes[at + 1] === 0xd9) return true;
  }
  return false;
}

function startsWith(bytes: Uint8Array, head: readonly number[]): boolean {
  return head.every((byte, index) => bytes[index] === byte);
}
