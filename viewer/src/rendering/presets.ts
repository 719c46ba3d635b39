/** A named window: centre and width in the image's units (CT: HU). `auto` takes the image's own. */
export interface Preset {
  readonly name: PresetName;
  readonly center: number;
  readonly width: number;
}

export type PresetName =
  | 'auto' | 'lung' | 'bone' | 'brain' | 'abdomen' | 'mediastinum' | 'full' | 'wide' | 'narrow';

/** Windows a preset can only give once it knows the image's own window or range. */
export type ResolvedPreset = { readonly center: number; readonly width: number };

const CT: readonly Preset[] = [
  { name: 'lung', center: -600, width: 1500 },
  { name: 'mediastinum', center: 40, width: 350 },
  { name: 'abdomen', center: 40, width: 400 },
  { name: 'bone', center: 400, width: 2000 },
  { name: 'brain', center: 40, width: 80 },
  { name: 'auto', center: 0, width: 0 },
];

const OTHER: readonly Preset[] = [
  { name: 'auto', center: 0, width: 0 },
  { name: 'full', center: 0, width: 0 },
  { name: 'narrow', center: 0, width: 0 },
  { name: 'wide', center: 0, width: 0 },
];

/** Presets on keys 1–6, in key order; colour images have none. */
export function presetsFor(modality: string, color: boolean): readonly Preset[] {
  if (color) return [];
  return modality === 'CT' ? CT : OTHER;
}

/** The window a preset means for an image with this own window and pixel range. */
export function resolvePreset(
  preset: Preset,
  own: ResolvedPreset,
  range: { readonly min: number; readonly max: number },
): ResolvedPreset {
  switch (preset.name) {
    case 'auto':
      return own;
    case 'full':
      return { center: (range.min + range.max) / 2, width: Math.max(1, range.max - range.min) };
    case 'narrow':
      return { center: own.center, width: Math.max(1, own.width / 2) };
    case 'wide':
      return { center: own.center, width: own.width * 2 };
    default:
      return { center: preset.center, width: preset.width };
  }
}
