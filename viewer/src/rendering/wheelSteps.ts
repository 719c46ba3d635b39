/** Vertical travel of a touchpad, in CSS pixels, for one slice. */
const PIXELS_PER_SLICE = 30;
/** From here on one event is a notch of a mouse wheel: exactly one slice. */
const NOTCH = 60;

interface Wheel {
  readonly deltaY: number;
  readonly deltaMode: number;
}

/** A counter from wheel events to whole slices; keeps the rest of small touchpad movements. */
export function wheelSteps(): (event: Wheel) => number {
  let rest = 0;
  return ({ deltaY, deltaMode }) => {
    if (deltaMode !== 0 || Math.abs(deltaY) >= NOTCH) {
      rest = 0;
      return Math.sign(deltaY);
    }
    if (Math.sign(deltaY) !== Math.sign(rest)) rest = 0;
    rest += deltaY;
    const steps = Math.trunc(rest / PIXELS_PER_SLICE);
    rest -= steps * PIXELS_PER_SLICE;
    return steps;
  };
}
