/** `hub.sessions`: what the hub's own application may see and do. */
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

/** A session as the hub's application sees it. */
export interface SessionSummary {
  /** For `end` and `except`. Keep it on the hub. */
  readonly id: string
  readonly subject: string | null
  /** The origin of the site where it began. */
  readonly site: string
  /** The origins of the sites where it is in use, in the order of the alphabet. */
  readonly sites: readonly string[]
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
   * @throws SessionHubError `request_invalid` for a subject, id or option that is none; `unavailable`
   */
  list(subject: string, options?: { readonly limit?: number }): Promise<readonly SessionSummary[]>
  /** Ends one session, wherever it is in use. @returns whether it was live @throws SessionHubError as `list` */
  end(id: string): Promise<boolean>
  /**
   * Ends all of a user's sessions, in one write.
   *
   * @param options.except the id of one that stays
   * @returns how many were live, counted up to 1000
   * @throws SessionHubError as `list`; then nothing has ended
   */
  endAll(subject: string, options?: { readonly except?: string }): Promise<number>
  /**
   * Erases a user: ends all sessions, and removes them with their data, their claims and the descriptions of browsers, in one write. Of the
   * user's name the store keeps for an hour what tells the sites of the end. What your sites keep is theirs to remove.
   *
   * @param options.audit `rename`: the audit calls the user `erased:` and a tag from now on, the same in every row; `keep`: it goes on naming
   * the user, where a law asks for that @default 'rename'
   * @returns how many were live, counted up to 1000
   * @throws SessionHubError as `list`; then nothing has changed
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
    // Checked before anything ends: of a misspelt or empty "except" nothing would be spared.
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
