/** Adds, changes and removes sites while the hub runs. Every act writes its row of the audit in the same write (R32). */
import { SessionHubError } from '../../sdk/protocol/errors.js'
import { ofCall } from '../../sdk/settings/call-options.js'
import { refuseUnknown } from '../../sdk/settings/refuse-unknown.js'
import { generateSite, type SigningKey, type SymmetricKey } from '../keys/generate.js'
import type { Ownership, OwnershipProof } from '../ownership/ownership.js'
import type { SiteRecord } from '../sites/sealing.js'
import { readSite, type SiteRegistration } from '../sites/site.js'
import type { StoredSites } from '../sites/stored-sites.js'
import { isWildcard, refusePublicSuffix } from '../sites/wildcard.js'
import type { AuditAct, AuditRow } from '../stores/store.js'
import { type Actor, allowed, rowBy } from './administer.js'
import type { HubContext } from './context.js'
import { mayChangeSites } from './permissions.js'

export interface SiteAdministration {
  readonly hub: HubContext
  readonly stored: StoredSites
  /** Whether the configuration lists the site, which then has to be changed there. */
  readonly isListed: (origin: string) => boolean
  readonly ownership: Ownership
}

/** `off`: the site is turned off. `pending`: nobody has proved yet that the domain is theirs. The hub serves neither. */
export type SiteState = 'on' | 'off' | 'pending'

type Terms = Omit<SiteRegistration, 'origin' | 'signingKeys' | 'ticketKeys' | 'enabled'>

/** A site in the store, without its keys. */
export interface RegisteredSite {
  readonly origin: string
  readonly state: SiteState
  /** The rest of its registration. */
  readonly terms: Terms
  /** The names of its keys. */
  readonly signingKids: readonly string[]
  readonly ticketKids: readonly string[]
  /** How its owner can prove that the domain is theirs, while the site is `pending`. */
  readonly proof?: OwnershipProof
}

/** New keys for a site: `signing` and `ticket` replace those that it has, and its `session` key stays. */
export interface RotatedKeys {
  readonly signing: SigningKey
  readonly ticket: readonly SymmetricKey[]
}

/** @throws SessionHubError `permission_denied`, `unavailable` */
export async function listStoredSites(at: SiteAdministration, by: Actor): Promise<readonly RegisteredSite[]> {
  if (!mayChangeSites(by)) throw new SessionHubError('permission_denied', DENIED)
  return (await at.stored.all()).map(({ record }) => viewOf(at, record))
}

/**
 * @param isPending whether the site's owner first has to prove that the domain is theirs
 * @throws SessionHubError `request_invalid`, `permission_denied`, `unavailable`
 */
export async function addStoredSite(
  at: SiteAdministration,
  by: Actor,
  registration: SiteRegistration,
  isPending: boolean,
): Promise<RegisteredSite> {
  const { origin } = registration
  await checked(registration)
  if (at.isListed(origin)) throw refused(`"${origin}" is in the hub’s configuration already`)
  return edit(at, by, 'site-add', origin, (before) => {
    if (before) throw refused(`"${origin}" is registered already`)
    return { registration, isPending }
  })
}

/** @param changes the members to set; `undefined` removes a member. @throws as `addStoredSite` */
export function changeStoredSite(
  at: SiteAdministration,
  by: Actor,
  origin: string,
  changes: { readonly [Name in keyof Terms]?: Terms[Name] | undefined },
): Promise<RegisteredSite> {
  ofCall(() => {
    refuseUnknown('sites.change', changes, TERMS)
  })
  return edit(at, by, 'site-change', origin, async (before) => {
    const record = there(before, origin)
    const all = Object.entries({ ...record.registration, ...changes })
    const registration = Object.fromEntries(all.filter(([, value]) => value !== undefined))
    await checked(registration as unknown as SiteRegistration)
    return { ...record, registration: registration as unknown as SiteRegistration }
  })
}

/** Turns a site on, or off everywhere within a second. @throws as `addStoredSite` */
export const turnStoredSite = (
  at: SiteAdministration,
  by: Actor,
  origin: string,
  isOn: boolean,
): Promise<RegisteredSite> =>
  edit(at, by, isOn ? 'site-enable' : 'site-disable', origin, (before) => {
    const { registration, isPending } = there(before, origin)
    return { registration: { ...registration, enabled: isOn }, isPending }
  })

/** Removes a site and its keys, everywhere within a second. @throws as `addStoredSite` */
export async function removeStoredSite(at: SiteAdministration, by: Actor, origin: string): Promise<void> {
  await allowedFor(at, by, 'site-remove', origin)
  await put(at, by, 'site-remove', origin, (before) => {
    there(before, origin)
    return undefined
  })
}

/**
 * Checks whether the owner has published the proof where only the owner can, and if so turns the site on.
 *
 * @throws SessionHubError `proof_missing`, which names the places that were checked; and as `addStoredSite`
 */
export async function proveStoredSite(
  at: SiteAdministration,
  by: Actor,
  origin: string,
): Promise<RegisteredSite> {
  await allowedFor(at, by, 'site-prove', origin)
  const found = there((await at.stored.read(origin)).record, origin)
  if (!found.isPending) return viewOf(at, found)
  const { token } = at.ownership.proofOf(found.registration)
  try {
    await at.ownership.check(found.registration)
  } catch (thrown) {
    await refuse(at, by, 'site-prove', origin)
    throw thrown
  }
  return edit(at, by, 'site-prove', origin, (before) => {
    const record = there(before, origin)
    // The proof was for these keys: a registration that was written in between needs a new proof.
    if (at.ownership.proofOf(record.registration).token !== token)
      throw refused(`"${origin}" has changed meanwhile; try again`)
    return { ...record, isPending: false }
  })
}

/** `begin` gives new keys. `finish` forgets the old ones. `cancel` forgets the new ones, in case they were lost on their way to the site. */
export type RotationStep = 'begin' | 'finish' | 'cancel'

/**
 * After the first step the hub knows both sets of keys, and goes on sealing with the old one. The second step follows when every process of the site
 * has the new keys.
 *
 * @returns the new keys, for `begin`
 * @throws as `addStoredSite`
 */
export async function rotateStoredKeys(
  at: SiteAdministration,
  by: Actor,
  origin: string,
  step: RotationStep,
): Promise<RotatedKeys | undefined> {
  const { keys, registration: fresh } = await generateSite(origin)
  const isBegin = step === 'begin'
  let ticket: readonly SymmetricKey[] = []
  const edited = async (one: string) => {
    await edit(at, by, 'site-rotate-keys', one, (before) => {
      const record = there(before, one)
      const { signingKeys, ticketKeys } = record.registration
      const isUnderWay = signingKeys.length > 1 || ticketKeys.length > 1
      if (isBegin === isUnderWay) throw refused(isBegin ? ONE_STEP : NO_STEP)
      if (isBegin) ticket = [...(ticketKeys as SymmetricKey[]), keys.ticket]
      const left = step === 'finish' ? [-1] : [0, 1]
      const next = isBegin
        ? { signingKeys: [...signingKeys, ...fresh.signingKeys], ticketKeys: [...ticketKeys, keys.ticket] }
        : { signingKeys: signingKeys.slice(...left), ticketKeys: ticketKeys.slice(...left) }
      return { ...record, registration: { ...record.registration, ...next } }
    })
  }
  await allowedFor(at, by, 'site-rotate-keys', origin)
  for (const one of await sharingKeys(at, origin)) await edited(one)
  return isBegin ? { signing: keys.signing, ticket } : undefined
}

const ONE_STEP =
  'The keys are being changed already: finish that first, when every process of the site has the new ones; or cancel it, if the new ones are lost'
const NO_STEP = 'No keys are being changed: there is nothing to finish or to cancel'

/** Sites of an app that share their keys change them together. */
async function sharingKeys(at: SiteAdministration, origin: string): Promise<readonly string[]> {
  const all = (await at.stored.all()).map(({ record }) => record.registration)
  const mine = all.find((one) => one.origin === origin)
  if (mine?.app === undefined) return [origin]
  const keysOf = ({ signingKeys, ticketKeys }: SiteRegistration) => JSON.stringify([signingKeys, ticketKeys])
  return all.filter((one) => one.app === mine.app && keysOf(one) === keysOf(mine)).map((one) => one.origin)
}

type Decide = (before: SiteRecord | undefined) => SiteRecord | undefined | Promise<SiteRecord | undefined>

async function edit(
  at: SiteAdministration,
  by: Actor,
  act: AuditAct,
  origin: string,
  decide: Decide,
): Promise<RegisteredSite> {
  await allowedFor(at, by, act, origin)
  const record = await put(at, by, act, origin, decide)
  return viewOf(at, there(record, origin))
}

/** Somebody else may change the site at the same time. The change is then decided again, on top of what they have written. */
const TRIES = 10

async function put(
  at: SiteAdministration,
  by: Actor,
  act: AuditAct,
  origin: string,
  decide: Decide,
): Promise<SiteRecord | undefined> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const { seq, record } = await at.stored.read(origin)
    const next = await decide(record)
    if (await at.stored.put(origin, next, seq, [row(at, by, act, origin, 'done')])) return next
  }
  throw new SessionHubError('unavailable', 'Too many others are changing this site')
}

function there(record: SiteRecord | undefined, origin: string): SiteRecord {
  if (record) return record
  throw new SessionHubError('site_unknown', `No site "${origin}" is in the store`)
}

const row = (
  at: SiteAdministration,
  by: Actor,
  act: AuditAct,
  site: string,
  outcome: AuditRow['outcome'],
): AuditRow => rowBy(at, by, { act, subject: null, site, sessions: 0, outcome })

const allowedFor = (at: SiteAdministration, by: Actor, act: AuditAct, origin: string): Promise<void> =>
  allowed(at, mayChangeSites(by), row(at, by, act, origin, 'refused'))

const refuse = (at: SiteAdministration, by: Actor, act: AuditAct, origin: string): Promise<void> =>
  at.hub.store.transact({ handles: [] }, () => ({
    changes: { audit: [row(at, by, act, origin, 'refused')] },
    result: undefined,
  }))

/** @throws SessionHubError `request_invalid` */
async function checked(registration: SiteRegistration): Promise<void> {
  ofCall(() => readSite(registration, 'The site'))
  if (!isWildcard(registration.origin)) return
  await refusePublicSuffix(registration.origin, 'The site').catch((thrown: unknown) => {
    ofCall(() => {
      throw thrown
    })
  })
}

function viewOf(at: SiteAdministration, { registration, isPending }: SiteRecord): RegisteredSite {
  const { origin, signingKeys, ticketKeys, enabled = true, ...terms } = registration
  return {
    origin,
    state: isPending ? 'pending' : enabled ? 'on' : 'off',
    terms,
    signingKids: signingKeys.map(kidOf),
    ticketKids: ticketKeys.map(kidOf),
    ...(isPending && { proof: at.ownership.proofOf(registration) }),
  }
}

const kidOf = (jwk: object): string => ('kid' in jwk ? String(jwk.kid) : '')

/** Every member that may change, by name. The compiler checks the list against the registration. */
const KNOWN: Record<keyof Terms, true> = {
  app: true,
  mayOffer: true,
  endpoint: true,
  sisters: true,
  group: true,
  share: true,
  pairwise: true,
  mayImpersonate: true,
}
const TERMS = Object.keys(KNOWN)

const refused = (message: string) => new SessionHubError('request_invalid', message)

const DENIED = 'This administrator may not do that'
