import { foldKana } from './personName';

const ROWS: readonly (readonly [string, readonly string[]])[] = [
  ['', [...'アイウエオ']],
  ['k', [...'カキクケコ']],
  ['s', [...'サシスセソ']],
  ['t', [...'タチツテト']],
  ['n', [...'ナニヌネノ']],
  ['h', [...'ハヒフヘホ']],
  ['m', [...'マミムメモ']],
  ['r', [...'ラリルレロ']],
  ['g', [...'ガギグゲゴ']],
  ['z', [...'ザジズゼゾ']],
  ['d', [...'ダヂヅデド']],
  ['b', [...'バビブベボ']],
  ['p', [...'パピプペポ']],
];
const VOWELS = ['a', 'i', 'u', 'e', 'o'] as const;

const SYLLABLES: ReadonlyMap<string, string> = new Map([
  ...ROWS.flatMap(([consonant, letters]) =>
    letters.map((letter, column): [string, string] => [letter, consonant + VOWELS[column]]),
  ),
  ['ヤ', 'ya'], ['ユ', 'yu'], ['ヨ', 'yo'], ['ワ', 'wa'], ['ヲ', 'o'], ['ン', 'n'], ['ヴ', 'bu'],
]);

/** Latin skeleton of a kana name: the same for every common romanisation of it. */
export function skeletonOfKana(kana: string): string {
  return skeletonOfLatin([...foldKana(kana)].map((letter) => SYLLABLES.get(letter) ?? '').join(''));
}

/**
 * Fold a romanised name so that Hepburn, Kunrei and the spellings without long vowels meet:
 * consonants only as far as they are stable, doubled letters once, vowels dropped after them.
 */
export function skeletonOfLatin(latin: string): string {
  return latin
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z]/g, '')
    .replace(/l/g, 'r')
    .replace(/dz|dj|[jd](?=[iuy])/g, 'z')
    .replace(/tch|ch/g, 't')
    .replace(/sh/g, 's')
    .replace(/ts/g, 't')
    .replace(/j/g, 'z')
    .replace(/f/g, 'h')
    .replace(/m(?=[bp])/g, 'n')
    .replace(/([kstnhmrgzbp])[iy]+(?=[auo])/g, '$1')
    .replace(/o[uh](?![aiueo])/g, 'o')
    .replace(/(.)\1+/g, '$1');
}
