/** A registered site, as configured and as the hub uses it. */
import type { JsonObject } from '../../sdk/protocol/json.js'
import { defaultEndpoint, limits } from '../../sdk/protocol/wire.js'
import { endpointPath, flag, origin } from '../../sdk/settings/checks.js'
import { refuseUnknown, wrong } from '../../sdk/settings/refuse-unknown.js'
import {
  importTicketKey,
  importVerifyingKey,
  type KeySet,
  keySet,
  type NamedKey,
} from '../../sdk/tokens/keys.js'

/** What the hub has to know of a site; `session-hub sites add` prints it. */
export interface SiteRegistration {
  /** Such as `https://shop.example`, exactly as a browser spells it. */
  readonly origin: string
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
  /** `false` turns the site off without forgetting its keys. @default true */
  readonly enabled?: boolean
}

/** A registration after its checks, with imported keys. */
export interface Site {
  readonly origin: string
  readonly signingKeys: KeySet
  readonly ticketKey: NamedKey
  readonly mayOffer: boolean
  readonly endpoint: string
  readonly sisters: readonly string[]
}

/**
 * @returns `undefined` for a site that is turned off
 * @throws SessionHubError `options_invalid`
 */
export async function readSite(registration: SiteRegistration, where: string): Promise<Site | undefined> {
  refuseUnknown(where, registration, [
    'origin',
    'signingKeys',
    'ticketKeys',
    'mayOffer',
    'endpoint',
    'sisters',
    'enabled',
  ])
  const { mayOffer = true, enabled = true, endpoint = defaultEndpoint } = registration
  const site = {
    origin: origin(where, 'origin', registration.origin),
    signingKeys: keySet(await all(registration.signingKeys, 'signingKeys', where, importVerifyingKey), where),
    ticketKey: await firstOf(registration.ticketKeys, where),
    mayOffer: flag(where, 'mayOffer', mayOffer),
    endpoint: endpointPath(where, endpoint),
    sisters: readSisters(registration.sisters, where),
  }
  return flag(where, 'enabled', enabled) ? site : undefined
}

function readSisters(sisters: unknown, where: string): readonly string[] {
  if (sisters === undefined) return []
  if (!Array.isArray(sisters) || sisters.length > limits.sisters)
    throw wrong(where, `"sisters" has to be a list of at most ${limits.sisters} origins`)
  return sisters.map((sister) => origin(where, 'sisters', sister))
}

async function firstOf(jwks: readonly object[], where: string): Promise<NamedKey> {
  const keys = await all(jwks, 'ticketKeys', where, importTicketKey)
  keySet(keys, where)
  const [first] = keys
  if (!first) throw wrong(where, '"ticketKeys" has to list at least one key')
  return first
}

function all(
  jwks: unknown,
  name: string,
  where: string,
  read: (jwk: unknown, where: string) => Promise<NamedKey>,
): Promise<NamedKey[]> {
  if (!Array.isArray(jwks) || jwks.length === 0) throw wrong(where, `"${name}" has to list at least one key`)
  return Promise.all((jwks as JsonObject[]).map((jwk, index) => read(jwk, `${where}.${name}[${index}]`)))
}
