import { BaseTool, type Types } from '@cornerstonejs/tools';

type Drag = Types.EventTypes.InteractionEventType;

/** Scrolls slices by dragging; hands the step to `configuration.goBy`, so one place moves the stack. */
export class SliceScrollTool extends BaseTool {
  static override toolName = 'SliceScroll';
  #rest = 0;

  constructor(
    toolProps: Types.PublicToolProps = {},
    defaultToolProps: Types.ToolProps = { supportedInteractionTypes: ['Mouse', 'Touch'] },
  ) {
    super(toolProps, defaultToolProps);
  }

  mouseDragCallback(event: Drag): void {
    this.#drag(event);
  }

  touchDragCallback(event: Drag): void {
    this.#drag(event);
  }

  #drag(event: Drag): void {
    const { deltaPoints, element } = event.detail;
    const { goBy, slices } = this.configuration as {
      goBy: (steps: number) => void;
      slices: () => number;
    };
    const pixelsPerSlice = Math.max(4, element.clientHeight / Math.max(slices(), 8));
    const moved = this.#rest + deltaPoints.canvas[1] / pixelsPerSlice;
    const steps = Math.trunc(moved);
    this.#rest = moved - steps;
    if (steps !== 0) goBy(steps);
  }
}
