import type { DicomWebClient } from '../dicomweb/client';
import { StudyOnItsWay } from '../dicomweb/errors';
import { summarize, type SeriesSummary } from '../study/series';

/** The series that can be read, and why some study cannot be read yet. */
export interface Catalog {
  readonly series: readonly SeriesSummary[];
  readonly onItsWay: StudyOnItsWay | undefined;
}

/** Series of every granted study at one gateway. Throws the first study's error, unless it comes. */
export async function readCatalog(client: DicomWebClient): Promise<Catalog> {
  let onItsWay: StudyOnItsWay | undefined;
  const studies = client.source.studies.map((study) =>
    readStudy(client, study).catch((error: unknown) => {
      if (!(error instanceof StudyOnItsWay)) throw error;
      onItsWay = error;
      return [];
    }),
  );
  const series = (await Promise.all(studies)).flat();
  return { series, onItsWay };
}

async function readStudy(client: DicomWebClient, study: string): Promise<readonly SeriesSummary[]> {
  const [attributes, series] = await Promise.all([
    client.searchStudy(study),
    client.searchSeries(study),
  ]);
  return series.map((item) => summarize(client.source, study, attributes, item));
}
