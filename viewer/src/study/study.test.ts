import { describe, expect, it } from 'vitest';
import type { GrantedPatient } from '../config';
import type { Dataset } from '../dicomweb/json';
import { calibrationOf } from './calibration';
import { displayDay, minutesLeft } from './dates';
import { checkIdentity, checkSeriesIdentity } from './identity';
import { sortSlices } from './sortSlices';

const values = (entries: Record<string, readonly unknown[]>): Dataset =>
  Object.fromEntries(Object.entries(entries).map(([tag, Value]) => [tag, { Value }]));

const slice = (uid: string, number: number, position?: readonly number[], cosines = [1, 0, 0, 0, 1, 0]) =>
  values({
    '00080018': [uid],
    '00200013': [number],
    ...(position ? { '00200032': position, '00200037': cosines } : {}),
  });
const order = (slices: readonly Dataset[]) => sortSlices(slices).map((one) => one['00080018']?.Value?.[0]);

describe('sortSlices', () => {
  it('goes from head to foot whatever the numbers say', () => {
    expect(order([slice('foot', 1, [0, 0, -50]), slice('head', 3, [0, 0, 50]), slice('mid', 2, [0, 0, 0])])).toEqual(['head', 'mid', 'foot']);
  });

  it('follows the normal of a coronal stack', () => {
    const coronal = [1, 0, 0, 0, 0, -1];
    expect(order([slice('front', 1, [0, 20, 0], coronal), slice('back', 2, [0, 40, 0], coronal)])).toEqual(['back', 'front']);
  });

  it('falls back to the number when one slice lacks a position', () => {
    expect(order([slice('b', 2, [0, 0, 9]), slice('a', 1)])).toEqual(['a', 'b']);
  });

  it('falls back to the number when slices are turned against each other', () => {
    const sagittal = [0, 1, 0, 0, 0, -1];
    expect(order([slice('b', 2, [0, 0, 9]), slice('a', 1, [0, 0, 0], sagittal)])).toEqual(['a', 'b']);
  });
});

const TARO: GrantedPatient = {
  kanji: '見本 太郎', kana: 'みほん たろう', id: 'B-1', birthDate: '1990-05-01', age: '36歳', sex: '男',
};
const person = (name: unknown, birth?: string): Dataset =>
  values({ '00100010': name === undefined ? [] : [name], '00100030': birth ? [birth] : [] });

describe('checkIdentity', () => {
  it.each([
    ['kanji', { Ideographic: '見本^太郎' }],
    ['half-width kana', { Phonetic: 'ﾐﾎﾝ^ﾀﾛｳ' }],
    ['Hepburn', { Alphabetic: 'MIHON^TAROU' }],
    ['Hepburn without the long vowel', { Alphabetic: 'Mihon^Taro' }],
    ['kana in the first group', { Alphabetic: 'ミホン^タロウ' }],
    ['one matching group of two', { Alphabetic: 'Maiden^Taro', Ideographic: '見本^太郎' }],
  ])('accepts %s', (_, name) => {
    expect(checkIdentity(TARO, person(name, '19900501')).verdict).toBe('same');
  });

  it.each([
    ['another name and birth date', { Ideographic: '別^花子' }, '19711103', 'blocked'],
    ['another birth date without a name', undefined, '19711103', 'blocked'],
    ['another name, same birth date', { Ideographic: '旧姓^太郎' }, '19900501', 'caution'],
    ['same name, another birth date', { Ideographic: '見本^太郎' }, '19900502', 'caution'],
    ['another name without a birth date', { Alphabetic: 'Other^Person' }, undefined, 'caution'],
    ['neither name nor birth date', undefined, undefined, 'caution'],
    ['no name, same birth date', undefined, '19900501', 'same'],
  ])('%s', (_, name, birth, verdict) => {
    expect(checkIdentity(TARO, person(name, birth)).verdict).toBe(verdict);
  });

  it('takes 髙 and 高 for the same letter', () => {
    const takahashi = { ...TARO, kanji: '髙橋 太郎' };
    expect(checkIdentity(takahashi, person({ Ideographic: '高橋^太郎' }, '19900501')).name).toBe('same');
  });

  it('lets one foreign slice decide for the series', () => {
    const slices = [person('Mihon^Taro', '19900501'), person({ Ideographic: '別^花子' }, '19711103')];
    expect(checkSeriesIdentity(TARO, slices).verdict).toBe('blocked');
  });
});

describe('calibrationOf', () => {
  it.each([
    ['image', { '00080060': ['CT'], '00280030': [0.7, 0.7] }, 0.7],
    ['detector', { '00080060': ['DX'], '00181164': [0.2, 0.2] }, 0.2],
    ['detector', { '00080060': ['CR'], '00181164': [0.2, 0.2], '00280030': [0.2, 0.2] }, 0.2],
    ['geometry', { '00080060': ['MG'], '00181164': [0.1, 0.1], '00280030': [0.09, 0.09] }, 0.09],
    ['fiducial', { '00080060': ['DX'], '00280030': [0.18, 0.18], '00280A02': ['FIDUCIAL'] }, 0.18],
    ['ultrasound', { '00080060': ['US'], '00186011': [{}] }, 1],
    ['none', { '00080060': ['OT'] }, 1],
    ['none', { '00080060': ['OT'], '00280030': [0, 0] }, 1],
  ])('%s', (source, attributes, rowSpacing) => {
    expect(calibrationOf(values(attributes), 1)).toMatchObject({ source, rowSpacing });
  });

  it('reads the spacing of its own frame', () => {
    const measures = (spacing: number) => ({ '00289110': { Value: [{ '00280030': { Value: [spacing, spacing] } }] } });
    const enhanced = values({ '00080060': ['CT'], '52009230': [measures(0.5), measures(0.6)] });
    expect(calibrationOf(enhanced, 2).rowSpacing).toBe(0.6);
  });

  it('keeps the pixel aspect of an uncalibrated image', () => {
    expect(calibrationOf(values({ '00280034': ['6', '5'] }), 1)).toMatchObject({ rowSpacing: 6, columnSpacing: 5 });
  });
});

describe('dates', () => {
  it.each([
    ['20261120', 'ja', '2026年11月20日'],
    ['1990-05-01', 'en', '1990-05-01'],
    ['2026', 'ja', ''],
  ] as const)('%s in %s', (day, language, shown) => {
    expect(displayDay(day, language)).toBe(shown);
  });

  it('never shows negative time', () => {
    const until = '2026-12-01T09:00:00+09:00';
    expect(minutesLeft(until, Date.parse('2026-12-01T08:50:30+09:00'))).toBe(9);
    expect(minutesLeft(until, Date.parse('2026-12-02T00:00:00+09:00'))).toBe(0);
    expect(minutesLeft('nonsense', 0)).toBe(0);
  });
});
