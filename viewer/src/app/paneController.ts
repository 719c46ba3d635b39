import type { RenderingEngine, Types } from '@cornerstonejs/core';
import type { ViewerConfig } from '../config';
import { ConsentEnded, SessionEnded } from '../auth/errors';
import { Prefetcher } from '../loading/prefetcher';
import { TAG, text } from '../dicomweb/json';
import { registeredFrame } from '../rendering/frameRegistry';
import { PaneTools, type ToolName } from '../rendering/paneTools';
import { presetsFor, type Preset, type ResolvedPreset } from '../rendering/presets';
import { StackPane } from '../rendering/stackPane';
import { wheelSteps } from '../rendering/wheelSteps';
import type { SeriesSummary } from '../study/series';
import type { Say } from '../strings';
import { PaneView } from '../ui/paneView';
import { portal, wordsFor } from '../ui/words';
import { blockWords, cautionText } from './identityWords';
import { NothingToShow, type OpenedSeries } from './openSeries';

/** A slice that takes longer than this to arrive is announced. */
const ANNOUNCE_AFTER_MS = 150;

/** A slice that is not there after this long is drawn coarsely first: on a fast line it never is. */
const PRELIMINARY_AFTER_MS = 80;

export interface ControllerEvents {
  readonly onProgress: (uid: string, done: number, count: number) => void;
  readonly onPresets: (presets: readonly Preset[], active?: Preset) => void;
  readonly onPainted: (index: number) => void;
}

/** One pane: takes a series, shows it, keeps words and picture in step. */
export class PaneController {
  readonly view: PaneView;
  readonly pane: StackPane;
  readonly tools: PaneTools;
  #series: OpenedSeries | undefined;
  #presets: readonly Preset[] = [];
  #prefetcher: Prefetcher | undefined;
  #announcement: ReturnType<typeof setTimeout> | undefined;
  #coarse: ReturnType<typeof setTimeout> | undefined;
  #lapsed = false;

  constructor(
    engine: RenderingEngine,
    id: string,
    private readonly config: ViewerConfig,
    private readonly say: Say,
    private readonly events: ControllerEvents,
    host: HTMLElement,
  ) {
    this.view = new PaneView(config.patient, config.language, say);
    host.append(this.view.element);
    this.pane = new StackPane(engine, id, this.view.canvasHost, {
      onWanted: (index) => this.#wanted(index),
      onDisplayed: (index, image) => this.#displayed(index, image),
      onPreliminary: (index) => this.#preliminary(index),
      onFailed: (index, error) => this.#failed(index, error),
      onWindow: (window) => this.#showWindow(window),
      onRendered: () => this.events.onPainted(this.pane.index),
    });
    const target = { goBy: (steps: number) => void this.pane.goBy(steps), slices: () => this.pane.count };
    this.tools = new PaneTools(engine.id, id, this.view.canvasHost, target, say);
    this.#followWheel();
  }

  get presets(): readonly Preset[] {
    return this.#presets;
  }

  get series(): OpenedSeries | undefined {
    return this.#series;
  }

  /** A series was chosen; its attributes are on the way. */
  showOpening(summary: SeriesSummary): void {
    this.#leaveSeries();
    this.view.clearCorners();
    this.view.banner.showSeries(summary);
    this.view.showModality(summary.modality);
    this.view.cover.showWaiting(this.say('pane.opening'));
  }

  /** Show the opened series, or the block when it is another person's. */
  async show(series: OpenedSeries): Promise<void> {
    this.#series = series;
    this.view.banner.showInImages(series.identity);
    if (series.identity.verdict === 'blocked') return this.#block(series);
    this.view.showCaution(cautionText(series.identity, this.config.language, this.say));
    const uid = series.summary.uid;
    this.#prefetcher = new Prefetcher(
      {
        count: series.imageIds.length,
        load: (index) => this.pane.preload(index),
        onProgress: (done, count) => this.events.onProgress(uid, done, count),
      },
      series.start,
    );
    await this.pane.open(series.imageIds, series.start);
  }

  /** The series' attributes could not be had. */
  showProblem(error: unknown, retry: () => void): void {
    if (error instanceof ConsentEnded || error instanceof SessionEnded) return;
    const words =
      error instanceof NothingToShow
        ? { title: this.say('series.notShown'), body: '', canRetry: false }
        : wordsFor(error, this.say);
    this.view.cover.show('warning', words, { label: this.say('error.retry'), act: retry });
  }

  choose(tool: ToolName): void {
    this.tools.choose(tool);
  }

  applyPreset(preset: Preset): void {
    this.pane.applyPreset(preset);
    this.events.onPresets(this.#presets, preset);
  }

  reset(): void {
    this.pane.reset();
    this.events.onPresets(this.#presets);
  }

  clearMeasurements(): void {
    this.tools.clearMeasurements();
    this.pane.viewport.render();
  }

  /** No proof that viewing is still allowed: cover and stop fetching until it is back. */
  lapse(): void {
    this.#lapsed = true;
    this.#prefetcher?.pause();
    this.view.cover.show('warning', portal(this.say));
  }

  restore(): void {
    this.#lapsed = false;
    this.#prefetcher?.resume();
    if (this.#series?.identity.verdict === 'blocked') return this.#block(this.#series);
    if (this.pane.index >= 0) this.view.cover.hide();
    else void this.pane.retry();
  }

  destroy(): void {
    this.#leaveSeries();
    this.pane.destroy();
  }

  #leaveSeries(): void {
    this.#prefetcher?.stop();
    this.#prefetcher = undefined;
    this.#series = undefined;
    this.#setPresets([]);
    this.#stopTimers();
  }

  #block({ identity, summary }: OpenedSeries): void {
    const { patient, language } = this.config;
    const hospital = summary.source.gatewayName;
    const { words, lines } = blockWords(identity, patient, hospital, language, this.say);
    this.view.cover.show('block', words);
    this.view.cover.add(...lines);
    this.#setPresets([]);
  }

  #wanted(index: number): void {
    this.#prefetcher?.moveTo(index);
    this.#stopTimers();
    this.#announcement = setTimeout(() => this.view.showLoading(index), ANNOUNCE_AFTER_MS);
    this.#coarse = setTimeout(() => void this.pane.drawPreliminary(), PRELIMINARY_AFTER_MS);
  }

  #preliminary(index: number): void {
    clearTimeout(this.#announcement);
    this.view.showPosition(index, this.pane.count);
    this.view.showPreliminary(index);
    if (!this.#lapsed) this.view.cover.hide();
  }

  #stopTimers(): void {
    clearTimeout(this.#announcement);
    clearTimeout(this.#coarse);
  }

  #displayed(index: number, image: Types.IImage): void {
    const first = this.#prefetcher !== undefined && this.#presets.length === 0;
    this.#stopTimers();
    this.view.hideLoading();
    this.view.showPosition(index, this.pane.count);
    this.view.showNotes(this.#notes(image));
    if (!this.#lapsed) this.view.cover.hide();
    if (first) this.#setPresets(presetsFor(this.#series?.summary.modality ?? '', image.color));
    this.#prefetcher?.markDone(index);
    this.#prefetcher?.run();
  }

  #failed(index: number, error: unknown): void {
    this.#stopTimers();
    this.view.hideLoading();
    if (error instanceof ConsentEnded || error instanceof SessionEnded) return;
    this.view.showPosition(index, this.pane.count);
    const retry = { label: this.say('error.retry'), act: () => void this.pane.retry() };
    if (!this.#lapsed) this.view.cover.show('warning', wordsFor(error, this.say, index), retry);
    this.#prefetcher?.run();
  }

  /** Window numbers mean something for grey values only. */
  #showWindow(window: ResolvedPreset): void {
    if (this.pane.viewport.getCornerstoneImage()?.color) this.view.hideWindow();
    else this.view.showWindow(window);
  }

  #setPresets(presets: readonly Preset[]): void {
    this.#presets = presets;
    this.events.onPresets(presets);
  }

  #notes(image: Types.IImage): readonly string[] {
    const frame = registeredFrame(image.imageId);
    if (!frame) return [];
    const lossy = text(frame.instance, TAG.LossyImageCompression) === '01';
    const source = frame.calibration.source;
    return [
      ...(lossy ? [this.say('pane.lossy')] : []),
      ...(source === 'detector' ? [this.say('pane.detector')] : []),
      ...(source === 'none' ? [this.say('pane.uncalibrated')] : []),
    ];
  }

  #followWheel(): void {
    const steps = wheelSteps();
    const onWheel = (event: WheelEvent): void => {
      event.preventDefault();
      const count = steps(event);
      if (count !== 0) void this.pane.goBy(count);
    };
    this.view.canvasHost.addEventListener('wheel', onWheel, { passive: false });
  }
}
