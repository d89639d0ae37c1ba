/** Where a ticket could be left behind: in addresses, in referrers, in the page. */
import { expect } from 'chai'

import type { DrivenPage } from './driven-page.js'
import type { World } from './world.js'

/** Any token: the first characters of a JOSE header, and at least one part after it. */
const TOKEN = /ey[\w-]{10,}\.[\w-]*\.[\w-]+/

/** R24: in the redirect's own two steps an address carries a token, to the one who shall read it. Nowhere else. */
const mayCarry = (world: World, origin: string, url: string): boolean =>
  url.startsWith(origin === world.hub.origin ? '/redirect?' : '/session-hub/callback?')

/** Looks at each request that anybody has got, and at the page with its address and referrer. */
export async function expectNoTicketLeft(world: World, page: DrivenPage): Promise<void> {
  for (const { origin, listener } of [world.hub, ...Object.values(world.sites)]) {
    for (const { url, headers } of listener.seen) {
      expect(headers.referer ?? '', `the Referer of ${origin}${url.slice(0, 30)}`).not.to.match(TOKEN)
      if (!mayCarry(world, origin, url)) expect(url, `an address at ${origin}`).not.to.match(TOKEN)
    }
  }
  const shown = await page.run(() => [location.href, document.referrer, document.documentElement.outerHTML])
  for (const text of shown) expect(text).not.to.match(TOKEN)
}
