/** Tokens that have to be refused. Each differs from one that is taken in one thing, which is its name. */
import { createPublicKey } from 'node:crypto'

import { base64url, type Claims, flip, type Part, without } from '../support/forge.js'
import {
  headerOf,
  hmac,
  ISSUER,
  keyNamed,
  NOW,
  plain,
  signed,
  type TestKeys,
  token,
  type Vector,
} from './signing.js'
import { nested, numbered } from './valid.js'

export function invalidTokens(keys: TestKeys): Vector[] {
  const es256 = keyNamed(keys, 'test-es256')
  const eddsa = keyNamed(keys, 'test-eddsa')
  const retired = keyNamed(keys, 'test-es256-retired')
  const header = headerOf(es256)
  const honest = token(es256, plain)
  const [head = '', body = '', signature = ''] = honest.split('.')
  const publicJwk = without(es256, 'd')
  const publicPem = createPublicKey({ key: publicJwk, format: 'jwk' }).export({ format: 'pem', type: 'spki' })

  const vector = (name: string, forged: string, more: Partial<Vector> = {}): Vector => ({
    name,
    keys: ['test-es256'],
    issuer: ISSUER,
    now: NOW,
    token: forged,
    error: 'token_invalid',
    ...more,
  })
  const claiming = (name: string, claims: Part, more?: Partial<Vector>) =>
    vector(name, token(es256, claims), more)
  const changed = (name: string, change: Claims) => claiming(name, { ...plain, ...change })
  const headed = (name: string, part: Part) => vector(name, signed({ header: part, payload: plain }, es256))
  const asSecret = (name: string, secret: Buffer) => {
    const text = `${base64url({ ...header, alg: 'HS256' })}.${body}`
    return vector(name, `${text}.${hmac(text, secret)}`)
  }
  const text = JSON.stringify(plain)
  const added = (member: string) => `${text.slice(0, -1)},${member}}`

  return [
    // Whose, and for whom
    changed('iss: another site', { iss: 'https://travel.example' }),
    changed('iss: the same with a slash', { iss: `${ISSUER}/` }),
    claiming('iss: none', without(plain, 'iss')),
    changed('aud: another site', { aud: 'https://travel.example' }),
    vector('aud: the site, where another audience reads', honest, { audience: 'https://api.example' }),
    changed('aud: a list', { aud: [ISSUER] }),
    claiming('aud: none', without(plain, 'aud')),

    // Type
    ...['ticket+jwt', 'offer+jwt', 'site+jwt', 'JWT', 'Session+JWT', 'application/session+jwt', ''].map(
      (typ) => headed(`typ: "${typ}"`, { ...header, typ }),
    ),
    headed('typ: none', without(header, 'typ')),

    // Algorithm
    vector('alg: none, without a signature', `${base64url({ ...header, alg: 'none' })}.${body}.`),
    vector('alg: none, with some signature', `${base64url({ ...header, alg: 'none' })}.${body}.AA`),
    asSecret('alg: HS256, with the public key (PEM) as the secret', Buffer.from(publicPem)),
    asSecret('alg: HS256, with the public key (JWK) as the secret', Buffer.from(JSON.stringify(publicJwk))),
    headed('alg: another than the key’s', { ...header, alg: 'EdDSA' }),
    headed('alg: in lower case', { ...header, alg: 'es256' }),
    headed('alg: none named', without(header, 'alg')),

    // Key
    vector('kid: of a key that has retired', token(retired, plain)),
    vector('kid: right, key: another', signed({ header, payload: plain }, retired)),
    vector('kid: of another key in the list', signed({ header: headerOf(eddsa), payload: plain }, es256), {
      keys: ['test-es256', 'test-eddsa'],
    }),
    headed('kid: none', without(header, 'kid')),
    headed('kid: a path', { ...header, kid: '../test-es256' }),
    headed('kid: a number', { ...header, kid: 1 }),

    // Header
    headed('header: crit', { ...header, crit: ['exp'], exp: NOW }),
    headed('header: crit of nothing', { ...header, crit: [] }),
    headed('header: b64', { ...header, b64: false, crit: ['b64'] }),
    vector(
      'header: jwk',
      signed({ header: { ...header, jwk: without(retired, 'd') }, payload: plain }, retired),
    ),
    headed('header: jku', { ...header, jku: `${ISSUER}/session-hub/jwks.json` }),
    headed('header: x5c', { ...header, x5c: [] }),
    headed('header: zip', { ...header, zip: 'DEF' }),
    headed('header: a member twice', `{"alg":"none",${JSON.stringify(header).slice(1)}`),
    headed('header: a list', '[]'),
    headed('header: no JSON', 'alg'),

    // Payload
    claiming('payload: a member twice', added('"sub":"eve"')),
    claiming('payload: a member twice, once escaped', added(String.raw`"s\u0075b":"eve"`)),
    claiming('payload: a member twice, below', added('"claims":{"name":"Ada","name":"Eve"}')),
    claiming('payload: __proto__', added('"__proto__":{"sub":"eve"}')),
    claiming('payload: NaN', added('"plan":NaN')),
    claiming('payload: a list', '[]'),
    claiming('payload: no JSON', 'sub=ada'),
    claiming(
      'payload: no UTF-8',
      Buffer.concat([Buffer.from(text.slice(0, -2)), Buffer.from([0xff, 0x22, 0x7d])]),
    ),
    changed('payload: nbf, which no session token has', { nbf: NOW - 60 }),
    changed('payload: a name that no field can have', { 'profile.name': 'Ada' }),
    changed('payload: 33 members', numbered(23)),
    changed('payload: 33 members, below', { claims: numbered(33) }),
    changed('payload: seven levels', { claims: nested(6) }),

    // Signature
    vector('signature: of another payload', `${head}.${base64url({ ...plain, sub: 'eve' })}.${signature}`),
    vector(
      'signature: of another header',
      `${base64url(JSON.stringify(header, null, 1))}.${body}.${signature}`,
    ),
    vector('signature: one bit in the payload', flip(honest, 1)),
    vector('signature: one bit in the signature', flip(honest, 2)),
    vector('signature: too short', honest.slice(0, -4)),
    vector('signature: none', `${head}.${body}.`),

    // Times
    claiming('exp: over for ten seconds', plain, { now: NOW + 250, error: 'token_expired' }),
    claiming('exp: over for a year', plain, { now: NOW + 31_536_000, error: 'token_expired' }),
    claiming('exp: none', without(plain, 'exp')),
    changed('exp: a text', { exp: String(plain.exp) }),
    changed('exp: a fraction', { exp: NOW + 239.5 }),
    changed('exp: no later than iat', { exp: plain.iat }),
    changed('exp: 301 seconds after iat', { exp: NOW + 241 }),
    changed('exp: in ten years', { exp: NOW + 315_360_000 }),
    claiming('iat: none', without(plain, 'iat')),
    changed('iat: not yet', { iat: NOW + 11 }),
    changed('iat: below zero', { iat: -1, exp: 200 }),
    changed('auth_time: a text', { auth_time: 'today' }),
    changed('gen: larger than 2^53 - 1', { gen: 2 ** 53 }),

    // The protocol's own members
    changed('sub: empty', { sub: '' }),
    changed('sub: a number', { sub: 7 }),
    changed('sub: with a control character', { sub: 'ada\n' }),
    changed('sub: half of a character', { sub: 'ada\ud83d' }),
    changed('sub: 256 bytes', { sub: 'é'.repeat(128) }),
    changed('act: a text', { act: 'root' }),
    changed('act: nobody', { act: {} }),
    changed('act: with more than who it is', { act: { sub: 'root', act: { sub: 'eve' } } }),
    changed('until: a text', { until: 'tomorrow' }),
    changed('sk: too short', { sk: String(plain.sk).slice(1) }),
    changed('sk: a handle in clear', { sk: 'A'.repeat(43) }),
    claiming(
      'sk: under the name that the reader expects, of another form',
      { ...plain, sid: 'x' },
      { sessionField: 'sid' },
    ),
    changed('st: too long', { st: `${String(plain.st)}A` }),
    changed('claims: a list', { claims: [] }),
    changed('remember: a text', { remember: 'no' }),

    // Form
    vector('form: empty', ''),
    vector('form: two parts', `${head}.${body}`),
    vector('form: five parts, as a ticket has', `${honest}.${body}.${signature}`),
    vector('form: with a line feed', `${honest}\n`),
    vector('form: with a space', ` ${honest}`),
    vector('form: with padding', `${honest}==`),
    vector('form: the other alphabet', `${honest.slice(0, -2)}+/`),
    changed('form: 4,097 characters and more', { text: 't'.repeat(3000) }),
  ]
}
