import { describe, expect, it } from 'vitest';
import { TokenSource } from '../auth/tokenSource';
import { DicomWebClient } from '../dicomweb/client';
import { GatewayFault } from '../dicomweb/errors';
import { speaker } from '../strings';
import { wordsFor } from '../ui/words';
import { readCatalog } from './catalog';

const source = { gatewayId: 'a', gatewayName: '見本病院', baseUrl: 'https://a.test', studies: ['1.2', '1.3'] };
const series = [{ '0020000E': { vr: 'UI', Value: ['1.2.1'] }, '00080060': { vr: 'CS', Value: ['CT'] } }];

/** A gateway that answers for study 1.3 as it is told to. */
function clientOf(other: () => Response): DicomWebClient {
  const fetchFn = async (url: RequestInfo | URL): Promise<Response> => {
    if (String(url).startsWith('/token')) return new Response('{"token":"t","expires_in":300}');
    return String(url).includes('1.3') ? other() : new Response(JSON.stringify(series));
  };
  const endpoint = { tokenUrl: '/token', csrfToken: 'csrf' };
  const tokens = new TokenSource(endpoint, fetchFn, () => ({ monotonicMs: 0, wallMs: 0 }), () => undefined);
  return new DicomWebClient(source, tokens, fetchFn);
}

function coming(expected: number, retryAfter?: string): Response {
  const body = { code: 'study-on-its-way', arrived: 3, expected };
  const headers = retryAfter === undefined ? {} : { 'Retry-After': retryAfter };
  return new Response(JSON.stringify(body), { status: 503, headers });
}

describe('a study that is on its way', () => {
  it('keeps nobody from the others, and tells how far it is', async () => {
    const found = await readCatalog(clientOf(() => coming(200, '2')));
    expect(found.series.map((one) => one.study)).toEqual(['1.2']);
    expect(found.onItsWay).toMatchObject({ arrived: 3, expected: 200, askAgainMs: 2000 });
    const words = wordsFor(found.onItsWay, speaker('ja'));
    expect(words.body).toContain('200枚のうち3枚');
    expect(words.canRetry).toBe(false);
  });

  it('says no numbers it does not know, and asks neither at once nor never', async () => {
    const unknown = await readCatalog(clientOf(() => coming(0)));
    expect(wordsFor(unknown.onItsWay, speaker('en')).body).not.toMatch(/\d/);
    expect(unknown.onItsWay?.askAgainMs).toBe(1000);
    expect((await readCatalog(clientOf(() => coming(1, '9999')))).onItsWay?.askAgainMs).toBe(30_000);
  });

  it('is told from a gateway that has trouble', async () => {
    for (const body of ['', '[]', '{"code":"archive-away"}', 'null']) {
      const client = clientOf(() => new Response(body, { status: 503 }));
      await expect(readCatalog(client)).rejects.toBeInstanceOf(GatewayFault);
    }
  });

  it('is gone from the catalog when it is here', async () => {
    const found = await readCatalog(clientOf(() => new Response(JSON.stringify(series))));
    expect(found.series).toHaveLength(2);
    expect(found.onItsWay).toBeUndefined();
  });
});
