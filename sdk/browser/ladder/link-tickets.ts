/** Tickets for links that the visitor is about to follow. */
import type { LinkReply } from '../../protocol/bodies.js'
import type { LadderKit } from './kit.js'

/** The hub's tickets live some seconds longer. */
const KEPT_MS = 20_000

const NOTHING: LinkReply = { ticket: null }

interface LinkTicket {
  /** `undefined` until it has arrived. */
  reply: LinkReply | undefined
  /** Resolves when the reply has arrived or failed. */
  readonly arrival: Promise<unknown>
  /** The session that the ticket is for. */
  readonly state: string
  readonly atMs: number
}

export interface LinkTickets {
  /** One at a time for each sister. */
  prepare(to: string): LinkTicket
  /** Forgets a ticket that has been used: it works once. */
  drop(to: string): void
}

export function createLinkTickets(kit: LadderKit): LinkTickets {
  const tickets = new Map<string, LinkTicket>()
  return {
    prepare(to) {
      const state = kit.readState()
      const kept = tickets.get(to)
      if (kept?.state === state && Math.abs(Date.now() - kept.atMs) < KEPT_MS) return kept
      const asked = state && kit.post<LinkReply>(`${kit.endpoint}/link`, { to }).catch(() => NOTHING)
      const made: LinkTicket = {
        reply: asked ? undefined : NOTHING,
        arrival: Promise.resolve(asked || NOTHING).then((reply) => (made.reply = reply)),
        state,
        atMs: Date.now(),
      }
      tickets.set(to, made)
      return made
    },
    drop(to) {
      tickets.delete(to)
    },
  }
}
