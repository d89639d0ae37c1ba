/** Each parser of the protocol by itself: what it takes, and each member at and beyond its bound. */
import { randomBytes } from 'node:crypto'

import { expect } from 'chai'

import * as bodies from '../../sdk/protocol/bodies.js'
import * as claims from '../../sdk/protocol/claims.js'
import { isErrorCode, SessionHubError } from '../../sdk/protocol/errors.js'
import { isEventId, parseEndedEvent, parseSubjectEndedEvent } from '../../sdk/protocol/events.js'
import { isAgent, isReason, isSubject, isText, isTime } from '../../sdk/protocol/fields.js'
import { isFrameMessage, readPageMessage } from '../../sdk/protocol/messages.js'

const random = (bytes: number) => randomBytes(bytes).toString('base64url')
const [tag, handle] = [random(16), random(32)]
const shop = 'https://shop.example'
const wrapped = random(40)

/** What a member may be, beside what the whole example has, and what it may not. */
type Member = readonly [name: string, right: readonly unknown[], wrong: readonly unknown[]]
interface Form {
  readonly parse: (value: unknown) => unknown
  readonly example: object
  readonly optional?: readonly string[]
  readonly members?: readonly Member[]
}

const tagForms: Member = ['jti', [random(16)], [random(15), random(32), '', 1, null]]
const handleForms: Member = ['handle', [random(32)], [random(16), random(33), '', 1]]
const handleOrNull: Member = ['handle', [null, random(32)], [random(16), undefined, '', 0]]
const flag = (name: string): Member => [name, [true, false], ['true', 0, null]]
const time = (name: string): Member => [name, [0, 1, Number.MAX_SAFE_INTEGER], [-1, 0.5, '1', NaN, 2 ** 53]]
const origin = (name: string): Member => [
  name,
  ['x'.repeat(128)],
  ['', 'x'.repeat(129), null, 1, ['https://shop.example']],
]
const object = (name: string): Member => [name, [{}, { a: 1 }], [null, [], 'text', 1]]
const token = (name: string): Member => [name, ['x', 'x'.repeat(4096)], ['', 'x'.repeat(4097), 1, {}]]

const view = {
  state: tag,
  subject: 'ada',
  claims: {},
  data: {},
  version: 1,
  auth_time: 1,
  expires_at: 1,
  remember: true,
  generation: 1,
  session_tag: tag,
  subject_tag: tag,
}
const viewMembers: readonly Member[] = [
  ['state', [random(16)], [random(32), null]],
  ['subject', [null, 'bob'], ['', 1, undefined]],
  object('claims'),
  object('data'),
  time('version'),
  ['auth_time', [null, 0], [-1, '0']],
  time('expires_at'),
  flag('remember'),
  time('generation'),
  ['session_tag', [random(16)], [null, random(32)]],
  ['subject_tag', [null, random(16)], [random(32), 0]],
]
const listed = {
  ref: tag,
  site: shop,
  sites: [shop],
  agent: null,
  created_at: 1,
  seen_at: 1,
  auth_time: null,
  expires_at: 1,
  current: true,
}

const forms: Readonly<Record<string, Form>> = {
  'the page’s offer': {
    parse: bodies.parseOfferBody,
    example: { nonce: handle },
    members: [['nonce', [random(32)], [random(16), 1, null]]],
  },
  'the page’s opt-out': {
    parse: bodies.parseForgetBody,
    example: { off: true },
    optional: ['off'],
    members: [flag('off')],
  },
  'the page’s question for a token': {
    parse: bodies.parseTokenBody,
    example: { audience: shop },
    members: [origin('audience')],
  },
  'the page’s ticket': {
    parse: bodies.parseRedeemBody,
    example: { ticket: 'x', verifier: handle },
    optional: ['verifier'],
    members: [token('ticket'), ['verifier', [random(32)], [random(31), null]]],
  },
  'an exchange': {
    parse: bodies.parseExchangeBody,
    example: { site: shop, nonce: handle, proof: 'x', offer: null, choice: 'hub' },
    optional: ['choice'],
    members: [
      origin('site'),
      ['proof', ['x'.repeat(128)], ['', 'x'.repeat(129), 1]],
      ['offer', [null, 'x'.repeat(4096)], ['', 'x'.repeat(4097)]],
      ['choice', ['hub', 'site', 'news'], ['other', '', null, 1, 'constructor']],
    ],
  },
  'an opt-out at the hub': {
    parse: bodies.parseHubForgetBody,
    example: { site: shop, nonce: handle, proof: 'x', forget: true },
    members: [origin('site'), ['proof', ['x'.repeat(128)], ['', 'x'.repeat(129)]], flag('forget')],
  },
  'a look': {
    parse: bodies.parseLookBody,
    example: { site: shop, nonce: handle, proof: 'x', state: tag },
    optional: ['state'],
    members: [
      ['proof', ['x'.repeat(128)], ['', 'x'.repeat(129)]],
      ['state', [random(16)], [random(32), null]],
    ],
  },
  'a redemption': {
    parse: bodies.parseBackchannelRedeem,
    example: {
      grant: wrapped,
      jti: tag,
      exp: 1,
      mode: 'frame',
      origin: shop,
      previous: null,
      overrule: false,
      nonce: handle,
      sub: 'ada',
      chosen: tag,
      use: tag,
    },
    optional: ['nonce', 'sub', 'chosen', 'use'],
    members: [
      tagForms,
      time('exp'),
      ['mode', ['frame', 'link', 'redirect'], ['page', '', null, 'toString']],
      origin('origin'),
      ['previous', [null, random(32)], [random(16), '']],
      flag('overrule'),
      ['sub', ['bob'], ['', 1, '\u0000']],
      ['use', [random(16)], ['x']],
    ],
  },
  'an end': {
    parse: bodies.parseEndBody,
    example: { handle: null, everywhere: true, jti: tag, exp: 1 },
    optional: ['everywhere', 'jti', 'exp'],
    members: [handleOrNull, flag('everywhere'), tagForms, time('exp')],
  },
  'an end of another session': {
    parse: bodies.parseEndOtherBody,
    example: { handle, ref: tag, jti: tag },
    optional: ['ref', 'jti'],
    members: [handleForms, ['ref', [random(16)], ['x', null]], tagForms],
  },
  'a handle alone': { parse: bodies.parseHandleBody, example: { handle }, members: [handleForms] },
  'a parting': {
    parse: bodies.parsePartBody,
    example: { handle, jti: tag },
    optional: ['jti'],
    members: [handleForms, tagForms],
  },
  'an update': {
    parse: bodies.parseUpdateBody,
    example: { handle, patch: {}, version: 1, jti: tag },
    optional: ['version', 'jti'],
    members: [handleOrNull, object('patch'), time('version'), tagForms],
  },
  'new claims': {
    parse: bodies.parseClaimsBody,
    example: { handle, patch: {}, jti: tag },
    optional: ['jti'],
    members: [handleForms, object('patch'), tagForms],
  },
  'a sign-in': {
    parse: bodies.parseSignInBody,
    example: {
      handle: null,
      subject: 'ada',
      claims: {},
      auth_time: 1,
      jti: tag,
      exp: 1,
      remember: false,
      agent: 'a browser',
      idp: handle,
    },
    optional: ['auth_time', 'jti', 'exp', 'remember', 'agent', 'idp'],
    members: [
      handleOrNull,
      ['subject', ['ada'], ['', null, 7]],
      object('claims'),
      time('auth_time'),
      flag('remember'),
      ['agent', ['x'.repeat(256)], ['', 'x'.repeat(257), 'a\u0007b', 1]],
      ['idp', [random(32)], [random(16)]],
    ],
  },
  'acting as a user': {
    parse: bodies.parseActAsBody,
    example: { handle, subject: 'ada', claims: {}, reason: 'a call', seconds: 60, jti: tag },
    optional: ['jti'],
    members: [
      handleForms,
      ['subject', ['ada'], ['', null]],
      object('claims'),
      ['reason', ['x', 'x'.repeat(200)], ['', ' ', '\t', 'x'.repeat(201), 'a\u0000b', null]],
      ['seconds', [60, 28_800], [59, 28_801, 60.5, '60', null]],
    ],
  },
  'no more acting': {
    parse: bodies.parseStopActingBody,
    example: { handle, jti: tag },
    optional: ['jti'],
    members: [handleForms, tagForms],
  },
  'a link': {
    parse: bodies.parseBackchannelLink,
    example: { handle, to: shop },
    members: [handleForms, origin('to')],
  },
  'the page’s link': { parse: bodies.parseLinkBody, example: { to: shop }, members: [origin('to')] },
  nothing: { parse: bodies.parseEmptyBody, example: {} },
  'a link’s answer': {
    parse: bodies.parseLinkReply,
    example: { ticket: 'x', endpoint: '/shop/session-hub' },
    optional: ['endpoint'],
    members: [
      ['ticket', [null, 'x'.repeat(4096)], ['', 'x'.repeat(4097), 1]],
      // R10: a path of the sister's own, whatever stands before it.
      [
        'endpoint',
        ['/session-hub', '/a/b-1/c_2'],
        [
          '',
          '/',
          '//evil.example',
          '/\\evil.example',
          '@evil.example',
          ':80@evil.example',
          '.evil.example',
          '/..',
          '/a/',
          '/a?b',
          '/a#b',
          '/a%2f',
          '/a\n',
          'https://evil.example/a',
          ['/a'],
          null,
        ],
      ],
    ],
  },
  'the sisters': {
    parse: bodies.parseSistersReply,
    example: { sisters: [shop] },
    members: [
      [
        'sisters',
        [[], Array(64).fill(shop)],
        [Array(65).fill(shop), [1], [''], { 0: shop, length: 1 }, shop],
      ],
    ],
  },
  'the keys of a site': {
    parse: bodies.parseKeysBody,
    example: { ticket_keys: [tag] },
    members: [
      ['ticket_keys', [[], Array(16).fill(tag)], [Array(17).fill(tag), [handle], [1], tag, { length: 0 }]],
    ],
  },
  'a session as the hub shows it': {
    parse: bodies.parseSessionView,
    example: { ...view, handle, actor: 'eve', acting_until: 1 },
    optional: ['handle', 'actor', 'acting_until'],
    members: [...viewMembers, handleForms, ['actor', ['eve'], ['', null]], time('acting_until')],
  },
  'what a ticket gave': {
    parse: bodies.parseRedeemedView,
    example: { ...view, handle, was_empty: false, reason: 'empty', from: shop },
    optional: ['from'],
    members: [
      ...viewMembers,
      handleForms,
      flag('was_empty'),
      ['reason', ['merged', 'same-user'], ['', 'because', null]],
      origin('from'),
    ],
  },
  'a list of sessions': {
    parse: bodies.parseListReply,
    example: { sessions: [listed] },
    members: [
      [
        'sessions',
        [[], Array(100).fill(listed), [{ ...listed, sites: Array(16).fill(shop), agent: 'x', auth_time: 1 }]],
        [
          Array(101).fill(listed),
          [{ ...listed, sites: Array(17).fill(shop) }],
          [{ ...listed, ref: handle }],
          [{ ...listed, current: 1 }],
          [{ ...listed, agent: '' }],
          [{ ...listed, more: 1 }],
          [null],
          { length: 0 },
          'sessions',
        ],
      ],
    ],
  },
  'a count': { parse: bodies.parseCountReply, example: { ended: 1 }, members: [time('ended')] },
  'the end of a session': {
    parse: parseEndedEvent,
    example: { session_tag: tag, reason: 'signed-out' },
    members: [
      ['session_tag', [random(16)], [handle, null]],
      ['reason', ['revoked', 'replaced'], ['because', '', null, 'constructor']],
    ],
  },
  'the end of a user’s sessions': {
    parse: parseSubjectEndedEvent,
    example: { subject_tag: tag, generation: 1, reason: 'revoked' },
    members: [
      ['subject_tag', [random(16)], [handle, null]],
      time('generation'),
      ['reason', ['signed-out'], ['because', '', null, 'constructor']],
    ],
  },
  'the claims of a ticket': {
    parse: claims.parseTicketClaims,
    example: {
      iss: shop,
      aud: shop,
      grant: wrapped,
      jti: tag,
      iat: 1,
      nbf: 1,
      exp: 1,
      origin: shop,
      mode: 'frame',
      nonce: handle,
      sub: 'ada',
      chosen: tag,
    },
    optional: ['sub', 'chosen'],
    members: [
      // A link ticket has no nonce, and a choice is made in a frame: neither is a matter of the mode alone.
      ['mode', ['frame'], ['link', 'redirect', 'page']],
      ['nonce', [random(32)], [random(16), undefined]],
    ],
  },
  'the claims of an offer': {
    parse: claims.parseOfferClaims,
    example: { iss: shop, aud: shop, sid: handle, jti: tag, iat: 1, exp: 1, nonce: handle, yields: true },
    optional: ['yields'],
    members: [['sid', [random(32)], [tag]], flag('yields'), time('exp')],
  },
  'the cookie of waiting sign-outs': {
    parse: claims.parseEndedClaims,
    example: { iss: shop, aud: shop, iat: 1, exp: 1, ends: [] },
    members: [['ends', [[], [{}, { handle: 'x' }]], [{}, null, 'x', [1], [[]], [null]]]],
  },
  'one waiting sign-out': {
    parse: claims.parseWaitingEnd,
    example: { handle: null, everywhere: true, jti: 'x', exp: 1 },
    optional: ['everywhere', 'jti', 'exp'],
    members: [
      ['handle', [null, 'x'.repeat(64)], ['', 'x'.repeat(65), 1]],
      flag('everywhere'),
      ['jti', ['x'.repeat(64)], ['', 'x'.repeat(65), null]],
      time('exp'),
    ],
  },
}

function expectRefused(parse: (value: unknown) => unknown, value: unknown, what: string): void {
  let thrown: unknown
  try {
    parse(value)
  } catch (error) {
    thrown = error
  }
  expect(thrown, what).to.be.instanceOf(SessionHubError)
  expect((thrown as SessionHubError).code, what).to.equal('request_invalid')
}

describe('the forms of the protocol', () => {
  for (const [name, { parse, example, optional = [], members = [] }] of Object.entries(forms)) {
    describe(name, () => {
      it('is taken whole, and without what may be missing', () => {
        parse(example)
        parse(without(example, optional))
      })

      it('R5: is refused without what it needs, with something more, and as anything but an object', () => {
        for (const key of Object.keys(example).filter((key) => !optional.includes(key)))
          expectRefused(parse, without(example, [key]), `without ${key}`)
        for (const key of ['more', 'toString', '__proto__'])
          expectRefused(
            parse,
            JSON.parse(
              `{"${key}":1${JSON.stringify(example)
                .slice(1)
                .replace(/^(?!})/, ',')}`,
            ),
            key,
          )
        for (const value of [null, [], 'text', 1, undefined, [example]])
          expectRefused(parse, value, typeof value)
      })

      for (const [member, right, wrong] of members)
        it(`R5: has a bound on "${member}"`, () => {
          for (const value of right) parse({ ...example, [member]: value })
          for (const value of wrong)
            expectRefused(parse, { ...example, [member]: value }, `${member}: ${JSON.stringify(value)}`)
        })
    })
  }

  it('R10: a link ticket alone has no nonce, and a frame’s alone a choice', () => {
    const { parse, example } = forms['the claims of a ticket']!
    const plain = without(example, ['chosen'])
    parse({ ...plain, mode: 'redirect' })
    parse({ ...without(plain, ['nonce']), mode: 'link' })
    expectRefused(parse, { ...plain, mode: 'link' }, 'a link ticket with a nonce')
    expectRefused(parse, { ...without(plain, ['nonce']), mode: 'redirect' }, 'a redirect’s without one')
    expectRefused(parse, { ...example, mode: 'redirect' }, 'R34: a choice elsewhere')
  })
})

const without = (object: object, keys: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)))

describe('the small forms', () => {
  const epoch = '0123456789abcdef0123456789abcdef'
  const cases: readonly [string, (value: unknown) => boolean, readonly unknown[], readonly unknown[]][] = [
    [
      'a subject',
      isSubject,
      ['a', 'é'.repeat(127), 'x'.repeat(255)],
      ['', 'x'.repeat(256), 'é'.repeat(128), 'a\u0000', '\ud800', 7, 7n, null, undefined, {}],
    ],
    [
      'a browser’s description',
      isAgent,
      ['x', 'x'.repeat(256)],
      ['', 'x'.repeat(257), 'a\u0007', '\ud800', 1],
    ],
    ['a reason', isReason, ['x', ' x ', 'x'.repeat(200)], ['', ' ', 'x'.repeat(201), 'a\nb', '\udc00', null]],
    ['a time', isTime, [0, 1, Number.MAX_SAFE_INTEGER], [-1, 0.5, NaN, Infinity, 2 ** 53, '1', null]],
    ['a text of two to three', isText(3, 2), ['ab', 'abc'], ['a', 'abcd', '', 12, null]],
    [
      'the id of an event',
      isEventId,
      [`${epoch}-0`, `${epoch}-999999999999999`],
      [
        `${epoch}-`,
        `${epoch}-1000000000000000`,
        epoch,
        `${epoch}-1\n`,
        `x${epoch}-1`,
        1,
        null,
        [`${epoch}-1`],
      ],
    ],
    [
      'an error’s code',
      isErrorCode,
      ['ticket_invalid', 'unavailable'],
      ['toString', '__proto__', 'nothing', '', null, ['unavailable']],
    ],
  ]
  for (const [name, is, right, wrong] of cases)
    it(`has a bound on ${name}`, () => {
      for (const value of right) expect(is(value), JSON.stringify(value)).to.equal(true)
      for (const value of wrong) expect(is(value), String(value)).to.equal(false)
    })
})

describe('an error of the protocol', () => {
  it('shows its message to the client where the client is to blame, and not where we are', () => {
    expect(new SessionHubError('request_invalid', 'No').expose).to.equal(true)
    expect(new SessionHubError('unavailable', 'No').expose).to.equal(false)
    // The one code that is exactly 500.
    expect(new SessionHubError('headers_sent', 'No')).to.include({
      status: 500,
      statusCode: 500,
      expose: false,
    })
  })

  it('has a cause where there is one', () => {
    const cause = new Error('Really')
    expect(new SessionHubError('unavailable', 'No', { cause }).cause).to.equal(cause)
    expect(new SessionHubError('unavailable', 'No')).to.not.have.property('cause')
  })
})

describe('messages between page and frame', () => {
  const fromPage = { sessionHub: 1, nonce: handle, offer: null }
  const fromFrame = { sessionHub: 1, nonce: handle, outcome: 'keep' }

  it('R15: a page’s is taken with an offer of up to 4,096 characters, a choice or a wish', () => {
    for (const more of [
      {},
      { offer: 'x'.repeat(4096) },
      { choice: 'hub' },
      { choice: 'site' },
      { choice: 'news' },
      { forget: true },
      { forget: false },
    ])
      expect(readPageMessage({ ...fromPage, ...more }, handle), JSON.stringify(more)).to.include(
        fromPageOf(more),
      )
  })
  const fromPageOf = (more: object) => ({ ...fromPage, ...more })

  it('R15: and nothing else', () => {
    for (const wrong of [
      { sessionHub: 2 },
      { sessionHub: '1' },
      { nonce: random(32) },
      { offer: 'x'.repeat(4097) },
      { offer: 1 },
      { offer: undefined },
      { offer: ['x'] },
      { choice: 'both' },
      { choice: null },
      { forget: 'yes' },
      { forget: 1 },
      { forget: null },
    ])
      expect(readPageMessage({ ...fromPage, ...wrong }, handle), JSON.stringify(wrong)).to.equal(undefined)
    for (const value of [null, undefined, 'text', 1])
      expect(readPageMessage(value, handle)).to.equal(undefined)
  })

  it('R15: a frame’s has an outcome that there is, and texts', () => {
    for (const more of [{}, { ticket: 'x' }, { reason: 'x', subject: 'ada' }, { outcome: 'offer' }])
      expect(isFrameMessage({ ...fromFrame, ...more }, handle), JSON.stringify(more)).to.equal(true)
    for (const wrong of [
      { sessionHub: true },
      { nonce: tag },
      { outcome: 'more' },
      { outcome: undefined },
      { ticket: 1 },
      { ticket: null },
      { reason: {} },
      { subject: ['ada'] },
    ])
      expect(isFrameMessage({ ...fromFrame, ...wrong }, handle), JSON.stringify(wrong)).to.equal(false)
    for (const value of [null, undefined, 'text']) expect(isFrameMessage(value, handle)).to.equal(false)
  })
})
