/** Every wrong option of a site is one clear line at start-up, and never a surprise at a request. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto'

import { expect } from 'chai'
import { generateSite, type GeneratedSiteKeys, type SiteRegistration } from 'session-hub/hub'
import { createSite, type SiteOptions } from 'session-hub/site'

import { expectOptionFault } from '../support/option-fault.js'

/** A key pair as a JWK. */
function pair(type: string, options: object = {}): object {
  const generate = generateKeyPairSync as (type: string, options: object) => { privateKey: KeyObject }
  return { ...generate(type, options).privateKey.export({ format: 'jwk' }), kid: 'pair' }
}

/** What the options are wrong in, and the words that the line has to hold. */
type Fault = readonly [question: string, options: () => unknown, ...words: string[]]

describe('createSite', () => {
  let keys: GeneratedSiteKeys
  let registration: SiteRegistration
  let others: GeneratedSiteKeys

  before(async () => {
    ;({ keys, registration } = await generateSite('https://shop.example'))
    others = (await generateSite('https://travel.example')).keys
  })

  const good = () => ({ origin: 'https://shop.example', hub: 'https://hub.example', keys })
  const start = (options: unknown) => createSite(options as SiteOptions)
  const but = (changes: object) => ({ ...good(), ...changes })
  const withKeys = (change: object) => but({ keys: { ...keys, ...change } })

  const faults: Record<string, readonly Fault[]> = {
    'the options': [
      ['are missing', () => undefined, 'createSite', 'object of options'],
      ['are a list', () => [good()], 'createSite', 'object of options'],
      ['hold a slip', () => but({ freshForSecond: 60 }), 'did you mean "freshForSeconds"?'],
      [
        'hold a name in another case',
        () => but({ onreplaced: () => undefined }),
        'did you mean "onReplaced"?',
      ],
      [
        'hold what nobody knows',
        () => but({ wonderful: true }),
        '"wonderful"',
        'known are origin, hub, keys',
      ],
    ],
    'an origin': [
      ['of the site is missing', () => but({ origin: undefined }), '"origin"', 'https://shop.example'],
      ['of the hub is missing', () => but({ hub: undefined }), '"hub"'],
      ['of the hub is an object', () => but({ hub: new URL('https://hub.example') }), '"hub"', 'is a string'],
      [
        'ends with a slash',
        () => but({ origin: 'https://shop.example/' }),
        'did you mean "https://shop.example"?',
      ],
      ['has a path', () => but({ hub: 'https://hub.example/sso' }), 'did you mean "https://hub.example"?'],
      [
        'is in upper case',
        () => but({ origin: 'https://SHOP.example' }),
        'did you mean "https://shop.example"?',
      ],
      ['is plain http', () => but({ hub: 'http://hub.example' }), '"hub"', 'has to be https'],
      ['is a wildcard', () => but({ origin: 'https://*.example' }), '"origin"'],
    ],
    '"keys"': [
      ['are missing', () => but({ keys: undefined }), '"keys"', '"session-hub sites add" makes them'],
      ['are a name', () => but({ keys: 'shop' }), '"keys"', '"session-hub sites add" makes them'],
      ['are JSON that breaks off', () => but({ keys: JSON.stringify(keys).slice(0, 50) }), 'begins as JSON'],
      ['are empty', () => but({ keys: {} }), 'keys.signing'],
      ['hold a slip', () => withKeys({ tickets: keys.ticket }), 'did you mean "ticket"?'],
      ['lack the signing key', () => withKeys({ signing: undefined }), 'keys.signing', 'JWK'],
      ['lack the ticket key', () => withKeys({ ticket: undefined }), 'keys.ticket', 'JWK'],
      ['lack the session key', () => withKeys({ session: undefined }), 'keys.session', 'JWK'],
      ['open tickets with none of a list', () => withKeys({ ticket: [] }), 'keys.ticket', 'at least one key'],
      [
        'sign with the public half',
        () => withKeys({ signing: registration.signingKeys[0] }),
        'keys.signing',
        'only the public half',
      ],
      ['sign with a secret', () => withKeys({ signing: keys.ticket }), 'keys.signing', 'EC key on P-256'],
      [
        'open tickets with a signing key',
        () => withKeys({ ticket: keys.signing }),
        'keys.ticket',
        'symmetric',
      ],
      [
        'sign sessions with a signing key',
        () => withKeys({ session: keys.signing }),
        'keys.session',
        'a key of their own',
      ],
      ['are text each', () => withKeys({ ticket: keys.ticket.k }), 'keys.ticket', 'JWK'],
      [
        'have a short ticket key',
        () => withKeys({ ticket: { ...keys.ticket, k: keys.ticket.k.slice(0, 22) } }),
        'keys.ticket',
        '256 bits',
      ],
      [
        'have a short session key',
        () => withKeys({ session: { ...keys.session, k: 'c2VjcmV0' } }),
        'keys.session',
        '256 bits',
      ],
      [
        'have a long one',
        () => withKeys({ session: { ...keys.session, k: `${keys.session.k}A` } }),
        '256 bits',
      ],
      [
        'have one without a name',
        () => withKeys({ session: { ...keys.session, kid: '' } }),
        'session',
        '"kid"',
      ],
      [
        'have two ticket keys of one name',
        () => withKeys({ ticket: [keys.ticket, { ...others.ticket, kid: keys.ticket.kid }] }),
        'keys.ticket',
        'two keys have the kid',
      ],
      [
        'have two session keys of one name',
        () => withKeys({ session: [keys.session, { ...others.session, kid: keys.session.kid }] }),
        'keys.session',
        'two keys have the kid',
      ],
    ],
    '"fields"': [
      ['are no list', () => but({ fields: 'name' }), '"fields" has to be a list'],
      ['hold a number', () => but({ fields: [5] }), '"fields" has an entry that is neither a path'],
      [
        'hold four names',
        () => but({ fields: [['a', 'b', 'c', 'd']] }),
        '"fields" has an entry that is neither',
      ],
      ['hold an empty path', () => but({ fields: [''] }), 'which is not a path'],
      ['hold two dots', () => but({ fields: ['a..b'] }), '"a..b", which is not a path'],
      ['reach for the prototype', () => but({ fields: [['__proto__.x', 'x']] }), 'which is not a path'],
      ['hold one path twice', () => but({ fields: ['name', ['name', 'n']] }), 'lists the path "name" twice'],
      [
        'give two paths one name',
        () => but({ fields: ['name', ['profile.name', 'p', 'name']] }),
        'gives the name "name" to "name" and to "profile.name"',
      ],
      ['take a name of JWT', () => but({ fields: [['role', 'aud']] }), '"aud" is a registered claim of JWT'],
      [
        'take it as a long name',
        () => but({ fields: [['role', 'r', 'exp']] }),
        '"exp" is a registered claim',
      ],
      ['take the session field', () => but({ fields: [['role', 'sk']] }), '"sk" is the session field'],
      [
        'take the one that is set',
        () => but({ sessionField: 'sid', fields: ['sid'] }),
        '"sid" is the session field',
      ],
      ['take one of ours', () => but({ fields: [['role', 'st']] }), "claim of the session token's own"],
      ['have an odd name', () => but({ fields: [['role', 'a b']] }), 'a name has 1 to 32 letters'],
      ['have a number as a name', () => but({ fields: [['role', 1]] }), 'something that is no text'],
      [
        'are too many',
        () => but({ fields: Array.from({ length: 17 }, (_, at) => `f${at}`) }),
        'has 17 entries; 16 are allowed',
      ],
    ],
    'the property': [
      ['is a header', () => but({ sessionProperty: 'headers' }), '"sessionProperty"'],
      ['is no name', () => but({ sessionProperty: 'my session' }), '"sessionProperty"', 'such as "hub"'],
    ],
    'the session token': [
      [
        'has a session field of JWT',
        () => but({ sessionField: 'jti' }),
        '"sessionField": "jti" is a registered',
      ],
      ['has one of our names', () => but({ sessionField: 'claims' }), '"sessionField": "claims" is a claim'],
      [
        'has no function for claims',
        () => but({ tokenClaims: { a: 1 } }),
        '"tokenClaims" has to be a function',
      ],
      ['is kept for ever', () => but({ cookieSeconds: 34_560_001 }), '"cookieSeconds"', '60 to 34560000'],
      [
        'names no file',
        () => withKeys({ session: keys.session.k }),
        'keys.session',
        'a file that can be read',
      ],
      [
        'has a short RSA key',
        () => withKeys({ session: pair('rsa', { modulusLength: 1024 }) }),
        '2048 to 4096 bits',
      ],
      [
        'has a long RSA key',
        () => withKeys({ session: pair('rsa', { modulusLength: 4104 }) }),
        '2048 to 4096 bits',
      ],
      [
        'has another curve',
        () => withKeys({ session: pair('ec', { namedCurve: 'P-384' }) }),
        'P-256 (ES256)',
      ],
      [
        'has another alg',
        () => withKeys({ session: { ...pair('ed25519'), alg: 'ES256' } }),
        'used for EdDSA alone',
      ],
      [
        'has the public half',
        () => withKeys({ session: { ...pair('ed25519'), d: undefined } }),
        'only the public half',
      ],
      [
        'has the public half as a PEM',
        () =>
          withKeys({
            session: generateKeyPairSync('ed25519').publicKey.export({ format: 'pem', type: 'spki' }),
          }),
        'PEM holds only the public half',
      ],
      ['has a broken PEM', () => withKeys({ session: '-----BEGIN PRIVATE KEY-----\nAA' }), 'no private key'],
      [
        'has a pair without a kid',
        () => withKeys({ session: { ...pair('ed25519'), kid: undefined } }),
        '"kid"',
      ],
    ],
    '"removedPath"': [
      [
        'is no path',
        () => but({ removedPath: 'shop', endpoint: '/shop/session-hub' }),
        '"removedPath"',
        '"/shop"',
      ],
      [
        'ends with a slash',
        () => but({ removedPath: '/shop/', endpoint: '/shop/session-hub' }),
        '"removedPath"',
      ],
      ['is the root', () => but({ removedPath: '/', endpoint: '/shop/session-hub' }), '"removedPath"'],
      ['is no text', () => but({ removedPath: ['/shop'], endpoint: '/shop/session-hub' }), '"removedPath"'],
      [
        'is not how the endpoint begins',
        () => but({ removedPath: '/shop' }),
        '"removedPath"',
        '"/session-hub"',
      ],
      [
        'ends within a segment',
        () => but({ removedPath: '/sho', endpoint: '/shop/session-hub' }),
        '"removedPath"',
      ],
      ['is all of the endpoint', () => but({ removedPath: '/session-hub' }), '"removedPath"'],
    ],
    '"cookieName"': [
      ['is not pinned to the host', () => but({ cookieName: 'session' }), '"cookieName"', '"__Host-"'],
      ['is pinned less', () => but({ cookieName: '__Secure-session' }), '"cookieName"', '"__Host-"'],
      ['is pinned in another case', () => but({ cookieName: '__host-session' }), '"cookieName"', '"__Host-"'],
      ['is too long', () => but({ cookieName: `__Host-${'a'.repeat(58)}` }), '"cookieName"', '64'],
      ['is the prefix alone', () => but({ cookieName: '__Host-' }), '"cookieName"'],
      ['would end the cookie', () => but({ cookieName: '__Host-a; Domain=example' }), '"cookieName"'],
      ['is that of the state', () => but({ cookieName: '__Host-session-state' }), '"cookieName"'],
    ],
    '"endpoint"': [
      ['lacks its slash', () => but({ endpoint: 'session-hub' }), '"endpoint"', '/session-hub'],
      ['ends with one', () => but({ endpoint: '/session-hub/' }), '"endpoint"', '/session-hub'],
      ['is the root', () => but({ endpoint: '/' }), '"endpoint"'],
      ['is an address', () => but({ endpoint: 'https://shop.example/session-hub' }), '"endpoint"'],
      ['climbs', () => but({ endpoint: '/../x' }), '"endpoint"'],
      ['is a list', () => but({ endpoint: ['/session-hub'] }), '"endpoint"'],
    ],
    '"host"': [
      ['is no text', () => but({ host: 5 }), '"host"'],
      ['is empty', () => but({ host: '' }), '"host"'],
      ['is an origin', () => but({ host: 'https://shop.example' }), '"host"'],
      ['is in upper case, as no browser sends it', () => but({ host: 'Shop.example' }), '"host"'],
    ],
    'a number': [
      ['is text', () => but({ freshForSeconds: '60' }), '"freshForSeconds"', '1 to 300', 'not "60"'],
      ['trusts for too long (R28)', () => but({ freshForSeconds: 301 }), '"freshForSeconds"', '1 to 300'],
      ['trusts for no time', () => but({ freshForSeconds: 0 }), '"freshForSeconds"', '1 to 300'],
      ['is no whole one', () => but({ hubTimeoutMs: 99.9 }), '"hubTimeoutMs"', 'not 99.9'],
      ['is none', () => but({ graceForSeconds: NaN }), '"graceForSeconds"', 'not NaN'],
      ['is endless', () => but({ graceForSeconds: Infinity }), '"graceForSeconds"', 'not Infinity'],
      ['is below zero', () => but({ graceForSeconds: -1 }), '"graceForSeconds"', 'not -1'],
      [
        'takes tickets that are too old',
        () => but({ maxTicketSeconds: 301 }),
        '"maxTicketSeconds"',
        '5 to 300',
      ],
      ['waits too shortly', () => but({ hubTimeoutMs: 10 }), '"hubTimeoutMs"', '50 to 30000'],
      ['lets nobody in', () => but({ perAddress: 0 }), '"perAddress"'],
    ],
    'another option': [
      ['is true in text', () => but({ alwaysReplace: 'true' }), '"alwaysReplace" has to be true or false'],
      ['is consent and no function', () => but({ mayShare: true }), '"mayShare" has to be a function'],
      ['is a hook and no function', () => but({ onReplaced: 'log' }), '"onReplaced" has to be a function'],
      ['is a logger and no function', () => but({ log: console }), '"log" has to be a function'],
      ['is a clock and no function', () => but({ now: new Date() }), '"now" has to be a function'],
    ],
  }

  for (const [what, table] of Object.entries(faults)) {
    describe(`is it one clear line when ${what}`, () => {
      for (const [question, options, ...words] of table) {
        it(`${question}?`, () => expectOptionFault(() => start(options()), words))
      }
    })
  }

  describe('does it take', () => {
    const fine: Record<string, () => unknown> = {
      'the least that it needs': () => good(),
      'every option at once': () =>
        but({
          endpoint: '/shop/session',
          host: 'shop.internal:8080',
          cookieName: '__Host-shop_session-2',
          freshForSeconds: 1,
          cookieSeconds: 60,
          fields: ['name', ['profile.email', 'email'], ['data.cart.total', 't', 'total']],
          tokenClaims: () => ({}),
          sessionField: 'sid',
          graceForSeconds: 0,
          maxTicketSeconds: 5,
          alwaysReplace: true,
          mayStore: async () => false,
          mayShare: async () => false,
          onReplaced: () => undefined,
          onSignedIn: () => undefined,
          onEnded: () => undefined,
          hubTimeoutMs: 50,
          perAddress: 1,
          log: () => undefined,
          now: Date.now,
        }),
      'the largest numbers': () => but({ freshForSeconds: 300, maxTicketSeconds: 300, hubTimeoutMs: 30_000 }),
      'a list of keys, while they change': () =>
        withKeys({ ticket: [keys.ticket, others.ticket], session: [others.session, keys.session] }),
      'a site and a hub on one machine': () =>
        but({ origin: 'http://localhost:3000', hub: 'http://hub.localhost:4000' }),
    }
    for (const [what, options] of Object.entries(fine)) {
      it(`${what}?`, async () => {
        ;(await start(options())).close()
      })
    }
  })

  it('does it start while its hub is down?', async () => {
    const site = await start(but({ hub: 'http://hub.localhost:1' }))
    expect(site.scriptTag()).to.include('data-hub="http://hub.localhost:1"')
    site.close()
  })
})
