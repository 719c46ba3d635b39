/** The portal refused a token: consent withdrawn, grant over, or a code of its own. */
export class ConsentEnded extends Error {
  constructor(
    readonly code: string,
    readonly reason: string,
  ) {
    super(`token refused: ${code}`);
  }
}

/** The physician's session at the portal is over (401). */
export class SessionEnded extends Error {
  constructor() {
    super('portal session ended');
  }
}

/** No usable answer from the portal: network, 5xx, or a malformed body. */
export class PortalUnreachable extends Error {
  constructor() {
    super('portal unreachable');
  }
}
