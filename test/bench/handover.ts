/** The two requests by which a session comes to a site: the frame with its ticket, and the redeeming. */
import { binding } from '../support/visitor.js'
import type { Company } from './company.js'
import type { Load } from './load.js'

export interface Handover {
  /** A ticket, with what redeems it. */
  readonly frame: () => Promise<Ticket>
  readonly redeem: (ticket: Ticket) => Promise<string>
}

export interface Ticket {
  readonly ticket: string
  readonly verifier: string
}

export const handoverOf = (load: Load, { hub, site, hubCookie }: Company): Handover => ({
  async frame() {
    const { verifier, nonce } = binding()
    const html = await load.ask(`${hub.origin}/frame?${new URLSearchParams({ site: site.origin, nonce })}`, {
      headers: {
        cookie: hubCookie,
        referer: `${site.origin}/`,
        'sec-fetch-dest': 'iframe',
        'sec-fetch-mode': 'navigate',
        'sec-fetch-site': 'cross-site',
        'sec-fetch-storage-access': 'active',
      },
    })
    const ticket = /"ticket":"([^"]+)"/.exec(html)?.[1]
    if (ticket === undefined) throw new Error('The frame carries no ticket')
    return { ticket, verifier }
  },
  redeem(ticket) {
    const headers = { origin: site.origin, 'sec-fetch-site': 'same-origin' }
    return load.ask(`${site.origin}/session-hub/redeem`, { method: 'POST', body: ticket, headers })
  },
})
