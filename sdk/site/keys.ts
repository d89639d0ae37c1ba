/** The site's keys, as an application or its environment supplies them. */
import { readFile } from 'node:fs/promises'

import { isJsonObject } from '../protocol/json.js'
import { limits } from '../protocol/wire.js'
import { name } from '../settings/checks.js'
import { refuseUnknown, wrong } from '../settings/refuse-unknown.js'
import { createDraw, type Draw } from '../tokens/draw.js'
import { readKeyText, withoutQuotes } from '../tokens/key-text.js'
import {
  byKid,
  deriveStartKey,
  deriveTargetKey,
  importSigningKey,
  importTicketKey,
  type KeySet,
  keySet,
  type NamedKey,
  type TicketKey,
} from '../tokens/keys.js'
import { importSessionTokenKey, type SessionKey } from '../tokens/session-keys.js'
import { createWrap, type Wrap } from '../tokens/wrap.js'

/** The keys that `session-hub sites add` made for this site. Secret. A key may be the text of its JWK, also in base64. */
export interface SiteKeys {
  /** The name under which the hub knows an application with several origins; `session-hub sites add --app` writes it. @default none */
  readonly app?: string
  /** Signs offers and the site's requests to the hub (private JWK, ES256). */
  readonly signing: object | string
  /** Opens tickets (JWK, `oct`, 256 bits). A list while a new key is being introduced. */
  readonly ticket: object | string | readonly (object | string)[]
  /**
   * Signs the site's own session cookie. Either a secret (JWK, `oct`, 256 bits; HS256), which is never published, or a private key, whose
   * public half is published at `<endpoint>/jwks.json`: P-256 (ES256), Ed25519 (EdDSA), or RSA with 2048 to 4096 bits (RS256). It may be a
   * JWK, the text of a PEM file, or the path of a file with either; the `kid` of a PEM is its RFC 7638 thumbprint. In a list, the first key
   * signs, and all of them verify and are published.
   */
  readonly session: object | string | readonly (object | string)[]
}

export type KeysOf = (origin: string) => SiteKeys | string | Promise<SiteKeys | string>

/** A session key also wraps handles and derives values for sessions, each with a key that is derived from it. */
export type SiteSessionKey = SessionKey & Wrap & Draw

/** Ready to use. */
export interface ImportedKeys {
  /** Empty if the site does not belong to an application. */
  readonly app: string
  readonly signingKey: NamedKey
  readonly ticketKeys: ReadonlyMap<string, TicketKey>
  /** The first one signs. */
  readonly sessionKeys: readonly [SiteSessionKey, ...SiteSessionKey[]]
  /** For messages of the site to itself other than sessions; derived from the session keys, in their order. */
  readonly startKey: NamedKey
  readonly startKeys: KeySet
  /** For the target of a redirect. */
  readonly targetKey: NamedKey
  readonly targetKeys: KeySet
}

/** @throws SessionHubError `options_invalid` */
export async function importKeys(given: unknown, where: string): Promise<ImportedKeys> {
  const at = `${where}: keys`
  const keys = fromText(given, at)
  if (keys === undefined || keys === null || keys === '')
    throw wrong(where, '"keys" is missing; "session-hub sites add" makes them')
  if (!isJsonObject(keys))
    throw wrong(where, '"keys" is neither an object nor its JSON; "session-hub sites add" makes them')
  refuseUnknown(at, keys, ['app', 'signing', 'ticket', 'session'])
  const app = keys.app === undefined ? '' : name(at, 'app', keys.app)
  const [signingKey, ticket, session] = await Promise.all([
    importSigningKey(fromText(keys.signing, `${at}.signing`), `${at}.signing`),
    importList(keys.ticket, `${at}.ticket`, (key, where) => importTicketKey(fromText(key, where), where)),
    importList(keys.session, `${at}.session`, importSiteSessionKey),
  ])
  if (ticket.length > limits.ticketKeys)
    throw wrong(at, `"ticket" has to list at most ${limits.ticketKeys} keys`)
  keySet(session, `${at}.session`)
  refuseSharedKey(keys.signing, session, `${at}.session`)
  const [start, target] = await Promise.all([
    deriveEach(session, deriveStartKey),
    deriveEach(session, deriveTargetKey),
  ])
  return {
    app,
    signingKey,
    ticketKeys: byKid(ticket, `${at}.ticket`),
    sessionKeys: session,
    startKey: start[0],
    startKeys: keySet(start, `${at}.session`),
    targetKey: target[0],
    targetKeys: keySet(target, `${at}.session`),
  }
}

async function deriveEach(
  [first, ...others]: readonly [SiteSessionKey, ...SiteSessionKey[]],
  derive: (key: SiteSessionKey) => Promise<NamedKey>,
): Promise<[NamedKey, ...NamedKey[]]> {
  return [await derive(first), ...(await Promise.all(others.map(derive)))]
}

async function importSiteSessionKey(given: unknown, at: string): Promise<SiteSessionKey> {
  const key = await importSessionTokenKey(await fromFile(given, at), at)
  return { ...key, ...createWrap(key.secret, 'handle'), ...createDraw(key.secret, 'session value') }
}

/** Parses a key, or all keys, from the text of an environment variable. A text that is neither stays as it is. */
const fromText = (given: unknown, at: string): unknown =>
  typeof given === 'string' ? (read(given, at) ?? given) : given

function read(text: string, at: string): unknown {
  try {
    return readKeyText(text)
  } catch {
    // The parser's own message would quote the key (R30).
    throw wrong(
      at,
      'the text begins as JSON but cannot be read: it breaks off, or has lost its quotes on the way',
    )
  }
}

/** A text may be the path of a file that contains a PEM or a JWK. */
async function fromFile(given: unknown, at: string): Promise<unknown> {
  if (typeof given !== 'string') return given
  const key = read(given, at)
  if (key !== undefined) return key
  const file = await readFile(withoutQuotes(given), 'utf8').catch(() => undefined)
  // The text is neither named nor given as a cause: it may be a key in the wrong place (R30).
  if (file === undefined)
    throw wrong(at, 'a key given as text has to be a PEM, a JWK, or the path of a file that can be read')
  const inFile = read(file, at)
  if (inFile === undefined) throw wrong(at, 'the file holds neither a PEM nor a JWK')
  return inFile
}

/** R4: what the site says to the hub and what it says about sessions to their readers must never be mistaken for each other. */
function refuseSharedKey(signing: unknown, session: readonly SessionKey[], at: string): void {
  const x = isJsonObject(signing) ? signing.x : undefined
  const shared = session.find(({ publicJwk }) => publicJwk?.x === x && x !== undefined)
  if (shared)
    throw wrong(at, `key "${shared.kid}" is the signing key too; session tokens have a key of their own`)
}

const listOf = (given: unknown, at: string): readonly unknown[] => {
  const keys = fromText(given, at)
  return Array.isArray(keys) ? keys : [keys]
}

async function importList<Key extends NamedKey>(
  given: unknown,
  at: string,
  read: (key: unknown, where: string) => Promise<Key>,
): Promise<[Key, ...Key[]]> {
  const [first, ...rest] = await Promise.all(listOf(given, at).map((key) => read(key, at)))
  if (!first) throw wrong(at, 'at least one key is needed')
  return [first, ...rest]
}
