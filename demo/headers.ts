/** The headers of the demo's pages. */
import type { RequestHandler } from 'express'
import helmet from 'helmet'

import type { Addresses } from './sites.js'

/**
 * A strict policy, with what the SDK needs: its frame comes from the hub, and it turns a link to a sister site into a form.
 *
 * @param addresses the addresses of all sites; absent for pages without the SDK
 */
export function pageHeaders(addresses?: Addresses): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      // helmet's defaults would turn HTTP into HTTPS, which the demo does not use.
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
    // Some browsers give the hub its cookie after a click in a window of the hub's own, which then tells this page.
    crossOriginOpenerPolicy: { policy: 'same-origin-allow-popups' },
    // The referrer tells the SDK that a visitor comes from another site, for whom it syncs at once.
    referrerPolicy: { policy: 'strict-origin-when-cross-origin' },
  })
}
