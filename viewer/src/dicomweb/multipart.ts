/** The first part of a multipart/related body: its own media type and its bytes. */
export interface Part {
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

/** The body does not follow RFC 2046. */
export class MultipartError extends Error {}

const CRLF_CRLF = bytesOf('\r\n\r\n');

/**
 * Cut the first part out of a multipart/related body (PS3.18 8.6.1). A single-part answer comes
 * back whole. The bytes are a view, not a copy. Throws MultipartError.
 */
export function firstPart(body: ArrayBuffer, contentType: string): Part {
  const bytes = new Uint8Array(body);
  if (!/^multipart\//i.test(contentType.trim())) return { contentType, bytes };
  const delimiter = bytesOf(`--${boundaryOf(contentType)}`);
  const start = indexOf(bytes, delimiter, 0);
  if (start < 0) throw new MultipartError('no boundary in the body');
  const headStart = start + delimiter.length;
  const headEnd = indexOf(bytes, CRLF_CRLF, headStart);
  if (headEnd < 0) throw new MultipartError('part head does not end');
  const head = new TextDecoder('latin1').decode(bytes.subarray(headStart, headEnd));
  return { contentType: headerOf(head, 'content-type'), bytes: partBody(bytes, head, headEnd + 4, delimiter) };
}

function partBody(bytes: Uint8Array, head: string, from: number, delimiter: Uint8Array): Uint8Array {
  const declared = headerOf(head, 'content-length');
  if (/^\d+$/.test(declared)) {
    const to = from + Number(declared);
    if (to > bytes.length) throw new MultipartError('part is shorter than declared');
    return bytes.subarray(from, to);
  }
  const closing = concat(bytesOf('\r\n'), delimiter);
  const to = lastIndexOf(bytes, closing);
  if (to < from) throw new MultipartError('no closing boundary');
  return bytes.subarray(from, to);
}

function boundaryOf(contentType: string): string {
  const match = /;\s*boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(contentType);
  const boundary = match?.[1] ?? match?.[2];
  if (!boundary) throw new MultipartError('no boundary parameter');
  return boundary;
}

function headerOf(head: string, name: string): string {
  for (const line of head.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0 && line.slice(0, colon).trim().toLowerCase() === name) {
      return line.slice(colon + 1).trim();
    }
  }
  return '';
}

function indexOf(bytes: Uint8Array, pattern: Uint8Array, from: number): number {
  for (let at = from; at <= bytes.length - pattern.length; at += 1) {
    if (matchesAt(bytes, pattern, at)) return at;
  }
  return -1;
}

function lastIndexOf(bytes: Uint8Array, pattern: Uint8Array): number {
  for (let at = bytes.length - pattern.length; at >= 0; at -= 1) {
    if (matchesAt(bytes, pattern, at)) return at;
  }
  return -1;
}

function matchesAt(bytes: Uint8Array, pattern: Uint8Array, at: number): boolean {
  return pattern.every((byte, offset) => bytes[at + offset] === byte);
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
