/** A site's keys: checked at registration, imported at first use, because of thousands of sites only a few have visitors at once. */
import { isJsonObject } from '../../sdk/protocol/json.js'
import { wrong } from '../../sdk/settings/refuse-unknown.js'
import {
  byKid,
  checkTicketKey,
  checkVerifyingKey,
  type CryptoKey,
  importTicketKey,
  importVerifyingKey,
  type TicketKey,
} from '../../sdk/tokens/keys.js'

/** The keys of a registration. */
interface KeyLists {
  readonly signingKeys: unknown
  readonly ticketKeys: unknown
}

export interface SiteKeys {
  /** The key of this name with which the site signs, if there is one. */
  readonly signingKey: (kid: string) => Promise<CryptoKey> | undefined
  /** The coordinates of each signing key, by the key's name: a different key may come under an old name. */
  readonly signingPrints: () => ReadonlyMap<string, string>
  readonly ticketKey: () => Promise<TicketKey>
}

/** @throws SessionHubError `options_invalid` for every fault of a key, including those that would only show at its first use */
export function readSiteKeys(registration: KeyLists, where: string): SiteKeys {
  const signing = listed(registration.signingKeys, 'signingKeys', where)
  const signingKids = signing.map((jwk, at) => ({
    kid: checkVerifyingKey(jwk, `${where}.signingKeys[${at}]`),
  }))
  byKid(signingKids, where)
  const tickets = listed(registration.ticketKeys, 'ticketKeys', where)
  byKid(
    tickets.map((jwk, at) => ({ kid: checkTicketKey(jwk, `${where}.ticketKeys[${at}]`) })),
    where,
  )
  let imported: Map<string, Promise<CryptoKey>> | undefined
  let prints: ReadonlyMap<string, string> | undefined
  let ticketKey: Promise<TicketKey> | undefined
  return {
    signingPrints: () => (prints ??= new Map(signing.map(printOf))),
    signingKey(kid) {
      const at = signingKids.findIndex((one) => one.kid === kid)
      if (at < 0) return undefined
      imported ??= new Map()
      let key = imported.get(kid)
      if (!key) imported.set(kid, (key = importVerifyingKey(signing[at], where).then((named) => named.key)))
      return key
    },
    ticketKey: () => (ticketKey ??= importTicketKey(tickets[0], where)),
  }
}

function listed(jwks: unknown, name: string, where: string): readonly unknown[] {
  if (!Array.isArray(jwks) || jwks.length === 0) throw wrong(where, `"${name}" has to list at least one key`)
  // Copies the keys, so that what is imported later is what was checked now.
  return jwks.map((jwk: unknown) => (isJsonObject(jwk) ? { ...jwk } : jwk))
}

const printOf = (jwk: unknown): [string, string] => {
  const { kid, x, y } = jwk as { kid: string; x: string; y: string }
  return [kid, JSON.stringify([kid, x, y])]
}
