import { describe, expect, it } from 'vitest';
import { TokenSource } from '../auth/tokenSource';
import { ANY_FRAME, DicomWebClient } from './client';

const SOURCE = { gatewayId: 'a', gatewayName: 'A', baseUrl: 'https://a.example/dicom-web', studies: ['1.2'] };
const FRAME = { study: '1.2', series: '1.3', instance: '1.4', frame: 1 };

/** A client whose gateway gives these answers in turn, and what it was asked. */
function talking(...answers: readonly Response[]) {
  const asked: Record<string, string>[] = [];
  const left = [...answers];
  const portal = async (): Promise<Response> => Response.json({ token: 't', expires_in: 300 });
  const clock = () => ({ monotonicMs: 0, wallMs: 0 });
  const tokens = new TokenSource({ tokenUrl: '/token', csrfToken: 'c' }, portal, clock, () => {});
  const gateway = async (_url: unknown, init?: RequestInit): Promise<Response> => {
    asked.push(init?.headers as Record<string, string>);
    return left.shift() ?? new Response(null, { status: 500 });
  };
  return { client: new DicomWebClient(SOURCE, tokens, gateway as typeof fetch), asked };
}

const part = (type: string): Response =>
  new Response(`--b\r\nContent-Type: ${type}\r\n\r\nPIXELS\r\n--b--\r\n`, {
    headers: { 'content-type': 'multipart/related; boundary=b' },
  });

describe('the head of a frame', () => {
  const answer = (type: string): Response =>
    new Response('HEAD', { status: 206, headers: { 'content-type': type } });

  it('is a range of the packed copy', async () => {
    const { client, asked } = talking(answer('image/jphc; transfer-syntax=1.2.840.10008.1.2.4.201'));
    const head = await client.retrieveHead(FRAME, 16_384);
    expect(new TextDecoder().decode(head?.bytes)).toBe('HEAD');
    expect(asked[0]).toMatchObject({ Range: 'bytes=0-16383' });
    expect(asked[0]?.['Accept']).toMatch(/^image\/jphc,/);
  });

  it('is nothing where there is no copy', async () => {
    const { client } = talking(answer('application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1'));
    expect(await client.retrieveHead(FRAME, 16_384)).toBeUndefined();
  });
});

describe('a frame', () => {
  it('is asked for packed first, as stored second', async () => {
    const { client, asked } = talking(part('image/jphc; transfer-syntax=1.2.840.10008.1.2.4.201'));
    const { contentType } = await client.retrieveFrame(FRAME);
    expect(contentType).toBe('image/jphc; transfer-syntax=1.2.840.10008.1.2.4.201');
    const kinds = (asked[0]?.['Accept'] ?? '').split(',').map((one) => /type=([^;]+)/.exec(one)?.[1]);
    expect(kinds).toEqual(['image/jphc', 'application/octet-stream']);
  });

  it('is asked for without what CORS would have to allow', () => {
    expect(ANY_FRAME.length).toBeLessThan(128);
    expect(ANY_FRAME).not.toMatch(/["(){}<>?@[\]\\:]/);
  });
});
