import { nextToLoad } from './order';

export interface PrefetchJob {
  readonly count: number;
  readonly load: (index: number) => Promise<void>;
  readonly onProgress: (done: number, count: number) => void;
}

/**
 * Fills the cache around the slice on screen, five at a time: of the six connections a browser opens
 * to one server, one stays free for the slice that is wanted now. The next index is chosen when a
 * place is free, so scrolling redirects it at once. A failed slice is not asked again here.
 */
export class Prefetcher {
  readonly #settled = new Set<number>();
  readonly #running = new Set<number>();
  #current: number;
  #direction: 1 | -1 = 1;
  #stopped = false;
  #paused = false;

  constructor(
    private readonly job: PrefetchJob,
    start: number,
    private readonly parallel = 5,
  ) {
    this.#current = start;
  }

  /** Begin or continue loading. */
  run(): void {
    while (!this.#stopped && !this.#paused && this.#running.size < this.parallel) {
      const taken = (index: number): boolean => this.#settled.has(index) || this.#running.has(index);
      const index = nextToLoad(this.#current, this.job.count, taken, this.#direction);
      if (index === undefined) return;
      void this.#load(index);
    }
  }

  /** The slice on screen changed. */
  moveTo(index: number): void {
    if (index !== this.#current) this.#direction = index > this.#current ? 1 : -1;
    this.#current = index;
  }

  /** A slice was loaded by someone else (the pane itself). */
  markDone(index: number): void {
    if (this.#settled.has(index)) return;
    this.#settled.add(index);
    this.job.onProgress(this.#settled.size, this.job.count);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.run();
  }

  stop(): void {
    this.#stopped = true;
  }

  async #load(index: number): Promise<void> {
    this.#running.add(index);
    try {
      await this.job.load(index);
    } catch {
      // The pane says why when this slice is asked for; the rest goes on.
    } finally {
      this.#running.delete(index);
      if (!this.#stopped) {
        this.markDone(index);
        this.run();
      }
    }
  }
}
