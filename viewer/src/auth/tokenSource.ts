import { elapsedMs, type Clock, type Instant } from './elapsed';
import { ConsentEnded, PortalUnreachable, SessionEnded } from './errors';

/** Share of a token's life after which the next one is fetched. */
const RENEW_AT = 0.6;

interface Held {
  readonly token: string;
  readonly lifeMs: number;
  readonly issuedAt: Instant;
}

export interface TokenEndpoint {
  readonly tokenUrl: string;
  readonly csrfToken: string;
}

/**
 * Short-lived image-access tokens, one per gateway, kept in memory only.
 * Lives are counted from the portal's `expires_in`, never from the PC's calendar.
 */
export class TokenSource {
  readonly #held = new Map<string, Held>();
  readonly #renewals = new Map<string, Promise<string>>();
  #ended: ConsentEnded | SessionEnded | undefined;

  constructor(
    private readonly endpoint: TokenEndpoint,
    private readonly fetchFn: typeof fetch,
    private readonly clock: Clock,
    private readonly onEnded: (error: ConsentEnded | SessionEnded) => void,
  ) {}

  /** A token the gateway still accepts. Throws ConsentEnded, SessionEnded or PortalUnreachable. */
  async tokenFor(gatewayId: string): Promise<string> {
    if (this.#ended) throw this.#ended;
    const held = this.#held.get(gatewayId);
    if (!held) return this.renew(gatewayId);
    const used = this.#usedShare(held);
    if (used >= 1) return this.renew(gatewayId);
    if (used >= RENEW_AT) this.renew(gatewayId).catch(() => undefined);
    return held.token;
  }

  /** Ask the portal for a new token now; simultaneous callers share one request. */
  renew(gatewayId: string): Promise<string> {
    if (this.#ended) return Promise.reject(this.#ended);
    const running = this.#renewals.get(gatewayId);
    if (running) return running;
    const renewal = this.#request(gatewayId).finally(() => this.#renewals.delete(gatewayId));
    this.#renewals.set(gatewayId, renewal);
    return renewal;
  }

  /** Replace a token the gateway answered with 401; a newer one already held is returned as is. */
  async replace(gatewayId: string, refused: string): Promise<string> {
    const held = this.#held.get(gatewayId);
    if (held && held.token !== refused) return held.token;
    return this.renew(gatewayId);
  }

  /** True while a held token has life left. */
  isLive(gatewayId: string): boolean {
    const held = this.#held.get(gatewayId);
    return held !== undefined && this.#usedShare(held) < 1;
  }

  /** Milliseconds until the token should be renewed; 0 when none is held or it is due. */
  dueInMs(gatewayId: string): number {
    const held = this.#held.get(gatewayId);
    if (!held) return 0;
    return Math.max(0, (RENEW_AT - this.#usedShare(held)) * held.lifeMs);
  }

  /** Forget every token. */
  clear(): void {
    this.#held.clear();
  }

  #usedShare(held: Held): number {
    return elapsedMs(held.issuedAt, this.clock()) / held.lifeMs;
  }

  async #request(gatewayId: string): Promise<string> {
    const issuedAt = this.clock();
    const response = await this.#post(gatewayId);
    if (response.status === 401) throw this.#end(new SessionEnded());
    if (response.status === 403) throw this.#end(await refusal(response));
    if (!response.ok) throw new PortalUnreachable();
    const { token, lifeMs } = await grantedToken(response);
    this.#held.set(gatewayId, { token, lifeMs, issuedAt });
    return token;
  }

  #post(gatewayId: string): Promise<Response> {
    const request: RequestInit = {
      method: 'POST',
      credentials: 'same-origin',
      cache: 'no-store',
      redirect: 'error',
      headers: { 'Content-Type': 'application/json', 'X-CSRFToken': this.endpoint.csrfToken },
      body: JSON.stringify({ gateway: gatewayId }),
    };
    return this.fetchFn(this.endpoint.tokenUrl, request).catch(() => {
      throw new PortalUnreachable();
    });
  }

  #end<E extends ConsentEnded | SessionEnded>(error: E): E {
    const first = this.#ended === undefined;
    this.#ended = error;
    this.clear();
    if (first) this.onEnded(error);
    return error;
  }
}

async function grantedToken(response: Response): Promise<{ token: string; lifeMs: number }> {
  const body: unknown = await response.json().catch(() => undefined);
  const { token, expires_in: seconds } = (body ?? {}) as Record<string, unknown>;
  if (typeof token !== 'string' || typeof seconds !== 'number' || !(seconds > 0)) {
    throw new PortalUnreachable();
  }
  return { token, lifeMs: seconds * 1000 };
}

async function refusal(response: Response): Promise<ConsentEnded> {
  const body: unknown = await response.json().catch(() => undefined);
  const { code, message } = (body ?? {}) as Record<string, unknown>;
  return new ConsentEnded(
    typeof code === 'string' ? code : 'refused',
    typeof message === 'string' ? message : '',
  );
}
