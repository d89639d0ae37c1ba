/** `hub.sessions`: what the application that runs the hub may see and do. */
import { SessionHubError } from '../sdk/protocol/errors.js'
import { requireSubject } from '../sdk/protocol/fields.js'
import { is128Bits } from '../sdk/protocol/formats.js'
import { ofCall } from '../sdk/settings/call-options.js'
import { oneOf, whole } from '../sdk/settings/checks.js'
import { refuseUnknown } from '../sdk/settings/refuse-unknown.js'
import type { HubContext } from './flows/context.js'
import { eraseSubject } from './flows/erase.js'
import { endAllOf, endOne } from './flows/listed.js'
import { findPlaces } from './flows/places.js'

/** A session as the application that runs the hub sees it. */
export interface SessionSummary {
  /** The session's id, for `end` and `except`. Keep it on the hub. */
  readonly id: string
  readonly subject: string | null
  /** The origin of the site where the session began. */
  readonly site: string
  /** The origins of the sites where the session is in use, in alphabetical order. */
  readonly sites: readonly string[]
  /** The browser's own description of itself at sign-in. A client can write anything there: escape it. */
  readonly agent: string | null
  readonly createdAt: Date
  readonly seenAt: Date
  readonly expiresAt: Date
}

export interface HubSessions {
  /**
   * Lists a user's live sessions, the newest first.
   *
   * @param options.limit 1 to 1000 @default 100
   * @throws SessionHubError `request_invalid` for an invalid subject, id or option; `unavailable`
   */
  list(subject: string, options?: { readonly limit?: number }): Promise<readonly SessionSummary[]>
  /** Ends one session on every site where it is in use. @returns whether it was live @throws SessionHubError as `list` */
  end(id: string): Promise<boolean>
  /**
   * Ends all of a user's sessions in one write.
   *
   * @param options.except the id of a session that stays
   * @returns how many were live, counted up to 1000
   * @throws SessionHubError as `list`; nothing has ended then
   */
  endAll(subject: string, options?: { readonly except?: string }): Promise<number>
  /**
   * Erases a user: ends all sessions and removes them with their data, their claims and the descriptions of browsers, in one write. For an hour the
   * store keeps the user's name in the record that tells the sites of the end. You have to remove what your sites keep.
   *
   * @param options.audit `rename`: from now on the audit calls the user `erased:` and a tag, the same in every row; `keep`: the audit goes on naming
   * the user, where a law requires that @default 'rename'
   * @returns how many were live, counted up to 1000
   * @throws SessionHubError as `list`; nothing has changed then
   */
  erase(subject: string, options?: { readonly audit?: 'rename' | 'keep' }): Promise<number>
}

export const createSessions = (hub: HubContext): HubSessions => ({
  async list(subject, options = {}) {
    requireSubject(subject)
    const limit = ofCall(() => {
      refuseUnknown('sessions.list', options, ['limit'])
      const { limit: most = 100 } = options
      return whole('sessions.list', 'limit', most, { min: 1, max: 1000 })
    })
    const sessions = await hub.store.list(subject, hub.now(), limit)
    const placesOf = await findPlaces(hub, sessions)
    return sessions.map(({ id, site, agent, createdAtMs, seenAtMs, expiresAtMs, subject: user }) => ({
      id,
      subject: user,
      site,
      sites: placesOf({ id }),
      agent,
      createdAt: new Date(createdAtMs),
      seenAt: new Date(seenAtMs),
      expiresAt: new Date(expiresAtMs),
    }))
  },
  async end(id) {
    requireId('id', id)
    return endOne(hub, id, 'revoked')
  },
  async endAll(subject, options = {}) {
    requireSubject(subject)
    // This is checked before anything ends: a misspelt or empty "except" would spare no session.
    ofCall(() => {
      refuseUnknown('sessions.endAll', options, ['except'])
    })
    const { except } = options
    if (except !== undefined) requireId('except', except)
    return endAllOf(hub, subject, 'revoked', { except })
  },
  async erase(subject, options = {}) {
    requireSubject(subject)
    const audit = ofCall(() => {
      refuseUnknown('sessions.erase', options, ['audit'])
      return oneOf('sessions.erase', 'audit', options.audit ?? 'rename', ['rename', 'keep'])
    })
    return eraseSubject(hub, subject, { keepsAudit: audit === 'keep' })
  },
})

function requireId(name: string, id: unknown): void {
  if (!is128Bits(id))
    throw new SessionHubError('request_invalid', `"${name}" has to be the "id" of a listed session`)
}
