import type { PersonNameGroups } from '../dicomweb/json';

/** How a name is shown: family and given name apart by one space, no carets. */
export function displayName(group: string | undefined): string {
  return (group ?? '').split('^').slice(0, 2).join(' ').replace(/\s+/g, ' ').trim();
}

/** The name as written in the images, every group that is filled: 漢字（かな）or Latin. */
export function imageName(name: PersonNameGroups): string {
  const kanji = displayName(name.Ideographic);
  const kana = displayName(name.Phonetic);
  const latin = displayName(name.Alphabetic);
  const main = kanji || latin || kana;
  return kana && kana !== main ? `${main}（${kana}）` : main;
}

/** Fold spelling that does not tell people apart: width, kana kind, small kana, spaces, marks. */
export function foldKana(text: string): string {
  const katakana = [...text.normalize('NFKC')].map((letter) =>
    /[ぁ-ゖ]/.test(letter) ? String.fromCharCode(letter.charCodeAt(0) + 0x60) : letter,
  );
  return katakana
    .join('')
    .replace(/[ァィゥェォッャュョヮ]/g, (small) => String.fromCharCode(small.charCodeAt(0) + 1))
    .replace(/[\s^・ー―‐-]/g, '');
}

/** Kanji written in two forms on cards and in hospitals; dated list, 2026. */
const VARIANTS: Readonly<Record<string, string>> = {
  髙: '高', 﨑: '崎', 嵜: '崎', 邊: '辺', 邉: '辺', 齋: '斎', 齊: '斉', 澤: '沢', 濵: '浜',
  濱: '浜', 廣: '広', 眞: '真', 惠: '恵', 德: '徳', 櫻: '桜', 國: '国',
};

export function foldKanji(text: string): string {
  return [...text.normalize('NFKC').replace(/[\s^]/g, '')]
    .map((letter) => VARIANTS[letter] ?? letter)
    .join('');
}
