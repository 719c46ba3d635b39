import { ConsentEnded, PortalUnreachable, SessionEnded } from '../auth/errors';
import { GatewayError } from '../dicomweb/errors';
import { Undecodable } from '../rendering/frameLoader';

const TOLD = [GatewayError, Undecodable, ConsentEnded, SessionEnded, PortalUnreachable] as const;

/**
 * The image cache leaves a rejected promise behind for every failed load, though the failure was
 * announced as an event and told on the pane. Those, and only those, are not unhandled.
 */
export function listenToToldErrors(): void {
  window.addEventListener('unhandledrejection', (event) => {
    if (TOLD.some((kind) => event.reason instanceof kind)) event.preventDefault();
  });
}
