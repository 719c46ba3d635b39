import type { GrantedPatient } from '../config';
import type { DicomWebClient, FrameRef } from '../dicomweb/client';
import type { Part } from '../dicomweb/multipart';
import { number, TAG, text, type Dataset } from '../dicomweb/json';
import { registerFrame } from '../rendering/frameRegistry';
import { frameCount } from '../study/calibration';
import { checkSeriesIdentity, type IdentityCheck } from '../study/identity';
import type { SeriesSummary } from '../study/series';
import { sortSlices } from '../study/sortSlices';

/** A series ready to be shown: its frames in order, and who its images say they are of. */
export interface OpenedSeries {
  readonly summary: SeriesSummary;
  readonly identity: IdentityCheck;
  /** Empty when the identity check blocks: then nothing is fetched. */
  readonly imageIds: readonly string[];
  /** Attributes of the instance behind each image id. */
  readonly instances: readonly Dataset[];
  readonly start: number;
}

/** The series holds no object with pixels. */
export class NothingToShow extends Error {}

/** Read a series' attributes, check the person, order its frames. Throws GatewayError kinds, NothingToShow. */
export async function openSeries(
  client: DicomWebClient,
  summary: SeriesSummary,
  patient: GrantedPatient,
): Promise<OpenedSeries> {
  const metadata = await client.retrieveSeriesMetadata(summary.study, summary.uid);
  const images = metadata.filter((instance) => (number(instance, TAG.Rows) ?? 0) > 0);
  if (images.length === 0) throw new NothingToShow('no pixels in the series');
  const identity = checkSeriesIdentity(patient, images);
  if (identity.verdict === 'blocked') {
    return { summary, identity, imageIds: [], instances: [], start: 0 };
  }
  const heads = headsOf(client);
  const frames = sortSlices(images).flatMap((instance) => framesOf(instance, summary));
  return {
    summary,
    identity,
    imageIds: frames.map(({ instance, ref }) =>
      registerFrame(client.source.baseUrl + client.framePath(ref), instance, ref.frame, {
        whole: () => client.retrieveFrame(ref),
        head: (bytes) => heads(ref, bytes),
      }),
    ),
    instances: frames.map(({ instance }) => instance),
    start: startIndex(frames.length, images.length),
  };
}

/** Asks for heads until the first one is missing: then this series has no copies yet. */
function headsOf(client: DicomWebClient) {
  let hasCopies = true;
  return async (ref: FrameRef, bytes: number): Promise<Part | undefined> => {
    if (!hasCopies) return undefined;
    const head = await client.retrieveHead(ref, bytes);
    hasCopies = head !== undefined;
    return head;
  };
}

interface Frame {
  readonly instance: Dataset;
  readonly ref: FrameRef;
}

function framesOf(instance: Dataset, summary: SeriesSummary): readonly Frame[] {
  const uid = text(instance, TAG.SopInstanceUid);
  return Array.from({ length: frameCount(instance) }, (_, index) => ({
    instance,
    ref: { study: summary.study, series: summary.uid, instance: uid, frame: index + 1 },
  }));
}

/** Slices open in the middle of the body; a film of one instance opens at its beginning. */
function startIndex(frames: number, instances: number): number {
  return instances === 1 ? 0 : Math.floor((frames - 1) / 2);
}
