/** Tokens that are wrong in one place or several, or only spelt otherwise. */
import { createCipheriv, randomBytes } from 'node:crypto'

import type { GeneratedSiteKeys } from 'session-hub/hub'

import { base64url, publicKeySpellings, signEs256, signHs256, ticketSecret } from '../support/forge.js'
import type { Dice } from '../model/dice.js'

export type Kind = 'ticket' | 'offer' | 'session'

export interface Makers {
  readonly site: GeneratedSiteKeys
  /** Nobody's. */
  readonly stranger: GeneratedSiteKeys
  readonly now: number
}

/** A token in its parts, as texts: JSON can be written in more ways than one. */
interface Draft {
  header: string
  payload: string
  sealHeader: string
  signedBy: 'right' | 'stranger' | 'the public key' | 'the sealing key' | 'nobody'
  isSealed: boolean
}

export type Claims = Readonly<Record<string, unknown>>

export function mutated(dice: Dice, kind: Kind, claims: Claims, makers: Makers): string {
  const draft = draftOf(kind, claims, makers)
  const changes = dice.below(4)
  for (let change = 0; change < changes; change += 1) changeDraft(dice, draft, kind, makers)
  const token = written(dice, draft, kind, makers)
  return dice.chance(0.25) ? respelt(dice, token) : token
}

function draftOf(kind: Kind, claims: Claims, { site }: Makers): Draft {
  const kid = { ticket: site.ticket.kid, offer: site.signing.kid, session: site.session.kid }[kind]
  const alg = kind === 'offer' ? 'ES256' : 'HS256'
  return {
    header: JSON.stringify({ alg, typ: `${kind}+jwt`, kid }),
    payload: JSON.stringify(claims),
    sealHeader: JSON.stringify({ alg: 'dir', enc: 'A256GCM', cty: 'JWT', kid: site.ticket.kid }),
    signedBy: 'right',
    isSealed: kind === 'ticket',
  }
}

function changeDraft(dice: Dice, draft: Draft, kind: Kind, makers: Makers): void {
  switch (dice.below(8)) {
    case 0:
      draft.header = changedJson(dice, draft.header, headerValues(dice, makers))
      break
    case 1:
      if (kind === 'ticket')
        draft.sealHeader = changedJson(dice, draft.sealHeader, headerValues(dice, makers))
      break
    case 2:
      draft.signedBy = dice.one(['right', 'stranger', 'the public key', 'the sealing key', 'nobody'])
      break
    case 3:
      draft.isSealed = kind === 'ticket' && dice.chance(0.8)
      break
    default:
      draft.payload = changedJson(dice, draft.payload, claimValues(dice, makers))
  }
}

/** One member is dropped, changed, added or there twice; or the same JSON is written in another way. */
function changedJson(dice: Dice, text: string, values: readonly string[]): string {
  const names = [...text.matchAll(/"(\w+)":/g)].map(([, name]) => name!)
  const name = dice.one(names.length > 0 ? names : ['iss'])
  const member = new RegExp(`"${name}":("[^"]*"|[^,}]*)`)
  const value = dice.one(values)
  const added = (more: string) =>
    dice.chance(0.5) ? text.replace(/}$/, `,${more}}`) : text.replace('{', `{${more},`)
  switch (dice.below(12)) {
    case 0:
      return text
        .replace(member, '"":""')
        .replace(/"":"",?/, '')
        .replace(/,}/, '}')
    case 1:
    case 2:
    case 3:
    case 4:
      return text.replace(member, () => `"${name}":${value}`)
    case 5:
      return added(`"${name}":${value}`)
    case 6:
      return added(text.match(member)?.[0] ?? '"x":1')
    case 7:
      return added(`"\\u00${name.charCodeAt(0).toString(16)}${name.slice(1)}":${value}`)
    case 8:
      return text.replace(`"${name}"`, `"\\u00${name.charCodeAt(0).toString(16)}${name.slice(1)}"`)
    case 9:
      return added(`"${dice.one(OTHER_NAMES)}":${value}`)
    case 10:
      return dice.one([
        `${text} `,
        ` ${text}`,
        text.replaceAll(',', ' ,\n\t'),
        `\ufeff${text}`,
        `${text}\0`,
        `${text}${text}`,
      ])
    default:
      return dice.one([
        `[${text}]`,
        text.slice(0, -1),
        'null',
        '""',
        '{}',
        text.replace('{', '{"__proto__":{},'),
      ])
  }
}

const OTHER_NAMES = [
  'jku',
  'x5u',
  'jwk',
  'x5c',
  'crit',
  'b64',
  'zip',
  'cty',
  'enc',
  'nbf',
  'scope',
  'yields',
  'chosen',
  'sub',
  'nonce',
  '9lives',
  'a b',
  'constructor',
]

const ANY_VALUES = [
  'null',
  'true',
  'false',
  '0',
  '""',
  '[]',
  '{}',
  '"x"',
  '-1',
  '1.5',
  '1e3',
  '1e400',
  '"1900000000"',
]

const headerValues = (dice: Dice, { site, stranger }: Makers): string[] => [
  ...ANY_VALUES,
  ...[
    'none',
    'None',
    'HS256',
    'ES256',
    'es256',
    'ES384',
    'RS256',
    'dir',
    'A256KW',
    'A256GCM',
    'A128GCM',
    'DEF',
    'JWT',
    'jwt',
  ].map((text) => `"${text}"`),
  ...[
    'ticket+jwt',
    'offer+jwt',
    'session+jwt',
    'site+jwt',
    'logout+jwt',
    'JWT',
    'Ticket+JWT',
    'application/ticket+jwt',
    'OFFER+JWT',
    'application/session+jwt',
  ].map((text) => `"${text}"`),
  ...[
    site.signing.kid,
    site.ticket.kid,
    site.session.kid,
    stranger.signing.kid,
    stranger.ticket.kid,
    `${site.ticket.kid} `,
    'a'.repeat(65),
    '../x',
  ].map((text) => JSON.stringify(text)),
  JSON.stringify(dice.one([{}, [], ['b64'], { kty: 'oct', k: 'AAAA' }])),
]

function claimValues(dice: Dice, { now }: Makers): string[] {
  const near = dice.one([
    -400, -306, -305, -300, -36, -35, -34, -31, -6, -5, -1, 0, 1, 4, 5, 6, 29, 30, 31, 299, 300, 301, 305,
    306, 3.2e8,
  ])
  return [
    ...ANY_VALUES,
    ...[
      String(now + near),
      String(now + near),
      String(now + near),
      `${now + near}.0`,
      `${now + near}.5`,
      `${(now + near) / 1e9}e9`,
      String(2 ** 53),
      '-0',
    ],
    ...[
      'https://hub.example',
      'https://shop.example',
      'https://evil.example',
      'https://SHOP.example',
      'https://shop.example/',
      'https://shop.example:443',
      'frame',
      'link',
      'redirect',
      'Frame',
      'ada',
    ].map((text) => `"${text}"`),
    ...[
      '["https://shop.example"]',
      '["https://shop.example","https://evil.example"]',
      `"${'s'.repeat(255)}"`,
      `"${'s'.repeat(256)}"`,
      `"${'\u00fc'.repeat(128)}"`,
      '"\\ud800"',
      '"a\\u0000b"',
      '"\\u0085"',
      `"o${'p'.repeat(128)}"`,
    ],
    ...[21, 22, 23, 42, 43, 44, 54].map((length) => `"${base64url(randomBytes(48)).slice(0, length)}"`),
    '{"a":{"b":{"c":{"d":1}}}}',
    '{"a":{"b":{"c":{"d":{"e":1}}}}}',
    '{"a":[[[[1]]]]}',
    '{"a":[[[[[1]]]]]}',
    '{"a":1,"a":2}',
    `{${Array.from({ length: 32 }, (_, index) => `"k${index}":1`).join()}}`,
    `{${Array.from({ length: 33 }, (_, index) => `"k${index}":1`).join()}}`,
  ]
}

function written(
  dice: Dice,
  { header, payload, sealHeader, signedBy, isSealed }: Draft,
  kind: Kind,
  makers: Makers,
): string {
  const { site, stranger } = makers
  const body = dice.chance(0.02)
    ? Buffer.concat([Buffer.from(payload.slice(0, -2)), Buffer.from([0xff, 0x22, 0x7d])])
    : payload
  const parts = { header, payload: body }
  const by = ({ signing, session, ticket }: GeneratedSiteKeys): string =>
    ({
      ticket: () => signHs256(parts, ticketSecret(ticket)),
      offer: () => signEs256(parts, signing),
      session: () => signHs256(parts, Buffer.from(session.k, 'base64url')),
    })[kind]()
  const jws = {
    right: () => by(site),
    stranger: () => by(stranger),
    'the public key': () => signHs256(parts, dice.one(publicKeySpellings(site.signing))),
    'the sealing key': () => signHs256(parts, Buffer.from(site.ticket.k, 'base64url')),
    nobody: () => `${base64url(header)}.${base64url(body)}.${dice.one(['', 'AA', 'A'.repeat(86)])}`,
  }[signedBy]()
  if (!isSealed) return jws
  const key = dice.chance(0.05) ? stranger.ticket : site.ticket
  return sealed(dice.chance(0.05) ? payload : jws, sealHeader, Buffer.from(key.k, 'base64url'), dice)
}

function sealed(plaintext: string, header: string, key: Buffer, dice: Dice): string {
  const protectedHeader = base64url(header)
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(protectedHeader))
  const text = Buffer.concat([cipher.update(plaintext), cipher.final()])
  const tag = cipher.getAuthTag()
  return [
    protectedHeader,
    dice.chance(0.03) ? 'AAAA' : '',
    base64url(iv),
    base64url(text),
    base64url(dice.chance(0.05) ? tag.subarray(0, dice.one([4, 12, 15])) : tag),
  ].join('.')
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** The text itself, after everything was signed. */
function respelt(dice: Dice, token: string): string {
  const at = dice.below(token.length)
  const letter = ALPHABET.charAt(dice.below(64))
  const parts = token.split('.')
  switch (dice.below(11)) {
    case 0:
    case 1:
      return token.slice(0, at) + letter + token.slice(at + 1)
    case 2:
      return token.slice(0, at) + token.slice(at + 1)
    case 3:
      return token.slice(0, at) + letter + token.slice(at)
    case 4:
      return token + dice.one(['=', '==', '\n', ' ', '.', '.AA', 'A', '\0'])
    case 5:
      return dice.one([' ', '\n', '.', '"']) + token
    case 6:
      return token.replaceAll('-', '+').replaceAll('_', '/')
    case 7: {
      // Other last bits of a part that say the same, or another byte.
      const which = dice.below(parts.length)
      const part = parts[which]!
      parts[which] =
        part.slice(0, -1) + ALPHABET.charAt(ALPHABET.indexOf(part.slice(-1)) ^ (1 + dice.below(3)))
      return parts.join('.')
    }
    case 8:
      return [...parts].reverse().join('.')
    case 9:
      return JSON.stringify({ protected: parts[0], payload: parts[1], signature: parts[2] })
    default:
      return parts.slice(0, dice.below(parts.length) + 1).join('.') + 'A'.repeat(dice.chance(0.2) ? 4096 : 0)
  }
}
