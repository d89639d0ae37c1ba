/** A registered site, as it is configured and as the hub uses it. */
import { isJsonObject } from '../../sdk/protocol/json.js'
import { appIssuer, defaultEndpoint, limits } from '../../sdk/protocol/wire.js'
import { endpointPath, flag, name, origin } from '../../sdk/settings/checks.js'
import { refuseUnknown, wrong } from '../../sdk/settings/refuse-unknown.js'
import { isWildcard, wildcardFault } from './wildcard.js'
import { readSiteKeys, type SiteKeys } from './site-keys.js'

/** What the hub has to know about a site; `session-hub sites add` prints it. */
export interface SiteRegistration {
  /**
   * The site's origin, spelled as browsers send it: `https://shop.example`. `https://*.preview.example` covers every host with exactly one label
   * more, each of them a site with these keys. A wildcard may not cover names that strangers can register (publicsuffix.org).
   */
  readonly origin: string
  /**
   * The application that serves this origin together with others. The name consists of `a` to `z`, digits and `-`, at most 32 characters. Origins of
   * one app may share their keys. The app speaks to the hub for each of them, and one event stream tells it what ends on any of them. @default none:
   * the site stands by itself
   */
  readonly app?: string
  /** Public halves of the keys with which the site signs offers and speaks to the hub (JWK, ES256). */
  readonly signingKeys: readonly object[]
  /** The site's ticket keys (JWK, `oct`, 256 bits). The hub encrypts with the first one: put a new key first only when the site knows it. */
  readonly ticketKeys: readonly object[]
  /** Whether the hub may adopt sessions that began on this site. `false`: the site only receives sessions. @default true */
  readonly mayOffer?: boolean
  /** The path of the site's endpoints, as in its own option `endpoint`. A redirect returns there and nowhere else. @default '/session-hub' */
  readonly endpoint?: string
  /**
   * The origins of the sites that this site may know, and to which its links carry the session. A script in one of its pages could take
   * the session there too, so name only the sites that need it. @default none
   */
  readonly sisters?: readonly string[]
  /**
   * The group of sites with which the site shares the session: `a` to `z`, digits and `-`, at most 32 characters. @default one group of all that name
   * none
   */
  readonly group?: string
  /** What the site may see and change in a session. @default everything */
  readonly share?: SharePolicy
  /**
   * Gives the site names of its own for users, which it cannot compare with another site's. A user whom this site signs in is a different user from
   * the one whom another site signs in under the same name. @default false
   */
  readonly pairwise?: boolean
  /** Whether people who are signed in at the site may act there as one of its users (`site.actAs`). @default false */
  readonly mayImpersonate?: boolean
  /** `false` turns the site off without forgetting its keys. @default true */
  readonly enabled?: boolean
}

/** Each list names what is allowed. Without a list, everything is allowed. */
export interface SharePolicy {
  /** The claims that the site sees and may set at sign-in. */
  readonly claims?: readonly string[]
  /** The top-level keys of the data that the site sees. */
  readonly read?: readonly string[]
  /** The top-level keys of the data that the site may change. @default as `read` */
  readonly write?: readonly string[]
}

/** A registration after its checks. */
export interface Site extends SiteKeys {
  readonly origin: string
  /** The origin as it is registered. Anybody can make up hosts of a wildcard, so all of them are counted together (R31). */
  readonly registeredAs: string
  /** Empty: the site stands by itself. */
  readonly app: string
  /** Who is told about the site's sessions and users: `app:<name>`, or the origin. No origin is spelled like `app:<name>`. */
  readonly party: string
  readonly mayOffer: boolean
  readonly endpoint: string
  readonly sisters: readonly string[]
  /** Empty: the group of all sites that name none. */
  readonly group: string
  readonly share: Share
  readonly pairwise: boolean
  readonly mayImpersonate: boolean
}

/** `undefined`: everything is allowed. */
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
