import {
  addTool,
  annotation,
  Enums,
  LengthTool,
  PanTool,
  ToolGroupManager,
  WindowLevelTool,
  ZoomTool,
  type Types,
} from '@cornerstonejs/tools';
import type { Say } from '../strings';
import { imageIdOfTarget, lengthText, type LengthStats } from './lengthText';
import { SliceScrollTool } from './sliceScrollTool';

export type ToolName = 'scroll' | 'window' | 'zoom' | 'pan' | 'length';

const CLASS = {
  scroll: SliceScrollTool,
  window: WindowLevelTool,
  zoom: ZoomTool,
  pan: PanTool,
  length: LengthTool,
} as const;
const NAMES = Object.keys(CLASS) as ToolName[];

/** First tools: on the mouse's primary button, and on one finger. */
const INITIAL: readonly [ToolName, ToolName] = ['window', 'scroll'];

interface ScrollTarget {
  readonly goBy: (steps: number) => void;
  readonly slices: () => number;
}

/** The pointer tools of one pane: one tool on the primary button and on one finger. */
export class PaneTools {
  readonly #group: Types.IToolGroup;
  readonly #element: HTMLDivElement;

  constructor(engineId: string, paneId: string, element: HTMLDivElement, target: ScrollTarget, say: Say) {
    const group = ToolGroupManager.createToolGroup(`tools-${paneId}`);
    if (!group) throw new Error('tool group exists already');
    this.#group = group;
    this.#element = element;
    for (const name of NAMES) addTool(CLASS[name]);
    group.addTool(SliceScrollTool.toolName, target);
    group.addTool(WindowLevelTool.toolName);
    group.addTool(ZoomTool.toolName);
    group.addTool(PanTool.toolName);
    group.addTool(LengthTool.toolName, { getTextLines: textLines(say) });
    group.addViewport(paneId, engineId);
    this.#bind(...INITIAL);
  }

  /** Put a tool on the primary mouse button and on one finger. */
  choose(name: ToolName): void {
    this.#bind(name, name);
  }

  /** Remove this pane's measurements. */
  clearMeasurements(): void {
    // The library's own removal by tool skips every other one.
    for (const item of [...this.#drawn()]) annotation.state.removeAnnotation(item.annotationUID ?? '');
  }

  #drawn(): Types.Annotations {
    return annotation.state.getAnnotations(LengthTool.toolName, this.#element) ?? [];
  }

  #bind(mouse: ToolName, touch: ToolName): void {
    const { MouseBindings } = Enums;
    this.#element.dataset['tool'] = mouse;
    for (const name of NAMES) {
      this.#group.setToolPassive(CLASS[name].toolName, { removeAllBindings: true });
    }
    for (const name of NAMES) {
      const bindings = [
        ...(name === mouse ? [{ mouseButton: MouseBindings.Primary }] : []),
        ...(name === touch ? [{ numTouchPoints: 1 }] : []),
        ...(name === 'pan' ? [{ mouseButton: MouseBindings.Auxiliary }] : []),
        ...(name === 'zoom' ? [{ mouseButton: MouseBindings.Secondary }, { numTouchPoints: 2 }] : []),
      ];
      if (bindings.length > 0) this.#group.setToolActive(CLASS[name].toolName, { bindings });
    }
  }
}

function textLines(say: Say) {
  return (data: { cachedStats: Record<string, LengthStats> }, targetId: string): string[] =>
    lengthText(data.cachedStats[targetId], imageIdOfTarget(targetId), say);
}
