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

/** @param site its origin */
export async function askFrame(load: Load, hub: string, site: string, hubCookie: string): Promise<Ticket> {
  const { verifier, nonce } = binding()
  const html = await load.ask(`${hub}/frame?${new URLSearchParams({ site, nonce })}`, {
    headers: {
      cookie: hubCookie,
      referer: `${site}/`,
      'sec-fetch-dest': 'iframe',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-site': 'cross-site',
      'sec-fetch-storage-access': 'active',
    },
  })
  const ticket = /"ticket":"([^"]+)"/.exec(html)?.[1]
  if (ticket === undefined) throw new Error('The frame carries no ticket')
  return { ticket, verifier }
}

/** @param site its origin */
export const redeemAt = (load: Load, site: string, { ticket, verifier }: Ticket): Promise<string> =>
  load.ask(`${site}/session-hub/redeem`, {
    method: 'POST',
    body: { ticket, verifier },
    headers: { origin: site, 'sec-fetch-site': 'same-origin' },
  })

export const handoverOf = (load: Load, { hub, site, hubCookie }: Company): Handover => ({
  frame: () => askFrame(load, hub.origin, site.origin, hubCookie),
  redeem: (ticket) => redeemAt(load, site.origin, ticket),
})
