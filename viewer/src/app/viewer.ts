import { Enums, eventTarget, type RenderingEngine } from '@cornerstonejs/core';
import { ConsentEnded, SessionEnded } from '../auth/errors';
import { machineClock } from '../auth/elapsed';
import { KeepAlive } from '../auth/keepAlive';
import { TokenSource } from '../auth/tokenSource';
import type { Source, ViewerConfig } from '../config';
import { DicomWebClient } from '../dicomweb/client';
import type { StudyOnItsWay } from '../dicomweb/errors';
import { purgeImages, startEngine } from '../rendering/engine';
import type { ToolName } from '../rendering/paneTools';
import type { Preset } from '../rendering/presets';
import { firstToOpen, inListOrder, type SeriesSummary } from '../study/series';
import { speaker, type Say } from '../strings';
import { stateOf, type TestHook } from '../testing/hook';
import { endedScreen } from '../ui/endedScreen';
import { helpDialog } from '../ui/help';
import { SeriesList, type Problem } from '../ui/seriesList';
import { Toolbar } from '../ui/toolbar';
import { endedWords, wordsFor } from '../ui/words';
import { readCatalog } from './catalog';
import { listenToKeys } from './keyboard';
import { buildLayout, type Layout } from './layout';
import { openSeries } from './openSeries';
import { PaneController } from './paneController';

const TIME_LEFT_EVERY_MS = 15_000;

/** The whole viewer: catalog, one pane, and the end of it all when permission ends. */
export class Viewer {
  readonly #say: Say;
  readonly #clients = new Map<string, DicomWebClient>();
  readonly #tokens: TokenSource;
  readonly #keepAlive: KeepAlive;
  readonly #list: SeriesList;
  readonly #toolbar: Toolbar;
  readonly #layout: Layout;
  readonly #engine: RenderingEngine;
  readonly #pane: PaneController;
  readonly #help: HTMLDialogElement;
  readonly #abort = new AbortController();
  readonly #problems = new Map<string, Problem>();
  #catalog: readonly SeriesSummary[] = [];
  #opening: string | undefined;

  constructor(
    private readonly root: HTMLElement,
    private readonly config: ViewerConfig,
    private readonly hook: TestHook | undefined,
  ) {
    this.#say = speaker(config.language);
    const fetchFn = window.fetch.bind(window);
    this.#tokens = new TokenSource(config, fetchFn, machineClock, (error) => this.#ended(error));
    for (const source of config.sources) {
      this.#clients.set(source.gatewayId, new DicomWebClient(source, this.#tokens, fetchFn));
    }
    this.#keepAlive = new KeepAlive(this.#tokens, {
      onLapsed: () => this.#pane.lapse(),
      onRestored: () => this.#pane.restore(),
    });
    this.#list = this.#buildList();
    this.#toolbar = this.#buildToolbar();
    this.#layout = buildLayout(config, this.#say, this.#list.element, this.#toolbar.element);
    this.#help = helpDialog(this.#say);
    root.replaceChildren(this.#layout.element, this.#help);
    this.#engine = startEngine();
    this.#pane = this.#buildPane();
    this.#listen();
  }

  /** Read what may be seen and open the first series. */
  async start(): Promise<void> {
    this.#toolbar.showTool(matchMedia('(pointer: coarse)').matches ? 'scroll' : 'window');
    this.#showTimeLeft();
    const timer = setInterval(() => this.#showTimeLeft(), TIME_LEFT_EVERY_MS);
    this.#abort.signal.addEventListener('abort', () => clearInterval(timer));
    for (const { gatewayId } of this.config.sources) this.#keepAlive.watch(gatewayId);
    await Promise.all(this.config.sources.map((source) => this.#readSource(source)));
    if (this.#catalog.length === 0) this.#list.element.classList.add('is-open');
  }

  /** Leave nothing behind: no token, no pixels, no name. Then say why. */
  end(reason: string): void {
    if (this.#abort.signal.aborted) return;
    this.#abort.abort();
    this.#keepAlive.stop();
    this.#tokens.clear();
    this.#pane.destroy();
    this.#engine.destroy();
    purgeImages();
    this.#catalog = [];
    this.root.replaceChildren(endedScreen(reason, this.config.backUrl, this.#say));
  }

  async #readSource(source: Source): Promise<void> {
    const client = this.#clients.get(source.gatewayId);
    if (!client) return;
    try {
      const found = await readCatalog(client);
      this.#mark('catalog');
      if (this.#abort.signal.aborted) return;
      this.#problems.delete(source.gatewayId);
      const others = this.#catalog.filter((series) => series.source !== source);
      this.#catalog = inListOrder([...others, ...found.series]);
      this.#showList();
      this.#openFirst();
      if (found.onItsWay) this.#waitFor(source, found.onItsWay);
    } catch (error) {
      this.#sourceFailed(source, error);
    }
  }

  /** Say how far the gateway is with fetching a study, and look again after a while. */
  #waitFor(source: Source, study: StudyOnItsWay): void {
    this.#sourceFailed(source, study);
    const timer = window.setTimeout(() => void this.#readSource(source), study.askAgainMs);
    this.#abort.signal.addEventListener('abort', () => window.clearTimeout(timer), { once: true });
  }

  #sourceFailed(source: Source, error: unknown): void {
    if (this.#abort.signal.aborted) return;
    if (error instanceof ConsentEnded || error instanceof SessionEnded) return;
    this.#note(error);
    this.#problems.set(source.gatewayId, { source, words: wordsFor(error, this.#say) });
    this.#showList();
    if (!this.#opening) this.#pane.showProblem(error, () => void this.#readSource(source));
  }

  #openFirst(): void {
    const first = firstToOpen(this.#catalog);
    if (!this.#opening && first) void this.#open(first);
  }

  #showList(): void {
    this.#list.show(this.#catalog, [...this.#problems.values()]);
    if (this.#opening) this.#list.markOpen(this.#opening);
  }

  async #open(series: SeriesSummary): Promise<void> {
    const client = this.#clients.get(series.source.gatewayId);
    if (!client) return;
    this.#opening = series.uid;
    this.#layout.closeList();
    this.#list.markOpen(series.uid);
    this.#pane.showOpening(series);
    try {
      const opened = await openSeries(client, series, this.config.patient);
      this.#mark('metadata');
      if (this.#opening === series.uid && !this.#abort.signal.aborted) await this.#pane.show(opened);
    } catch (error) {
      if (this.#opening !== series.uid || this.#abort.signal.aborted) return;
      this.#note(error);
      this.#pane.showProblem(error, () => void this.#open(series));
    }
  }

  #ended(error: ConsentEnded | SessionEnded): void {
    this.end(endedWords(error, this.#say));
  }

  #buildList(): SeriesList {
    return new SeriesList(this.config.language, this.#say, {
      onOpen: (series) => void this.#open(series),
      onRetry: (source) => void this.#readSource(source),
      onClose: () => this.#layout.closeList(),
    });
  }

  #buildToolbar(): Toolbar {
    return new Toolbar(this.#say, {
      onTool: (name) => this.#choose(name),
      onPreset: (preset) => this.#pane.applyPreset(preset),
      onInvert: () => this.#pane.pane.invert(),
      onReset: () => this.#pane.reset(),
      onClear: () => this.#pane.clearMeasurements(),
      onHelp: () => this.#help.showModal(),
    });
  }

  #buildPane(): PaneController {
    const events = {
      onProgress: (uid: string, done: number, count: number) => this.#progress(uid, done, count),
      onPresets: (presets: readonly Preset[], active?: Preset) =>
        this.#toolbar.showPresets(presets, active),
      onPainted: () => this.#painted(),
    };
    return new PaneController(this.#engine, 'pane-1', this.config, this.#say, events, this.#layout.panes);
  }

  #listen(): void {
    const { signal } = this.#abort;
    const pane = this.#pane;
    listenToKeys(
      document,
      {
        goBy: (steps) => void pane.pane.goBy(steps),
        goToEnd: (end) => void pane.pane.goTo(end === 'first' ? 0 : pane.pane.count - 1),
        choose: (tool) => this.#choose(tool),
        preset: (number) => this.#presetKey(number),
        invert: () => pane.pane.invert(),
        reset: () => pane.reset(),
        clear: () => pane.clearMeasurements(),
        help: () => this.#help.showModal(),
      },
      signal,
    );
    window.addEventListener('pagehide', () => this.end(this.#say('ended.left')), { signal });
    const wake = (): void => void (document.visibilityState === 'visible' && this.#keepAlive.checkNow());
    document.addEventListener('visibilitychange', wake, { signal });
    eventTarget.addEventListener(Enums.Events.WEBGL_CONTEXT_LOST, () => this.#contextLost());
  }

  #choose(tool: ToolName): void {
    this.#pane.choose(tool);
    this.#toolbar.showTool(tool);
  }

  #presetKey(number: number): void {
    const preset = this.#pane.presets[number - 1];
    if (preset) this.#pane.applyPreset(preset);
  }

  #contextLost(): void {
    if (this.#abort.signal.aborted) return;
    const words = { title: this.#say('error.graphics.title'), body: this.#say('error.graphics.body') };
    this.#pane.view.cover.show('warning', { ...words, canRetry: false });
  }

  #showTimeLeft(): void {
    this.#pane.view.banner.showTimeLeft(this.config.until, Date.now());
  }

  #progress(uid: string, done: number, count: number): void {
    this.#list.showProgress(uid, done, count);
    if (done === count) this.#mark('loaded');
  }

  #painted(): void {
    this.#mark('painted');
    if (!this.hook || this.hook.ready) return;
    this.hook.state = () => stateOf(this.#pane);
    this.hook.ready = true;
  }

  #mark(name: string): void {
    if (this.hook) this.hook.marks[name] ??= performance.now();
  }

  #note(error: unknown): void {
    this.hook?.errors.push(error instanceof Error ? error.message : 'unknown');
  }
}
