/** The site's keys, as an application or its environment has them. */
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

/** What `session-hub sites add` made for this site. Secret. A key may be the text of its JWK, also in base64. */
export interface SiteKeys {
  /** Under which name the hub knows the application, where it answers on several origins; `session-hub sites add --app` writes it. @default none */
  readonly app?: string
  /** Signs offers, and what the site says to the hub (private JWK, ES256). */
  readonly signing: object | string
  /** Opens tickets (JWK, `oct`, 256 bits). A list while a new key is being introduced. */
  readonly ticket: object | string | readonly (object | string)[]
  /**
   * Signs the site's own session cookie. A secret (JWK, `oct`, 256 bits; HS256), which is never published; or a private key, whose
   * public half stands at `<endpoint>/jwks.json`: on P-256 (ES256), Ed25519 (EdDSA), or of RSA with 2048 to 4096 bits (RS256). As a JWK, as
   * the text of a PEM file, or as the path of a file with either; a PEM's `kid` is its RFC 7638 thumbprint. Of a list the first
   * signs, all verify and are published.
   */
  readonly session: object | string | readonly (object | string)[]
}

export type KeysOf = (origin: string) => SiteKeys | string | Promise<SiteKeys | string>

/** It wraps handles too, and draws values for sessions, each with a key drawn from it. */
export type SiteSessionKey = SessionKey & Wrap & Draw

/** Ready to use. */
export interface ImportedKeys {
  /** Empty: the site stands by itself. */
  readonly app: string
  readonly signingKey: NamedKey
  readonly ticketKeys: ReadonlyMap<string, TicketKey>
  /** The first signs. */
  readonly sessionKeys: readonly [SiteSessionKey, ...SiteSessionKey[]]
  /** For what the site says to itself beside sessions; drawn from the session keys, in their order. */
  readonly startKey: NamedKey
  readonly startKeys: KeySet
  /** For where a redirect leads. */
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

/** A key, or all of them, out of the text of an environment; a text that holds neither stays what it is. */
const fromText = (given: unknown, at: string): unknown =>
  typeof given === 'string' ? (read(given, at) ?? given) : given

function read(text: string, at: string): unknown {
  try {
    return readKeyText(text)
  } catch {
    // The parser's own message would quote it (R30).
    throw wrong(
      at,
      'the text begins as JSON but cannot be read: it breaks off, or has lost its quotes on the way',
    )
  }
}

/** A text may be the path of a file, which holds a PEM or a JWK. */
async function fromFile(given: unknown, at: string): Promise<unknown> {
  if (typeof given !== 'string') return given
  const key = read(given, at)
  if (key !== undefined) return key
  const file = await readFile(withoutQuotes(given), 'utf8').catch(() => undefined)
  // Neither named nor as a cause: it may be a key in the wrong place (R30).
  if (file === undefined)
    throw wrong(at, 'a key given as text has to be a PEM, a JWK, or the path of a file that can be read')
  const inFile = read(file, at)
  if (inFile === undefined) throw wrong(at, 'the file holds neither a PEM nor a JWK')
  return inFile
}

/** R4: what the site says to the hub, and what it says of sessions to whoever reads them, must never pass for each other. */
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
