import { describe, expect, it } from 'vitest';
import { nextToLoad } from '../loading/order';
import { isPlausibleFrame } from './frameIntegrity';
import { presetsFor, resolvePreset } from './presets';
import { wheelSteps } from './wheelSteps';

describe('presets', () => {
  it('offers a CT lung, mediastinum, abdomen, bone and brain window on 1–5', () => {
    expect(presetsFor('CT', false).map(({ name }) => name)).toEqual(['lung', 'mediastinum', 'abdomen', 'bone', 'brain', 'auto']);
  });

  it('offers none for colour', () => {
    expect(presetsFor('US', true)).toEqual([]);
  });

  it('takes MR windows from the image itself', () => {
    const [auto, full] = presetsFor('MR', false);
    const own = { center: 600, width: 1200 };
    expect(auto && resolvePreset(auto, own, { min: 0, max: 4000 })).toEqual(own);
    expect(full && resolvePreset(full, own, { min: 0, max: 4000 })).toEqual({ center: 2000, width: 4000 });
  });
});

describe('wheelSteps', () => {
  it('moves one slice per notch, in the direction of the wheel', () => {
    const steps = wheelSteps();
    expect([100, 120, -100].map((deltaY) => steps({ deltaY, deltaMode: 0 }))).toEqual([1, 1, -1]);
    expect(steps({ deltaY: 3, deltaMode: 1 })).toBe(1);
  });

  it('gathers the small movements of a touchpad', () => {
    const steps = wheelSteps();
    expect([10, 10, 10, 10].map((deltaY) => steps({ deltaY, deltaMode: 0 }))).toEqual([0, 0, 1, 0]);
    expect(steps({ deltaY: -25, deltaMode: 0 })).toBeCloseTo(0);
  });
});

describe('nextToLoad', () => {
  it('goes outward from the slice on screen, ahead of the scroll first', () => {
    const done = new Set<number>();
    const order: number[] = [];
    for (let next = nextToLoad(2, 5, (i) => done.has(i), 1); next !== undefined; ) {
      order.push(next);
      done.add(next);
      next = nextToLoad(2, 5, (i) => done.has(i), 1);
    }
    expect(order).toEqual([2, 3, 1, 4, 0]);
  });
});

describe('isPlausibleFrame', () => {
  const shape = { rows: 2, columns: 4, samples: 1, bitsAllocated: 16 };
  const j2k = [0xff, 0x4f, 0xff, 0x51, 0, 47, 0, 0, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0xff, 0xd9];
  const rle = [1, 0, 0, 0, 64, ...Array<number>(59).fill(0), 7, 7];
  it.each([
    ['native of the right size', '1.2.840.10008.1.2.1', Array<number>(16).fill(0), true],
    ['native cut short', '1.2.840.10008.1.2.1', Array<number>(15).fill(0), false],
    ['a JPEG 2000 codestream', '1.2.840.10008.1.2.4.90', j2k, true],
    ['a codestream with padding', '1.2.840.10008.1.2.4.90', [...j2k, 0xff], true],
    ['a codestream without its end', '1.2.840.10008.1.2.4.90', j2k.slice(0, -1), false],
    ['a codestream of another size', '1.2.840.10008.1.2.4.201', j2k.with(11, 8), false],
    ['garbage as JPEG', '1.2.840.10008.1.2.4.50', [1, 2, 3], false],
    ['RLE', '1.2.840.10008.1.2.5', rle, true],
    ['RLE whose segment lies outside', '1.2.840.10008.1.2.5', rle.with(4, 200), false],
    ['garbage as RLE', '1.2.840.10008.1.2.5', [1, 2, 3], false],
  ])('%s', (_, syntax, bytes, expected) => {
    expect(isPlausibleFrame(Uint8Array.from(bytes), syntax, shape)).toBe(expected);
  });
});
