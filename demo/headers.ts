/** The headers of the demo's pages. */
import type { RequestHandler } from 'express'
import helmet from 'helmet'

/**
 * A strict policy, and the one thing that the SDK needs: its frame comes from the hub.
 *
 * @param hub the hub's origin; absent for pages without the SDK
 */
export function pageHeaders(hub?: string): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      // helmet's defaults would turn http into https, and there is none here.
      useDefaults: false,
      directives: {
        'default-src': ["'self'"],
        'frame-src': [hub ?? "'none'"],
        'object-src': ["'none'"],
        'base-uri': ["'none'"],
        'form-action': ["'self'"],
        'frame-ancestors': ["'none'"],
      },
    },
    strictTransportSecurity: false,
    // The SDK syncs at once for a visitor who comes from another site, and the referrer tells it so.
    referrerPolicy: { policy: 'strict-origin-when-cross-origin' },
  })
}
