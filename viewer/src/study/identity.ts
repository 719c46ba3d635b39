import type { GrantedPatient } from '../config';
import { personName, TAG, text, type Dataset } from '../dicomweb/json';
import { foldKana, foldKanji, imageName } from './personName';
import { skeletonOfKana, skeletonOfLatin } from './romaji';

type Agreement = 'same' | 'differs' | 'unknown';

/**
 * Whether the person named in the images is the granted person. Patient IDs are local to each
 * hospital and are shown, never compared.
 */
export interface IdentityCheck {
  readonly verdict: 'same' | 'caution' | 'blocked';
  readonly name: Agreement;
  readonly birthDate: Agreement;
  /** Name, ID and birth date as the images say. */
  readonly imageName: string;
  readonly imageId: string;
  readonly imageBirthDate: string;
}

/**
 * blocked: the birth date contradicts and the name does not confirm the person.
 * caution: something contradicts or nothing could be compared. same: all the rest.
 */
export function checkIdentity(patient: GrantedPatient, instance: Dataset): IdentityCheck {
  const name = nameAgreement(patient, instance);
  const imageBirthDate = text(instance, TAG.PatientBirthDate);
  const birthDate = birthDateAgreement(patient.birthDate, imageBirthDate);
  return {
    verdict: verdictOf(name, birthDate),
    name,
    birthDate,
    imageName: imageName(personName(instance, TAG.PatientName)),
    imageId: text(instance, TAG.PatientId),
    imageBirthDate,
  };
}

/** The most alarming check over all instances of a series: one foreign slice blocks the series. */
export function checkSeriesIdentity(
  patient: GrantedPatient,
  instances: readonly Dataset[],
): IdentityCheck {
  const rank = { same: 0, caution: 1, blocked: 2 } as const;
  return instances
    .map((instance) => checkIdentity(patient, instance))
    .reduce((worst, check) => (rank[check.verdict] > rank[worst.verdict] ? check : worst));
}

function verdictOf(name: Agreement, birthDate: Agreement): IdentityCheck['verdict'] {
  if (birthDate === 'differs' && name !== 'same') return 'blocked';
  if (birthDate === 'differs' || name === 'differs') return 'caution';
  return name === 'unknown' && birthDate === 'unknown' ? 'caution' : 'same';
}

function birthDateAgreement(granted: string, inImages: string): Agreement {
  const digits = inImages.replace(/\D/g, '');
  if (digits.length !== 8 || granted === '') return 'unknown';
  return granted.replace(/\D/g, '') === digits ? 'same' : 'differs';
}

/** Each filled group is compared with what the portal knows in that script; one match is enough. */
function nameAgreement(patient: GrantedPatient, instance: Dataset): Agreement {
  const groups = personName(instance, TAG.PatientName);
  const results = [groups.Alphabetic, groups.Ideographic, groups.Phonetic]
    .filter((group): group is string => Boolean(group?.replace(/[\s^]/g, '')))
    .map((group) => groupAgreement(patient, group.split('^').slice(0, 2).join('^')));
  if (results.includes('same')) return 'same';
  return results.includes('differs') ? 'differs' : 'unknown';
}

function groupAgreement(patient: GrantedPatient, group: string): Agreement {
  const letters = group.normalize('NFKC');
  if (/\p{Script=Han}/u.test(letters)) return agree(foldKanji(letters), foldKanji(patient.kanji));
  if (/[\p{Script=Hiragana}\p{Script=Katakana}]/u.test(letters)) {
    return agree(foldKana(letters), foldKana(patient.kana));
  }
  if (/[a-z]/i.test(letters)) {
    return agree(skeletonOfLatin(letters), skeletonOfKana(patient.kana));
  }
  return 'unknown';
}

function agree(inImages: string, granted: string): Agreement {
  if (inImages === '' || granted === '') return 'unknown';
  return inImages === granted ? 'same' : 'differs';
}
