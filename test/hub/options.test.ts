/** Every wrong option of a hub is one clear line at start-up, and never a surprise at a request. */
import { existsSync } from 'node:fs'

import { expect } from 'chai'
import {
  createHub,
  generateHubKeys,
  generateSite,
  type GeneratedSiteKeys,
  type HubKeys,
  type HubOptions,
  memoryStore,
  type SiteRegistration,
} from 'session-hub/hub'

import { expectOptionFault } from '../support/option-fault.js'

/** What the options are wrong in, and the words that the line has to hold. */
type Fault = readonly [question: string, options: () => unknown, ...words: string[]]

describe('createHub', () => {
  let keys: HubKeys
  let shop: { keys: GeneratedSiteKeys; registration: SiteRegistration }
  let travel: typeof shop

  before(async () => {
    keys = generateHubKeys()
    shop = await generateSite('https://shop.example')
    travel = await generateSite('https://travel.example')
  })

  const good = () => ({ origin: 'https://hub.example', keys, store: memoryStore() })
  const start = (options: unknown) => createHub(options as HubOptions)
  const but = (changes: object) => ({ ...good(), ...changes })
  const withOrigin = (origin: unknown) => () => but({ origin })
  const withKeys = (change: object) => but({ keys: { ...keys, ...change } })
  const withSite = (change: object) => but({ sites: [{ ...shop.registration, ...change }] })

  const faults: Record<string, readonly Fault[]> = {
    'the options': [
      ['are missing', () => undefined, 'createHub', 'object of options'],
      ['are a list', () => [good()], 'createHub', 'object of options'],
      ['hold a slip', () => but({ maxSesions: 3 }), '"maxSesions"', 'did you mean "maxSessions"?'],
      ['hold a name in another case', () => but({ findsite: () => null }), 'did you mean "findSite"?'],
      [
        'hold what nobody knows',
        () => but({ wonderful: true }),
        '"wonderful"',
        'known are origin, keys, sites',
      ],
    ],
    '"origin"': [
      ['is missing', withOrigin(undefined), '"origin"', 'https://shop.example'],
      ['is no text', withOrigin(5), '"origin"', 'is a string'],
      ['lacks its scheme', withOrigin('hub.example'), '"hub.example"', 'write it as'],
      ['ends with a slash', withOrigin('https://hub.example/'), 'did you mean "https://hub.example"?'],
      ['has a path', withOrigin('https://hub.example/sso'), 'did you mean "https://hub.example"?'],
      ['is in upper case', withOrigin('https://Hub.Example'), 'did you mean "https://hub.example"?'],
      [
        'names the default port',
        withOrigin('https://hub.example:443'),
        'did you mean "https://hub.example"?',
      ],
      [
        'is in another script',
        withOrigin('https://bücher.example'),
        'did you mean "https://xn--bcher-kva.example"?',
      ],
      ['is plain http', withOrigin('http://hub.example'), 'has to be https'],
      ['is plain http to another machine', withOrigin('http://192.168.0.7:4000'), 'has to be https'],
      ['is of another scheme', withOrigin('ftp://hub.example'), 'neither https nor http'],
      ['is longer than a name can be', withOrigin(`https://${'a'.repeat(250)}.example`), 'characters'],
      ['is a wildcard', withOrigin('https://*.example'), '"https://*.example"'],
      ['would end a policy', withOrigin('https://evil.example;.hub.example'), 'evil.example;.hub.example'],
    ],
    '"keys"': [
      ['are missing', () => but({ keys: undefined }), '"keys"', '"session-hub keys" makes them'],
      ['are text', () => but({ keys: JSON.stringify(keys) }), '"keys"', '"session-hub keys" makes them'],
      ['hold a slip', () => withKeys({ secrets: 'x' }), 'did you mean "secret"?'],
      ['lack the secret', () => withKeys({ secret: undefined }), '"secret"', '43 base64url characters'],
      ['have a short secret', () => withKeys({ secret: 'c2hvcnQ' }), '"secret"', '43 base64url characters'],
    ],
    '"sites"': [
      ['are no list', () => but({ sites: shop.registration }), '"sites" has to be a list'],
      ['are origins only', () => but({ sites: ['https://shop.example'] }), 'sites[0]'],
      ['hold a slip', () => withSite({ mayofer: false }), 'sites[0]', 'did you mean "mayOffer"?'],
      [
        'have a wrong origin',
        () => withSite({ origin: 'https://shop.example/' }),
        'sites[0]',
        'did you mean',
      ],
      ['are plain http', () => withSite({ origin: 'http://shop.example' }), 'sites[0]', 'has to be https'],
      [
        'have one origin twice',
        () => but({ sites: [shop.registration, { ...travel.registration, origin: 'https://shop.example' }] }),
        'sites[1]',
        '"https://shop.example" occurs twice',
      ],
      ['lack signing keys', () => withSite({ signingKeys: [] }), '"signingKeys"', 'at least one key'],
      ['lack ticket keys', () => withSite({ ticketKeys: undefined }), '"ticketKeys"', 'at least one key'],
      [
        'have a private key',
        () => withSite({ signingKeys: [shop.keys.signing] }),
        'sites[0].signingKeys[0]',
        'private key',
        'only its public half',
      ],
      [
        'verify with a secret',
        () => withSite({ signingKeys: [shop.keys.ticket] }),
        'signingKeys[0]',
        'EC key',
      ],
      [
        'encrypt with a public key',
        () => withSite({ ticketKeys: shop.registration.signingKeys }),
        'ticketKeys[0]',
        'symmetric',
      ],
      [
        'have a short ticket key',
        () => withSite({ ticketKeys: [{ ...shop.keys.ticket, k: shop.keys.ticket.k.slice(0, 22) }] }),
        'ticketKeys[0]',
        '256 bits',
      ],
      [
        'have two signing keys of one name',
        () => withSite({ signingKeys: [shop.registration.signingKeys[0], shop.registration.signingKeys[0]] }),
        'two keys have the kid',
      ],
      [
        'have two ticket keys of one name',
        () =>
          withSite({ ticketKeys: [shop.keys.ticket, { ...travel.keys.ticket, kid: shop.keys.ticket.kid }] }),
        'two keys have the kid',
      ],
      ['may offer perhaps', () => withSite({ mayOffer: 'no' }), '"mayOffer" has to be true or false'],
      ['are on in text', () => withSite({ enabled: 'false' }), '"enabled" has to be true or false'],
      ...['own', '/', '/own/', '/own//path', '/../own', '/own?x=1', 'https://shop.example/own', 5, null].map(
        (endpoint): Fault => [
          `have the endpoint ${JSON.stringify(endpoint)}`,
          () => withSite({ endpoint }),
          'sites[0]: "endpoint" has to be a path such as "/session-hub"',
        ],
      ),
      [
        'have one sister and no list',
        () => withSite({ sisters: 'https://travel.example' }),
        'sites[0]: "sisters" has to be a list of at most 64 origins',
      ],
      ['have no sisters in another word', () => withSite({ sisters: null }), '"sisters" has to be a list'],
      [
        'have more sisters than one may have',
        () => withSite({ sisters: Array.from({ length: 65 }, (_, at) => `https://site-${at}.example`) }),
        'at most 64 origins',
      ],
      [
        'have a sister with a path',
        () => withSite({ sisters: ['https://travel.example', 'https://blog.example/start'] }),
        'sites[0]: "sisters"',
        'did you mean "https://blog.example"?',
      ],
      [
        'have a sister on plain http',
        () => withSite({ sisters: ['http://blog.example'] }),
        'has to be https',
      ],
      ['have a sister that is no text', () => withSite({ sisters: [7] }), '"sisters"', 'is a string'],
      [
        'have every sister there is',
        () => withSite({ sisters: ['https://*.example'] }),
        '"https://*.example"',
      ],
      ['hold a slip for sisters', () => withSite({ sister: [] }), 'did you mean "sisters"?'],
    ],
    'a number': [
      ['is text', () => but({ ticketSeconds: '30' }), '"ticketSeconds"', '5 to 300', 'not "30"'],
      ['is too small', () => but({ ticketSeconds: 4 }), '"ticketSeconds"', '5 to 300', 'not 4'],
      ['is too large', () => but({ ticketSeconds: 301 }), '"ticketSeconds"', '5 to 300', 'not 301'],
      ['is no whole one', () => but({ maxSessions: 90.5 }), '"maxSessions"', 'not 90.5'],
      ['is endless', () => but({ maxSessions: Infinity }), '"maxSessions"', 'not Infinity'],
      ['is none', () => but({ maxSessions: NaN }), '"maxSessions"', 'not NaN'],
      ['is a BigInt', () => but({ maxSessions: 3600n }), '"maxSessions"', 'whole number'],
      ['is null', () => but({ maxSessions: null }), '"maxSessions"', 'not null'],
      [
        'of the waiting is below zero',
        () => but({ storeWaitSeconds: -1 }),
        '"storeWaitSeconds"',
        '0 to 3600',
      ],
      ['is below zero', () => but({ siteCacheSeconds: -1 }), '"siteCacheSeconds"', '0 to 3600'],
      ['of the limits is zero', () => but({ limits: { perSite: 0 } }), 'limits', '"perSite"', 'not 0'],
      ['of the limits has a slip', () => but({ limits: { perAdress: 9 } }), 'did you mean "perAddress"?'],
    ],
    'another option': [
      [
        'is none of the policies',
        () => but({ conflict: 'mine' }),
        '"conflict"',
        '"keep-both", "hub", "site"',
      ],
      ['is no merge', () => but({ merge: 'both' }), '"merge"', '"fill", "winner", "loser"'],
      ['is a merge by half', () => but({ merge: { cart: 'union' } }), 'merge: unknown option "cart"'],
      ['is a merge by no keys', () => but({ merge: { keys: ['cart'] } }), 'merge', '"keys"', 'an object'],
      [
        'is a merge of one key by no name',
        () => but({ merge: { keys: { cart: 'fill' } } }),
        'merge: keys',
        '"cart"',
        '"winner", "loser", "union", "sum"',
      ],
      [
        'is a merge of the rest by a name for keys',
        () => but({ merge: { default: 'sum', keys: {} } }),
        'merge',
        '"default"',
        '"fill", "winner", "loser"',
      ],
      ['is a rule of its own words', () => but({ singleSession: 'yes' }), '"singleSession"', 'true or false'],
      ['is a sign-out by number', () => but({ endAllOnSignOut: 1 }), '"endAllOnSignOut"', 'true or false'],
      ['is no way to give way', () => but({ evict: 'newest' }), '"evict"', '"oldest", "refuse"'],
      ['is no limit at all', () => but({ maxSessions: 0 }), '"maxSessions"', '1 to 1000', 'not 0'],
      [
        'is a life in one number',
        () => but({ lifetimes: 3600 }),
        '"lifetimes"',
        '"anonymous" and "signedIn"',
      ],
      ['is the life of nobody', () => but({ lifetimes: { signedin: {} } }), 'did you mean "signedIn"?'],
      [
        'is a life with a slip',
        () => but({ lifetimes: { signedIn: { idelSeconds: 60 } } }),
        'lifetimes.signedIn',
        'did you mean "idleSeconds"?',
      ],
      [
        'is a life too short',
        () => but({ lifetimes: { anonymous: { idleSeconds: 59 } } }),
        'lifetimes.anonymous',
        '"idleSeconds"',
        '60 to 34560000',
      ],
      [
        'is a life too long',
        () => but({ lifetimes: { signedIn: { absoluteSeconds: 34_560_001 } } }),
        'lifetimes.signedIn',
        '"absoluteSeconds"',
      ],
      ['is a lookup and no function', () => but({ findSite: {} }), '"findSite" has to be a function'],
      ['is a logger and no function', () => but({ log: console }), '"log" has to be a function'],
      ['is a clock and no function', () => but({ now: Date.now() }), '"now" has to be a function'],
      ['is a store and a path', () => but({ store: 'hub.sqlite' }), '"store"'],
      ['is a store that lacks its methods', () => but({ store: { find: () => undefined } }), '"store"'],
    ],
  }

  for (const [what, table] of Object.entries(faults)) {
    describe(`is it one clear line when ${what}`, () => {
      for (const [question, options, ...words] of table) {
        it(`${question}?`, () => expectOptionFault(() => start(options()), words))
      }
    })
  }

  it('does a wrong option leave no database behind?', async () => {
    await expectOptionFault(() => start({ ...good(), store: undefined, merge: 5 }), ['"merge"'])
    expect(existsSync('session-hub.sqlite')).to.be.false
  })

  describe('does it take', () => {
    const fine: Record<string, () => unknown> = {
      'the least that it needs': () => good(),
      'every option at once': () =>
        but({
          sites: [shop.registration, travel.registration],
          findSite: () => undefined,
          siteCacheSeconds: 0,
          ticketSeconds: 5,
          lifetimes: {
            anonymous: { idleSeconds: 60, absoluteSeconds: 60 },
            signedIn: { idleSeconds: 60, absoluteSeconds: 60 },
          },
          conflict: () => 'site',
          merge: () => ({}),
          singleSession: async () => true,
          maxSessions: 1,
          evict: 'refuse',
          endAllOnSignOut: () => true,
          limits: { perAddress: 1, perSession: 1, perSite: 1 },
          log: () => undefined,
          now: Date.now,
        }),
      'the largest numbers': () =>
        but({
          ticketSeconds: 300,
          lifetimes: { anonymous: { idleSeconds: 34_560_000, absoluteSeconds: 34_560_000 } },
          maxSessions: 1000,
          siteCacheSeconds: 3600,
        }),
      'words in the place of rules': () =>
        but({
          conflict: 'hub',
          merge: { default: 'loser', keys: { cart: 'union', points: 'sum' } },
          singleSession: true,
          endAllOnSignOut: true,
        }),
      'half a life': () => but({ lifetimes: { signedIn: { idleSeconds: 1800 } } }),
      'an origin with a port': () => but({ origin: 'https://hub.example:8443' }),
      'an origin with a dash and digits': () => but({ origin: 'https://hub-2.example-1.org' }),
      localhost: () => but({ origin: 'http://localhost:4000' }),
      'a name under localhost': () => but({ origin: 'http://hub.localhost:4000' }),
      'the loopback of IPv4': () => but({ origin: 'http://127.0.0.1:4000' }),
      'the loopback of IPv6': () => but({ origin: 'http://[::1]:4000' }),
      'two sites whose keys have one name': () =>
        but({
          sites: [
            shop.registration,
            { ...travel.registration, ticketKeys: [{ ...travel.keys.ticket, kid: shop.keys.ticket.kid }] },
          ],
        }),
      'an endpoint of a site, as long as the site likes': () => withSite({ endpoint: '/own/path-2/x_y' }),
      'no sisters, or as many as one may have': () =>
        but({
          sites: [
            { ...shop.registration, sisters: [] },
            {
              ...travel.registration,
              sisters: Array.from({ length: 64 }, (_, at) => `https://site-${at}.example`),
            },
          ],
        }),
    }
    for (const [what, options] of Object.entries(fine)) {
      it(`${what}?`, async () => (await start(options())).close())
    }
  })
})
