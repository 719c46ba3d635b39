import type { DicomWebClient } from '../dicomweb/client';
import { summarize, type SeriesSummary } from '../study/series';

/** Series of every granted study at one gateway. Throws the first study's error. */
export async function readCatalog(client: DicomWebClient): Promise<readonly SeriesSummary[]> {
  const studies = client.source.studies.map((study) => readStudy(client, study));
  return (await Promise.all(studies)).flat();
}

async function readStudy(client: DicomWebClient, study: string): Promise<readonly SeriesSummary[]> {
  const [attributes, series] = await Promise.all([
    client.searchStudy(study),
    client.searchSeries(study),
  ]);
  return series.map((item) => summarize(client.source, study, attributes, item));
}
