import type { GrantedPatient, Language } from '../config';
import { displayDay } from '../study/dates';
import type { IdentityCheck } from '../study/identity';
import type { Say } from '../strings';
import type { Words } from '../ui/words';

/** The line over the image when the person could not be confirmed; '' when all agrees. */
export function cautionText(check: IdentityCheck, language: Language, say: Say): string {
  if (check.verdict !== 'caution') return '';
  if (check.birthDate === 'differs') {
    return say('identity.caution.birth', { birth: displayDay(check.imageBirthDate, language) });
  }
  return check.name === 'differs' ? say('identity.caution.name') : say('identity.caution.unknown');
}

/** The block over the pane, and both persons side by side under it. */
export function blockWords(
  check: IdentityCheck,
  patient: GrantedPatient,
  hospital: string,
  language: Language,
  say: Say,
): { readonly words: Words; readonly lines: readonly string[] } {
  const granted = { name: patient.kanji, birth: displayDay(patient.birthDate, language) };
  const found = {
    name: check.imageName || say('banner.unnamed'),
    birth: displayDay(check.imageBirthDate, language),
    id: check.imageId || say('banner.noId'),
  };
  return {
    words: {
      title: say('identity.blocked.title'),
      body: say('identity.blocked.body', { hospital }),
      canRetry: false,
    },
    lines: [say('identity.granted', granted), say('identity.found', found)],
  };
}
