/** `hub.sessions`: what the hub's own application may see and do. */
import { SessionHubError } from '../sdk/protocol/errors.js'
import type { HubContext } from './flows/context.js'
import { endAllOf, endOne } from './flows/listed.js'

/** A session as the hub's application sees it. */
export interface SessionSummary {
  /** For `end` and `except`. Keep it on the hub. */
  readonly id: string
  readonly subject: string | null
  /** The origin of the site where it began. */
  readonly site: string
  /** The browser's own description of itself at sign-in. Anybody can write anything there: escape it. */
  readonly agent: string | null
  readonly createdAt: Date
  readonly seenAt: Date
  readonly expiresAt: Date
}

export interface HubSessions {
  /**
   * A user's live sessions, the newest first.
   *
   * @param options.limit 1 to 1000 @default 100
   * @throws SessionHubError `unavailable`
   */
  list(subject: string, options?: { readonly limit?: number }): Promise<readonly SessionSummary[]>
  /** Ends one session, wherever it is in use. @returns whether it was live @throws SessionHubError `unavailable` */
  end(id: string): Promise<boolean>
  /**
   * Ends all of a user's sessions, in one write.
   *
   * @param options.except the id of one that stays
   * @returns how many were live, counted up to 1000
   * @throws SessionHubError `unavailable`
   */
  endAll(subject: string, options?: { readonly except?: string }): Promise<number>
}

export const createSessions = (hub: HubContext): HubSessions => ({
  async list(subject, { limit = 100 } = {}) {
    if (!Number.isInteger(limit) || limit < 1 || limit > 1000)
      throw new SessionHubError('request_invalid', '"limit" is a whole number from 1 to 1000')
    const sessions = await hub.store.list(subject, hub.now(), limit)
    return sessions.map(({ id, site, agent, createdAtMs, seenAtMs, expiresAtMs, subject: user }) => ({
      id,
      subject: user,
      site,
      agent,
      createdAt: new Date(createdAtMs),
      seenAt: new Date(seenAtMs),
      expiresAt: new Date(expiresAtMs),
    }))
  },
  end: (id) => endOne(hub, id, 'revoked'),
  endAll: (subject, { except } = {}) => endAllOf(hub, subject, 'revoked', { except }),
})
