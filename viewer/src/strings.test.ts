import { describe, expect, it } from 'vitest';
import { speaker, TABLES, type StringKey } from './strings';

const keys = Object.keys(TABLES.ja) as StringKey[];
const places = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort();

describe.each(['ja', 'en', 'easy'] as const)('%s', (language) => {
  it.each(keys)('says %s with the same places to fill', (key) => {
    const text = TABLES[language][key];
    expect(text.trim()).not.toBe('');
    const unknown = places(text).filter((place) => !places(TABLES.ja[key]).includes(place));
    expect(unknown).toEqual([]);
  });
});

it('fills places', () => {
  expect(speaker('ja')('pane.image', { index: 3, count: 24 })).toBe('画像 3 / 24');
});
