import { describe, expect, it } from 'vitest';
import { firstPart, MultipartError } from './multipart';
import { transferSyntaxOf } from './transferSyntax';

const encode = (text: string): ArrayBuffer => new TextEncoder().encode(text).buffer as ArrayBuffer;
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const OUTER = 'multipart/related; type="application/octet-stream"; boundary=b1';

describe('firstPart', () => {
  it('gives the part and its own media type', () => {
    const body = encode('--b1\r\nContent-Type: image/jp2; transfer-syntax=1.2.840.10008.1.2.4.90\r\n\r\nPIXELS\r\n--b1--\r\n');
    const part = firstPart(body, OUTER);
    expect(decode(part.bytes)).toBe('PIXELS');
    expect(transferSyntaxOf(part.contentType)).toBe('1.2.840.10008.1.2.4.90');
  });

  it('trusts a declared length, so pixels may contain the boundary', () => {
    const body = encode('--b1\r\nContent-Length: 12\r\n\r\nAB\r\n--b1CDEF\r\n--b1--');
    expect(decode(firstPart(body, OUTER).bytes)).toBe('AB\r\n--b1CDEF');
  });

  it('keeps line ends that belong to the pixels', () => {
    const body = encode('--b1\r\n\r\nAB\r\n\r\n--b1--');
    expect(decode(firstPart(body, 'multipart/related;boundary="b1"').bytes)).toBe('AB\r\n');
  });

  it('gives a single-part answer whole', () => {
    expect(decode(firstPart(encode('PIXELS'), 'application/octet-stream').bytes)).toBe('PIXELS');
  });

  it.each([
    ['no boundary parameter', '--b1\r\n\r\nX\r\n--b1--', 'multipart/related'],
    ['no boundary in the body', 'X', OUTER],
    ['a head that does not end', '--b1\r\nContent-Type: x', OUTER],
    ['no closing boundary', '--b1\r\n\r\nX', OUTER],
    ['less than the declared length', '--b1\r\nContent-Length: 99\r\n\r\nX\r\n--b1--', OUTER],
  ])('refuses %s', (_, body, type) => {
    expect(() => firstPart(encode(body), type)).toThrow(MultipartError);
  });
});

describe('transferSyntaxOf', () => {
  it.each([
    ['application/octet-stream', '1.2.840.10008.1.2.1'],
    ['application/octet-stream; transfer-syntax="1.2.840.10008.1.2.5"', '1.2.840.10008.1.2.5'],
    ['image/jls', '1.2.840.10008.1.2.4.80'],
    ['video/mp4', undefined],
  ])('%s is %s', (type, expected) => {
    expect(transferSyntaxOf(type)).toBe(expected);
  });
});
