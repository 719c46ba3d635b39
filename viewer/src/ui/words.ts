import { ConsentEnded, PortalUnreachable, SessionEnded } from '../auth/errors';
import { AccessRefused, GatewayFault, GatewayUnreachable, MalformedAnswer, NotFound, StudyOnItsWay } from '../dicomweb/errors';
import { Undecodable } from '../rendering/frameLoader';
import type { Say } from '../strings';

/** An error as people read it. */
export interface Words {
  readonly title: string;
  readonly body: string;
  readonly canRetry: boolean;
}

/** Put an error into words: what happened, that nothing is lost, what to do. `index` counts from 0. */
export function wordsFor(error: unknown, say: Say, index = 0): Words {
  if (error instanceof Undecodable || error instanceof MalformedAnswer) {
    const body = say('error.image.body', { index: index + 1 });
    return { title: say('error.image.title'), body, canRetry: false };
  }
  if (error instanceof StudyOnItsWay) return onItsWay(error, say);
  if (error instanceof GatewayUnreachable) return hospital('unreachable', error.gatewayName, say);
  if (error instanceof AccessRefused) return hospital('refused', error.gatewayName, say);
  if (error instanceof NotFound) return hospital('missing', error.gatewayName, say);
  if (error instanceof GatewayFault) {
    return hospital('fault', error.gatewayName, say, String(error.status));
  }
  if (error instanceof PortalUnreachable) return portal(say);
  return { title: say('error.unknown.title'), body: say('error.unknown.body'), canRetry: true };
}

/** The portal cannot be asked whether viewing may go on. */
export function portal(say: Say): Words {
  return { title: say('error.portal.title'), body: say('error.portal.body'), canRetry: true };
}

/** Why viewing ended; the portal's own message wins, it knows the reason best. */
export function endedWords(error: ConsentEnded | SessionEnded, say: Say): string {
  if (error instanceof SessionEnded) return say('ended.session');
  return error.reason || say('ended.consent');
}

/** Nothing to do but wait: the viewer looks again by itself. */
function onItsWay(error: StudyOnItsWay, say: Say): Words {
  const { gatewayName, arrived, expected } = error;
  const values = { hospital: gatewayName, arrived, expected };
  const body = say(expected ? 'error.onItsWay.counted' : 'error.onItsWay.body', values);
  return { title: say('error.onItsWay.title', values), body, canRetry: false };
}

function hospital(
  kind: 'unreachable' | 'refused' | 'missing' | 'fault',
  name: string,
  say: Say,
  status = '',
): Words {
  const values = { hospital: name, status };
  return {
    title: say(`error.${kind}.title`, values),
    body: say(`error.${kind}.body`, values),
    canRetry: true,
  };
}
