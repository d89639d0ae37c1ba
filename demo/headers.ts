/** The headers of the demo's pages. */
import type { RequestHandler } from 'express'
import helmet from 'helmet'

import type { Addresses } from './sites.js'

/**
 * A strict policy, and what the SDK needs: its frame comes from the hub, and a link to a sister site is a form of the SDK's.
 *
 * @param addresses everybody's; absent for pages without the SDK
 */
export function pageHeaders(addresses?: Addresses): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      // helmet's defaults would turn http into https, and there is none here.
      useDefaults: false,
      directives: {
        'default-src': ["'self'"],
        'frame-src': [addresses?.hub ?? "'none'"],
        'object-src': ["'none'"],
        'base-uri': ["'none'"],
        'form-action': ["'self'", ...Object.values(addresses ?? {})],
        'frame-ancestors': ["'none'"],
      },
    },
    strictTransportSecurity: false,
    // Some browsers let the hub have its cookie after a click in a window of the hub's own; it tells this page so.
    crossOriginOpenerPolicy: { policy: 'same-origin-allow-popups' },
    // The SDK syncs at once for a visitor who comes from another site, and the referrer tells it so.
    referrerPolicy: { policy: 'strict-origin-when-cross-origin' },
  })
}
