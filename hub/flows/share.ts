/** What a site sees and may change in a session: the owner's policy for it, applied in one place (R33). */
import type { KeyObject } from 'node:crypto'

import { SessionHubError } from '../../sdk/protocol/errors.js'
import { isSubject } from '../../sdk/protocol/fields.js'
import type { JsonObject } from '../../sdk/protocol/json.js'
import { originFault } from '../../sdk/protocol/origins.js'
import { pairwisePrefix } from '../../sdk/protocol/wire.js'
import type { Site } from '../sites/site.js'
import type { Session } from '../stores/store.js'
import { pairwiseTag } from './tags.js'

/** The name by which a site knows a subject. All sites of an app use the same one. */
export function subjectFor(secret: KeyObject, subject: string, { party, pairwise }: Site): string {
  if (!pairwise) return subject
  const own = ownSuffix(party)
  return subject.endsWith(own)
    ? subject.slice(0, -own.length)
    : pairwisePrefix + pairwiseTag(secret, subject, party)
}

/**
 * The subject behind the name that a site gives a user whom it signs in. For a pairwise site it is a subject of that site alone, or of its app.
 *
 * @throws SessionHubError `request_invalid` for a name that belongs to another site, or that gets too long
 */
export function subjectFrom({ party, pairwise }: Site, name: string): string {
  // Someone who may choose a name there could otherwise take the name of another site's user.
  if (name.startsWith(pairwisePrefix))
    throw new SessionHubError(
      'request_invalid',
      'The prefix "pairwise:" is reserved for subjects that the hub creates',
    )
  if (!pairwise) {
    // Only a pairwise site itself creates its own users.
    const [, owner] = /@(app:[a-z0-9-]{1,32}|https?:\/\/[^@]+)$/.exec(name) ?? []
    const isParty = owner !== undefined && (owner.startsWith('app:') || originFault(owner) === undefined)
    if (isParty && owner !== party)
      throw new SessionHubError('request_invalid', 'A subject with this ending belongs to another site')
    return name
  }
  const subject = name + ownSuffix(party)
  if (!isSubject(subject))
    throw new SessionHubError('request_invalid', 'The subject is too long for a pairwise site')
  return subject
}

const ownSuffix = (party: string) => `@${party}`

export const claimsFor = (claims: JsonObject, { share }: Site): JsonObject => only(claims, share.claims)
export const dataFor = (data: JsonObject, { share }: Site): JsonObject => only(data, share.read)

function only(members: JsonObject, allowed: ReadonlySet<string> | undefined): JsonObject {
  return allowed ? filtered(members, (name) => allowed.has(name)) : members
}

const filtered = (members: JsonObject, isKept: (name: string) => boolean): JsonObject =>
  Object.fromEntries(Object.entries(members).filter(([name]) => isKept(name)))

/**
 * R37: the keys of this session that an act of this site may carry into another session; `undefined`: all. A user's data goes undivided with its
 * user, and to nobody else.
 */
export const carriedBy = ({ share }: Site, { subject }: Session): ReadonlySet<string> | undefined =>
  subject === null ? share.write : undefined

/** Whether this site may bring the whole session to the hub or to a sister. */
export const mayBring = (site: Site, session: Session): boolean =>
  Object.keys(session.data).every((name) => carriedBy(site, session)?.has(name) ?? true)

/** Divides the members into those with these names and the others. */
export const divided = (
  members: JsonObject,
  names: ReadonlySet<string> | undefined,
): { ours: JsonObject; rest: JsonObject } =>
  names
    ? { ours: only(members, names), rest: filtered(members, (name) => !names.has(name)) }
    : { ours: members, rest: {} }

/** @throws SessionHubError `data_denied` for a claim that this site may not set */
export const requireOwnClaims = (claims: JsonObject, { share }: Site): void => {
  requireAll(claims, share.claims, 'claim')
}

/** @throws SessionHubError `data_denied` for a key that this site may not change */
export const requireOwnKeys = (patch: JsonObject, { share }: Site): void => {
  requireAll(patch, share.write, 'key')
}

function requireAll(members: JsonObject, allowed: ReadonlySet<string> | undefined, what: string): void {
  if (!allowed || Object.keys(members).every((name) => allowed.has(name))) return
  throw new SessionHubError(
    'data_denied',
    `The registration of this site does not let it write one of these ${what}s`,
  )
}
