/** Two readings of time: the monotonic one stops in sleep, the wall clock may be set back. */
export interface Instant {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

export type Clock = () => Instant;

export const machineClock: Clock = () => ({
  monotonicMs: performance.now(),
  wallMs: Date.now(),
});

/** Milliseconds between two instants; the larger reading wins, so a token never looks too young. */
export function elapsedMs(from: Instant, to: Instant): number {
  return Math.max(to.monotonicMs - from.monotonicMs, to.wallMs - from.wallMs, 0);
}
