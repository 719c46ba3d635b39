/** The person whose images were granted, as the portal knows them. */
export interface GrantedPatient {
  readonly kanji: string;
  readonly kana: string;
  /** Local identifier at the viewing institution. */
  readonly id: string;
  /** ISO calendar day, e.g. 1990-05-01. */
  readonly birthDate: string;
  readonly age: string;
  readonly sex: string;
}

/** One hospital's gateway and the studies of it that this grant covers. */
export interface Source {
  readonly gatewayId: string;
  readonly gatewayName: string;
  /** DICOMweb root, absolute, without a trailing slash. */
  readonly baseUrl: string;
  readonly studies: readonly string[];
}

export type Language = 'ja' | 'en' | 'easy';

export interface ViewerConfig {
  readonly tokenUrl: string;
  readonly csrfToken: string;
  readonly backUrl: string;
  readonly language: Language;
  readonly patient: GrantedPatient;
  readonly sources: readonly Source[];
  /** Instant (ISO 8601 with offset) at which the grant ends. */
  readonly until: string;
  readonly simulated: boolean;
  readonly test: boolean;
}

/** The page did not carry a usable configuration. */
export class ConfigInvalid extends Error {}

type Json = Readonly<Record<string, unknown>>;

const STUDY_UID = /^[0-9.]{1,64}$/;

/** Read and check the page's configuration; throws ConfigInvalid naming the first bad field. */
export function parseConfig(text: string): ViewerConfig {
  const raw = object(parseJson(text), 'config');
  return {
    tokenUrl: string(raw, 'tokenUrl'),
    csrfToken: string(raw, 'csrfToken'),
    backUrl: string(raw, 'backUrl'),
    language: language(raw['language']),
    patient: patient(object(raw['patient'], 'patient')),
    sources: list(raw, 'sources').map((item) => source(object(item, 'sources'))),
    until: string(raw, 'until'),
    simulated: raw['simulated'] === true,
    test: raw['test'] === true,
  };
}

function patient(raw: Json): GrantedPatient {
  return {
    kanji: string(raw, 'kanji'),
    kana: string(raw, 'kana'),
    id: string(raw, 'id'),
    birthDate: string(raw, 'birthDate'),
    age: string(raw, 'age'),
    sex: string(raw, 'sex'),
  };
}

function source(raw: Json): Source {
  const baseUrl = string(raw, 'baseUrl');
  if (!/^https?:\/\/[^/?#]+/.test(baseUrl)) throw new ConfigInvalid('baseUrl');
  const studies = list(raw, 'studies').map((uid) => {
    if (typeof uid !== 'string' || !STUDY_UID.test(uid)) throw new ConfigInvalid('studies');
    return uid;
  });
  return {
    gatewayId: string(raw, 'gatewayId'),
    gatewayName: string(raw, 'gatewayName'),
    baseUrl: baseUrl.replace(/\/+$/, ''),
    studies,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ConfigInvalid('not JSON');
  }
}

function object(value: unknown, name: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ConfigInvalid(name);
  }
  return value as Json;
}

function string(raw: Json, name: string): string {
  const value = raw[name];
  if (typeof value !== 'string') throw new ConfigInvalid(name);
  return value;
}

function list(raw: Json, name: string): readonly unknown[] {
  const value = raw[name];
  if (!Array.isArray(value)) throw new ConfigInvalid(name);
  return value;
}

function language(value: unknown): Language {
  return value === 'en' || value === 'easy' ? value : 'ja';
}
