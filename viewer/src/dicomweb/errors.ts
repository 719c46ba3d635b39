/** A gateway could not give what was asked. `gatewayName` is the hospital as shown to people. */
export abstract class GatewayError extends Error {
  constructor(
    readonly gatewayName: string,
    message: string,
  ) {
    super(message);
  }
}

/** No HTTP answer: the gateway is down, the name does not resolve, or the browser blocked it. */
export class GatewayUnreachable extends GatewayError {
  constructor(gatewayName: string) {
    super(gatewayName, 'gateway unreachable');
  }
}

/** The gateway refused a fresh token. */
export class AccessRefused extends GatewayError {
  constructor(gatewayName: string) {
    super(gatewayName, 'gateway refused the token');
  }
}

/** The study, series or image is not (any longer) there for this grant. */
export class NotFound extends GatewayError {
  constructor(gatewayName: string) {
    super(gatewayName, 'not found at the gateway');
  }
}

/** The gateway answered with a status that helps nobody; `status` is HTTP's. */
export class GatewayFault extends GatewayError {
  constructor(
    gatewayName: string,
    readonly status: number,
  ) {
    super(gatewayName, `gateway answered ${status}`);
  }
}

/** The answer is not the multipart or JSON that DICOMweb promises. */
export class MalformedAnswer extends GatewayError {
  constructor(gatewayName: string) {
    super(gatewayName, 'malformed answer');
  }
}

/** The gateway fetches the study from the hospital's archive; `expected` is 0 while it is not known. */
export class StudyOnItsWay extends GatewayError {
  constructor(
    gatewayName: string,
    readonly arrived: number,
    readonly expected: number,
    readonly askAgainMs: number,
  ) {
    super(gatewayName, 'study on its way to the gateway');
  }
}
