import type { Language } from '../config';

/** A DICOM DA (20261122) or ISO day as shown to people; '' when it is not a date. */
export function displayDay(day: string, language: Language): string {
  const [, year, month, date] = /^(\d{4})-?(\d{2})-?(\d{2})$/.exec(day) ?? [];
  if (!year || !month || !date) return '';
  if (language === 'en') return `${year}-${month}-${date}`;
  return `${year}年${Number(month)}月${Number(date)}日`;
}

/** Whole minutes left until an ISO instant, never negative. */
export function minutesLeft(until: string, nowMs: number): number {
  const end = Date.parse(until);
  return Number.isNaN(end) ? 0 : Math.max(0, Math.floor((end - nowMs) / 60_000));
}
