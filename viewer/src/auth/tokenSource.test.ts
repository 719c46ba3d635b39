import { describe, expect, it } from 'vitest';
import type { Instant } from './elapsed';
import { ConsentEnded, PortalUnreachable, SessionEnded } from './errors';
import { TokenSource } from './tokenSource';

interface Reply {
  readonly status: number;
  readonly body: unknown;
}

/** A portal desk and a clock that tests move by hand. */
function desk(reply: (count: number) => Reply | 'down') {
  const asked: RequestInit[] = [];
  const ended: Error[] = [];
  let now: Instant = { monotonicMs: 0, wallMs: 1_000_000 };
  const fetchFn = async (_url: unknown, init?: RequestInit): Promise<Response> => {
    asked.push(init ?? {});
    const answer = reply(asked.length);
    if (answer === 'down') throw new TypeError('network');
    return new Response(JSON.stringify(answer.body), { status: answer.status });
  };
  const endpoint = { tokenUrl: '/token', csrfToken: 'csrf' };
  const tokens = new TokenSource(endpoint, fetchFn, () => now, (error) => ended.push(error));
  const pass = (seconds: number, asleep = false): void => {
    const ms = seconds * 1000;
    now = { monotonicMs: now.monotonicMs + (asleep ? 0 : ms), wallMs: now.wallMs + ms };
  };
  return { tokens, asked, ended, pass, setWall: (wallMs: number) => (now = { ...now, wallMs }) };
}

const granted = (count: number): Reply => ({ status: 200, body: { token: `t${count}`, expires_in: 300 } });

describe('TokenSource', () => {
  it('asks once for simultaneous callers, with the CSRF token', async () => {
    const { tokens, asked } = desk(granted);
    expect(await Promise.all([tokens.tokenFor('a'), tokens.tokenFor('a')])).toEqual(['t1', 't1']);
    expect(asked).toHaveLength(1);
    expect(asked[0]?.headers).toMatchObject({ 'X-CSRFToken': 'csrf' });
    expect(asked[0]?.body).toBe('{"gateway":"a"}');
  });

  it('keeps gateways apart', async () => {
    const { tokens, asked } = desk(granted);
    expect([await tokens.tokenFor('a'), await tokens.tokenFor('b')]).toEqual(['t1', 't2']);
    expect(asked).toHaveLength(2);
  });

  it('renews in the background at 60 % of the life', async () => {
    const { tokens, asked, pass } = desk(granted);
    await tokens.tokenFor('a');
    pass(179);
    await tokens.tokenFor('a');
    expect(asked).toHaveLength(1);
    pass(2);
    expect(await tokens.tokenFor('a')).toBe('t1');
    expect(asked).toHaveLength(2);
  });

  it('waits for a new token when the old one is dead', async () => {
    const { tokens, pass } = desk(granted);
    await tokens.tokenFor('a');
    pass(300);
    expect(tokens.isLive('a')).toBe(false);
    expect(await tokens.tokenFor('a')).toBe('t2');
  });

  it('counts time asleep, and is not fooled by a clock set back', async () => {
    const { tokens, pass, setWall } = desk(granted);
    await tokens.tokenFor('a');
    pass(400, true);
    expect(tokens.isLive('a')).toBe(false);
    await tokens.tokenFor('a');
    pass(301);
    setWall(0);
    expect(tokens.isLive('a')).toBe(false);
  });

  it('replaces a refused token once for all who were refused', async () => {
    const { tokens, asked } = desk(granted);
    const old = await tokens.tokenFor('a');
    expect(await Promise.all([tokens.replace('a', old), tokens.replace('a', old)])).toEqual(['t2', 't2']);
    expect(await tokens.replace('a', old)).toBe('t2');
    expect(asked).toHaveLength(2);
  });

  it('ends for good on 403, saying why', async () => {
    const { tokens, asked, ended } = desk((count) =>
      count === 1 ? granted(1) : { status: 403, body: { code: 'consent-ended', message: '終了' } },
    );
    await tokens.tokenFor('a');
    await expect(tokens.renew('a')).rejects.toMatchObject({ code: 'consent-ended', reason: '終了' });
    await expect(tokens.tokenFor('a')).rejects.toBeInstanceOf(ConsentEnded);
    await expect(tokens.tokenFor('b')).rejects.toBeInstanceOf(ConsentEnded);
    expect(ended).toHaveLength(1);
    expect(asked).toHaveLength(2);
  });

  it('ends on 401 as an ended session', async () => {
    const { tokens, ended } = desk(() => ({ status: 401, body: {} }));
    await expect(tokens.tokenFor('a')).rejects.toBeInstanceOf(SessionEnded);
    expect(ended[0]).toBeInstanceOf(SessionEnded);
  });

  it.each([
    ['network down', 'down' as const],
    ['a server error', { status: 503, body: {} }],
    ['a body without a token', { status: 200, body: { expires_in: 300 } }],
    ['a life of nothing', { status: 200, body: { token: 't', expires_in: 0 } }],
  ])('does not end on %s: it may pass', async (_, reply) => {
    const { tokens, ended } = desk((count) => (count === 1 ? reply : granted(count)));
    await expect(tokens.tokenFor('a')).rejects.toBeInstanceOf(PortalUnreachable);
    expect(ended).toEqual([]);
    expect(await tokens.tokenFor('a')).toBe('t2');
  });
});
