/** A registered site, as configured and as the hub uses it. */
import { isJsonObject } from '../../sdk/protocol/json.js'
import { appIssuer, defaultEndpoint, limits } from '../../sdk/protocol/wire.js'
import { endpointPath, flag, name, origin } from '../../sdk/settings/checks.js'
import { refuseUnknown, wrong } from '../../sdk/settings/refuse-unknown.js'
import { isWildcard, wildcardFault } from './wildcard.js'
import { readSiteKeys, type SiteKeys } from './site-keys.js'

/** What the hub has to know of a site; `session-hub sites add` prints it. */
export interface SiteRegistration {
  /**
   * Such as `https://shop.example`, exactly as a browser spells it. `https://*.preview.example` stands for every host with exactly one label more,
   * each a site with these keys; it cannot stand for names that strangers can have (publicsuffix.org).
   */
  readonly origin: string
  /**
   * The application that serves this origin beside others, by a name of `a` to `z`, digits and `-`, at most 32 characters. Origins of one app may
   * share their keys; the app speaks to the hub for each of them, and hears on one event stream what ends on all of them. @default none: the site
   * stands by itself
   */
  readonly app?: string
  /** Public halves of the keys with which the site signs offers and speaks to the hub (JWK, ES256). */
  readonly signingKeys: readonly object[]
  /** The site's ticket keys (JWK, `oct`, 256 bits). The first one encrypts; put a new one first when the site knows it. */
  readonly ticketKeys: readonly object[]
  /** Whether sessions that began on this site may become the hub's. `false`: it only receives. @default true */
  readonly mayOffer?: boolean
  /** Where the site's endpoints are: its own `endpoint` option. A redirect comes back there and nowhere else. @default '/session-hub' */
  readonly endpoint?: string
  /**
   * The origins of the sites that this one may know of, and to which its links carry the session. Script in one of its pages could take
   * the session there too, so name those that need it. @default none
   */
  readonly sisters?: readonly string[]
  /**
   * Sites share the session with the sites of their own group only: `a` to `z`, digits and `-`, at most 32. @default one group of all that name
   * none
   */
  readonly group?: string
  /** What the site may see and change of a session. @default everything */
  readonly share?: SharePolicy
  /**
   * The site knows users by names of its own: it cannot compare them with another site's. Users whom it signs in itself are others than the
   * other sites' users of that name. @default false
   */
  readonly pairwise?: boolean
  /** Whether people who are signed in at the site may act there as one of its users (`site.actAs`). @default false */
  readonly mayImpersonate?: boolean
  /** `false` turns the site off without forgetting its keys. @default true */
  readonly enabled?: boolean
}

/** Each list names what is allowed; a list that is absent allows everything. */
export interface SharePolicy {
  /** Claims that it sees, and may set at sign-in. */
  readonly claims?: readonly string[]
  /** Top-level keys of the data that it sees. */
  readonly read?: readonly string[]
  /** Top-level keys of the data that it may change. @default as `read` */
  readonly write?: readonly string[]
}

/** A registration after its checks. */
export interface Site extends SiteKeys {
  readonly origin: string
  /** The origin as it is registered: of a wildcard's hosts, which anybody can make up, all are counted together (R31). */
  readonly registeredAs: string
  /** Empty: the site stands by itself. */
  readonly app: string
  /** Who hears of its sessions and users: `app:<name>`, or the origin. No origin is spelled like the first. */
  readonly party: string
  readonly mayOffer: boolean
  readonly endpoint: string
  readonly sisters: readonly string[]
  /** Empty: the group of all that name none. */
  readonly group: string
  readonly share: Share
  readonly pairwise: boolean
  readonly mayImpersonate: boolean
}

/** `undefined`: everything. */
interface Share {
  readonly claims: ReadonlySet<string> | undefined
  readonly read: ReadonlySet<string> | undefined
  readonly write: ReadonlySet<string> | undefined
}

/**
 * @returns `undefined` for a site that is turned off
 * @throws SessionHubError `options_invalid`
 */
export function readSite(registration: SiteRegistration, where: string): Site | undefined {
  refuseUnknown(where, registration, [
    'origin',
    'app',
    'signingKeys',
    'ticketKeys',
    'mayOffer',
    'endpoint',
    'sisters',
    'group',
    'share',
    'pairwise',
    'mayImpersonate',
    'enabled',
  ])
  const { mayOffer = true, enabled = true, pairwise = false, mayImpersonate = false } = registration
  const { endpoint = defaultEndpoint } = registration
  const siteOrigin = readOrigin(registration.origin, where)
  const app = registration.app === undefined ? '' : name(where, 'app', registration.app)
  const site = {
    origin: siteOrigin,
    registeredAs: siteOrigin,
    app,
    party: app === '' ? siteOrigin : appIssuer(app),
    ...readSiteKeys(registration, where),
    mayOffer: flag(where, 'mayOffer', mayOffer),
    endpoint: endpointPath(where, endpoint),
    sisters: readSisters(registration.sisters, where),
    group: registration.group === undefined ? '' : name(where, 'group', registration.group),
    share: readShare(registration.share, where),
    pairwise: flag(where, 'pairwise', pairwise),
    mayImpersonate: flag(where, 'mayImpersonate', mayImpersonate),
  }
  return flag(where, 'enabled', enabled) ? site : undefined
}

function readOrigin(given: unknown, where: string): string {
  if (typeof given !== 'string' || !isWildcard(given)) return origin(where, 'origin', given)
  const fault = wildcardFault(given)
  if (fault) throw wrong(where, `"origin": ${fault}`)
  return given
}

function readShare(share: unknown, where: string): Share {
  if (share === undefined) return { claims: undefined, read: undefined, write: undefined }
  const at = `${where}.share`
  if (!isJsonObject(share))
    throw wrong(where, '"share" has to be an object with lists "claims", "read", "write"')
  refuseUnknown(at, share, ['claims', 'read', 'write'])
  const read = readNames(share.read, 'read', at)
  return {
    claims: readNames(share.claims, 'claims', at),
    read,
    write: share.write === undefined ? read : readNames(share.write, 'write', at),
  }
}

function readNames(names: unknown, name: string, at: string): ReadonlySet<string> | undefined {
  if (names === undefined) return undefined
  if (!Array.isArray(names) || !names.every((one) => typeof one === 'string'))
    throw wrong(at, `"${name}" has to be a list of names`)
  return new Set(names)
}

function readSisters(sisters: unknown, where: string): readonly string[] {
  if (sisters === undefined) return []
  if (!Array.isArray(sisters) || sisters.length > limits.sisters)
    throw wrong(where, `"sisters" has to be a list of at most ${limits.sisters} origins`)
  return sisters.map((sister) => origin(where, 'sisters', sister))
}
