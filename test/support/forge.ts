/** Tokens as an attacker would make them: every part by hand, so that each can be wrong by itself. */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  hkdfSync,
  randomBytes,
  sign,
} from 'node:crypto'
import type { GeneratedSiteKeys, SigningKey, SymmetricKey } from 'session-hub/hub'

import type { World, WorldSite } from './world.js'

/** An object is written as JSON; text and bytes go in as they are. */
export type Part = object | string | Buffer

export const base64url = (part: Part): string => {
  const bytes = Buffer.isBuffer(part) ? part : typeof part === 'string' ? part : JSON.stringify(part)
  return Buffer.from(bytes).toString('base64url')
}

const decoded = (text: string) => JSON.parse(Buffer.from(text, 'base64url').toString()) as Claims

export type Claims = Record<string, unknown>

/** What a compact JWS says, believed or not. */
export function readJws(jws: string): { header: Claims; claims: Claims } {
  const [header = '', payload = ''] = jws.split('.')
  return { header: decoded(header), claims: decoded(payload) }
}

export interface JwsParts {
  readonly header: Part
  readonly payload: Part
}

/** ES256, whatever the header says. */
export function signEs256({ header, payload }: JwsParts, { kty, crv, x, y, d }: SigningKey): string {
  const text = `${base64url(header)}.${base64url(payload)}`
  const key = createPrivateKey({ key: { kty, crv, x, y, d }, format: 'jwk' })
  return `${text}.${base64url(sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }))}`
}

/** HS256, whatever the header says. */
export function signHs256({ header, payload }: JwsParts, secret: Buffer): string {
  const text = `${base64url(header)}.${base64url(payload)}`
  return `${text}.${base64url(createHmac('sha256', secret).update(text).digest())}`
}

/** What a careless library would take for an HMAC secret: the public key in each of its usual spellings. */
export function publicKeySpellings({ kty, crv, x, y }: SigningKey): Buffer[] {
  const key = createPublicKey({ key: { kty, crv, x, y }, format: 'jwk' })
  const pem = key.export({ format: 'pem', type: 'spki' }) as string
  const raw = Buffer.concat([Buffer.from([4]), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')])
  return [Buffer.from(pem), Buffer.from(pem.trim()), key.export({ format: 'der', type: 'spki' }), raw]
}

/** What signs inside a ticket, drawn from the key that seals it. */
export const ticketSecret = ({ k }: SymmetricKey): Buffer => drawn(k, 'ticket+jwt')

const drawn = (k: string, purpose: string): Buffer =>
  Buffer.from(hkdfSync('sha256', Buffer.from(k, 'base64url'), '', `session-hub ${purpose}`, 32))

export const sealHeader = ({ kid }: SymmetricKey) => ({ alg: 'dir', enc: 'A256GCM', cty: 'JWT', kid })

/** A compact JWE: `dir`, A256GCM. */
export function seal(plaintext: string | Buffer, key: SymmetricKey, header: Part = sealHeader(key)): string {
  const protectedHeader = base64url(header)
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(key.k, 'base64url'), iv)
  cipher.setAAD(Buffer.from(protectedHeader))
  const text = Buffer.concat([cipher.update(plaintext), cipher.final()])
  return [protectedHeader, '', base64url(iv), base64url(text), base64url(cipher.getAuthTag())].join('.')
}

export function open(jwe: string, key: SymmetricKey): string {
  const [header = '', , iv = '', text = '', tag = ''] = jwe.split('.')
  const decipher = createDecipheriv(
    'aes-256-gcm',
    Buffer.from(key.k, 'base64url'),
    Buffer.from(iv, 'base64url'),
  )
  decipher.setAAD(Buffer.from(header)).setAuthTag(Buffer.from(tag, 'base64url'))
  return Buffer.concat([decipher.update(Buffer.from(text, 'base64url')), decipher.final()]).toString()
}

/** A true ticket, opened, with all that is needed to make it again a little differently. */
export interface OpenTicket {
  readonly jws: string
  readonly header: Claims
  readonly claims: Claims
  readonly siteKeys: GeneratedSiteKeys
  /** Signed and sealed again. What an attacker could not do himself, the world's own keys do for him. */
  again(change?: { claims?: Claims | string; header?: Part }): string
}

export function openTicket(site: Pick<WorldSite, 'keys'>, ticket: string): OpenTicket {
  const jws = open(ticket, site.keys.ticket)
  const { header, claims } = readJws(jws)
  return {
    jws,
    header,
    claims,
    siteKeys: site.keys,
    again: (change = {}) =>
      seal(
        signHs256(
          { header: change.header ?? header, payload: change.claims ?? claims },
          ticketSecret(site.keys.ticket),
        ),
        site.keys.ticket,
      ),
  }
}

/** A copy without these members. */
export const without = (claims: Claims, ...names: string[]): Claims =>
  Object.fromEntries(Object.entries(claims).filter(([name]) => !names.includes(name)))

/** What a site asks of the hub for a ticket that it has opened, by what it has seen of it. */
export const redemptionOf = ({ grant, jti, exp, mode, origin, sub, nonce, chosen }: Claims): Claims => ({
  grant,
  jti,
  exp,
  mode,
  origin,
  sub,
  nonce,
  chosen,
  previous: null,
  overrule: false,
})

/** A site's Bearer token as the site itself would make it, with changes. */
export function siteToken(
  world: { readonly hub: { readonly origin: string }; now(): number },
  site: Pick<WorldSite, 'origin' | 'keys'>,
  { claims = {}, header = {}, key = site.keys.signing }: SiteTokenChange = {},
): string {
  const iat = Math.floor(world.now() / 1000)
  return signEs256(
    {
      header: { alg: 'ES256', typ: 'site+jwt', kid: site.keys.signing.kid, ...header },
      payload: { iss: site.origin, aud: world.hub.origin, iat, exp: iat + 60, ...claims },
    },
    key,
  )
}

export interface SiteTokenChange {
  readonly claims?: Claims
  readonly header?: Claims
  readonly key?: SigningKey
}

/** The key of a site's short words to itself, drawn from its session key. */
const ownKey = ({ keys }: Pick<WorldSite, 'keys'>): Buffer => drawn(keys.session.k, 'start+jwt')

/** A start, enter or ended cookie as the site itself would write it, with changes. */
export function ownToken(
  world: Pick<World, 'now'>,
  site: Pick<WorldSite, 'origin' | 'keys'>,
  type: 'start+jwt' | 'enter+jwt' | 'ended+jwt',
  claims: Claims,
  { header = {}, key = ownKey(site) }: { header?: Claims; key?: Buffer } = {},
): string {
  const iat = Math.floor(world.now() / 1000)
  return signHs256(
    {
      header: { alg: 'HS256', typ: type, kid: site.keys.session.kid, ...header },
      payload: { iss: site.origin, aud: site.origin, iat, exp: iat + 120, ...claims },
    },
    key,
  )
}

/** What a browser takes for an address of another origin, or for none at all, however it is spelt (R23). */
export function targetsAway(site: string): Record<string, string> {
  const { protocol, hostname, host } = new URL(site)
  const other = protocol === 'https:' ? 'http:' : 'https:'
  const evil = 'stranger.example'
  return {
    'another origin': `https://${evil}/`,
    'a host without its scheme': `//${evil}/`,
    'three slashes': `///${evil}/`,
    'a slash and a backslash': `/\\${evil}/`,
    'two backslashes': `\\\\${evil}/`,
    'a backslash and a slash': `\\/${evil}/`,
    'a scheme without slashes': `${other}${evil}/`,
    'a scheme and one slash': `${other}/${evil}/`,
    'a scheme and backslashes': `${other}\\\\${evil}/`,
    'a scheme in capitals': `${other.toUpperCase()}//${evil}/`,
    'a script': `javascript:alert(1)//${site}/`,
    'a script, after a newline': `java\nscript:alert(1)`,
    'a data address': `data:text/html,<script>alert(1)</script>`,
    "a blob of the site's own origin": `blob:${site}/0e9f6d1c`,
    'a file system': `filesystem:${site}/temporary/x`,
    'a file': 'file:///etc/passwd',
    'a page about nothing': 'about:blank',
    'the source of a page': `view-source:${site}/`,
    'web sockets': `ws://${host}/`,
    'the site as a user': `${site}@${evil}/`,
    'the site as a user and password': `${protocol}//${host}@${evil}/`,
    'the site in the path': `//${evil}/${site}/`,
    'the site in the fragment': `//${evil}#${site}/`,
    'the site in the query': `//${evil}?${site}/`,
    'a backslash before the site': `//${evil}\\@${host}/`,
    'a host that begins alike': `//${hostname}.${evil}/`,
    'a host that ends alike': `//evil${host}/`,
    'another port': `//${hostname}:1/`,
    'no port, or another one': `//${hostname}${host === hostname ? ':2' : ''}/`,
    'another scheme': `${other}//${host}/`,
    'a dot at the end of the host': `//${host.replace(hostname, `${hostname}.`)}/`,
    'a tab between the slashes': `/\t/${evil}/`,
    'a newline between the slashes': `/\n/${evil}/`,
    'a carriage return between the slashes': `/\r/${evil}/`,
    'a tab first': `\t//${evil}/`,
    'a NUL first': `\0//${evil}/`,
    'a space first': `  //${evil}/`,
    'a wide dot in the host': `//stranger\u3002example/`,
    'a halfwidth dot in the host': `//stranger\uff61example/`,
    'an escaped dot in the host': `//stranger%2eexample/`,
    'wide letters in the host': `//\uff53tranger.example/`,
    'an escaped slash in the host': `//${evil}%2f${host}/`,
    'an escaped NUL in the host': `//${hostname}%00.${evil}/`,
    'no host at all': '//',
    'a port that is none': `//${hostname}:99999/`,
    'an address of IPv6': '//[::1]/',
    'far too long': `/${'a'.repeat(2000)}`,
  }
}

/** Addresses of the site that its visitors are not led to: its own endpoints would lead on. */
export const targetsInside = (endpoint = '/session-hub'): string[] => [
  `${endpoint}/redirect?return=/`,
  `${endpoint}/callback?outcome=none`,
  `${endpoint}/enter?to=/`,
  `${endpoint}/`,
  `/x/..${endpoint}/redirect`,
  `/%2e%2e${endpoint}/redirect`,
  `/./${endpoint.slice(1)}/redirect`,
  endpoint.replaceAll('/', '\\') + '\\redirect',
  `/\t${endpoint.slice(1)}/red\nirect`,
]

/** Changes one character of a token in the middle of a part, so that real bits change. */
export function flip(token: string, part: number): string {
  const parts = token.split('.')
  const text = parts[part] ?? ''
  const at = Math.floor(text.length / 2)
  parts[part] = text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1)
  return parts.join('.')
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Another spelling of the same bytes: base64url ignores the last character's lowest bits. */
export function respell(token: string): string {
  const last = ALPHABET.indexOf(token.at(-1) ?? '')
  return token.slice(0, -1) + ALPHABET.charAt(last ^ 1)
}
