import type { Source } from '../config';
import type { TokenSource } from '../auth/tokenSource';
import {
  AccessRefused,
  GatewayFault,
  GatewayUnreachable,
  MalformedAnswer,
  NotFound,
  StudyOnItsWay,
} from './errors';
import type { Dataset } from './json';
import { firstPart, MultipartError, type Part } from './multipart';

const DICOM_JSON = 'application/dicom+json';
/**
 * The lossless HTJ2K copy where the gateway has made one, otherwise the frame as stored. Below 128
 * characters and without quotes, or Accept would be a header CORS has to allow.
 */
export const ANY_FRAME =
  'multipart/related; type=image/jphc, multipart/related; type=application/octet-stream; transfer-syntax=*';

const SHORTEST_PAUSE_SECONDS = 1;
const LONGEST_PAUSE_SECONDS = 30;

const PACKED = 'image/jphc';
/** The second kind keeps a frame without a copy from being an error; its bytes are not used. */
const PACKED_HEAD = `${PACKED}, application/octet-stream; transfer-syntax=*`;

type Fields = Readonly<Record<string, string>>;

/** One frame of one instance; frames count from 1 (PS3.18 10.4.1.1.3). */
export interface FrameRef {
  readonly study: string;
  readonly series: string;
  readonly instance: string;
  readonly frame: number;
}

/** All talk with one hospital's gateway: URLs, the bearer token, retries, multipart, errors. */
export class DicomWebClient {
  constructor(
    readonly source: Source,
    private readonly tokens: TokenSource,
    private readonly fetchFn: typeof fetch,
  ) {}

  /** Study-level attributes of one study (QIDO-RS). */
  async searchStudy(study: string): Promise<Dataset | undefined> {
    const found = await this.#json(`/studies?StudyInstanceUID=${study}`);
    return found[0];
  }

  /** The study's series (QIDO-RS). */
  searchSeries(study: string): Promise<readonly Dataset[]> {
    return this.#json(`/studies/${study}/series`);
  }

  /** Every instance's attributes of one series (WADO-RS metadata). */
  retrieveSeriesMetadata(study: string, series: string): Promise<readonly Dataset[]> {
    return this.#json(`/studies/${study}/series/${series}/metadata`);
  }

  /** One frame, losslessly packed or as stored, with the part's media type. */
  async retrieveFrame(ref: FrameRef, signal?: AbortSignal): Promise<Part> {
    const response = await this.#get(this.framePath(ref), ANY_FRAME, signal);
    const body = await this.#body(response.arrayBuffer());
    try {
      return firstPart(body, response.headers.get('content-type') ?? '');
    } catch (error) {
      if (error instanceof MultipartError) throw new MalformedAnswer(this.source.gatewayName);
      throw error;
    }
  }

  /**
   * The first bytes of a frame's HTJ2K copy, from which it can be drawn coarsely; undefined where the
   * gateway has no copy.
   */
  async retrieveHead(ref: FrameRef, bytes: number, signal?: AbortSignal): Promise<Part | undefined> {
    const range = { Range: `bytes=0-${bytes - 1}` };
    const response = await this.#get(this.framePath(ref), PACKED_HEAD, signal, range);
    const body = await this.#body(response.arrayBuffer());
    const contentType = response.headers.get('content-type') ?? '';
    return contentType.startsWith(PACKED) ? { contentType, bytes: new Uint8Array(body) } : undefined;
  }

  framePath(ref: FrameRef): string {
    const { study, series, instance, frame } = ref;
    return `/studies/${study}/series/${series}/instances/${instance}/frames/${frame}`;
  }

  async #json(path: string): Promise<readonly Dataset[]> {
    const response = await this.#get(path, DICOM_JSON);
    if (response.status === 204) return [];
    const text = new TextDecoder().decode(await this.#body(response.arrayBuffer()));
    const value = parsed(text);
    if (!Array.isArray(value)) throw new MalformedAnswer(this.source.gatewayName);
    return value as readonly Dataset[];
  }

  async #get(path: string, accept: string, signal?: AbortSignal, more: Fields = {}): Promise<Response> {
    const gateway = this.source.gatewayId;
    const token = await this.tokens.tokenFor(gateway);
    const response = await this.#send(path, { Accept: accept, ...more }, token, signal);
    if (response.status !== 401) return this.#checked(response);
    const fresh = await this.tokens.replace(gateway, token);
    return this.#checked(await this.#send(path, { Accept: accept, ...more }, fresh, signal));
  }

  #send(path: string, headers: Fields, token: string, signal?: AbortSignal): Promise<Response> {
    const request: RequestInit = {
      credentials: 'omit',
      cache: 'no-store',
      referrerPolicy: 'no-referrer',
      redirect: 'error',
      headers: { ...headers, Authorization: `Bearer ${token}` },
      ...(signal ? { signal } : {}),
    };
    return this.#reached(this.fetchFn(this.source.baseUrl + path, request));
  }

  #body(body: Promise<ArrayBuffer>): Promise<ArrayBuffer> {
    return this.#reached(body);
  }

  async #reached<T>(step: Promise<T>): Promise<T> {
    try {
      return await step;
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') throw error;
      throw new GatewayUnreachable(this.source.gatewayName);
    }
  }

  async #checked(response: Response): Promise<Response> {
    const name = this.source.gatewayName;
    if (response.status === 503) throw (await onItsWay(response, name)) ?? new GatewayFault(name, 503);
    if (response.status === 401 || response.status === 403) throw new AccessRefused(name);
    if (response.status === 404 || response.status === 410) throw new NotFound(name);
    if (!response.ok) throw new GatewayFault(name, response.status);
    return response;
  }
}

/** What a 503 says when the study is being fetched (RFC 9457 body); undefined when it says else. */
async function onItsWay(response: Response, name: string): Promise<StudyOnItsWay | undefined> {
  const problem = parsed(await response.text().catch(() => ''));
  if (typeof problem !== 'object' || problem === null) return undefined;
  if (!('code' in problem) || problem.code !== 'study-on-its-way') return undefined;
  const arrived = 'arrived' in problem ? Number(problem.arrived) || 0 : 0;
  const expected = 'expected' in problem ? Number(problem.expected) || 0 : 0;
  const seconds = Number(response.headers.get('retry-after')) || SHORTEST_PAUSE_SECONDS;
  const pause = Math.min(Math.max(seconds, SHORTEST_PAUSE_SECONDS), LONGEST_PAUSE_SECONDS);
  return new StudyOnItsWay(name, arrived, expected, pause * 1000);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
