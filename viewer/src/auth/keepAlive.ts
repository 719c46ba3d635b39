import { ConsentEnded, SessionEnded } from './errors';
import type { TokenSource } from './tokenSource';

const RETRY_MS = 5_000;
const SOONEST_MS = 1_000;

export interface LeaseEvents {
  /** No live token is left and the portal cannot be asked: images must be covered. */
  readonly onLapsed: () => void;
  /** A live token is held again after a lapse. */
  readonly onRestored: () => void;
}

/**
 * Renews each gateway's token before it ends, also while nobody scrolls, so that a withdrawn
 * consent ends viewing within one token life.
 */
export class KeepAlive {
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  readonly #lapsed = new Set<string>();
  #stopped = false;

  constructor(
    private readonly tokens: TokenSource,
    private readonly events: LeaseEvents,
  ) {}

  /** Begin watching the gateway's token. */
  watch(gatewayId: string): void {
    this.#schedule(gatewayId, this.tokens.dueInMs(gatewayId));
  }

  /** Check every gateway now: after sleep timers are late. */
  checkNow(): void {
    for (const gatewayId of [...this.#timers.keys()]) this.#schedule(gatewayId, 0, 0);
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  #schedule(gatewayId: string, delayMs: number, soonestMs = SOONEST_MS): void {
    if (this.#stopped) return;
    clearTimeout(this.#timers.get(gatewayId));
    const delay = Math.max(delayMs, soonestMs);
    this.#timers.set(
      gatewayId,
      setTimeout(() => void this.#tick(gatewayId), delay),
    );
  }

  async #tick(gatewayId: string): Promise<void> {
    if (!this.tokens.isLive(gatewayId)) this.#lapse(gatewayId);
    try {
      if (this.tokens.dueInMs(gatewayId) === 0) await this.tokens.renew(gatewayId);
      this.#restore(gatewayId);
      this.#schedule(gatewayId, this.tokens.dueInMs(gatewayId));
    } catch (error) {
      if (error instanceof ConsentEnded || error instanceof SessionEnded) return;
      if (!this.tokens.isLive(gatewayId)) this.#lapse(gatewayId);
      this.#schedule(gatewayId, RETRY_MS);
    }
  }

  #lapse(gatewayId: string): void {
    if (this.#lapsed.size === 0) this.events.onLapsed();
    this.#lapsed.add(gatewayId);
  }

  #restore(gatewayId: string): void {
    if (this.#lapsed.delete(gatewayId) && this.#lapsed.size === 0) this.events.onRestored();
  }
}
