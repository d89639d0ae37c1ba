/** Every parser against everything: it answers, or refuses with its own error; it never takes what its grammar forbids. */
import { expect } from 'chai'
import fc from 'fast-check'

import { readCookie, setCookie } from '../../sdk/http/cookies.js'
import {
  parseActAsBody,
  parseBackchannelRedeem,
  parseClaimsBody,
  parseCountReply,
  parseEndBody,
  parseEndOtherBody,
  parseExchangeBody,
  parseHandleBody,
  parseListReply,
  parseLookBody,
  parseOfferBody,
  parsePartBody,
  parseRedeemBody,
  parseRedeemedView,
  parseSessionView,
  parseSignInBody,
  parseStopActingBody,
  parseTokenBody,
  parseUpdateBody,
} from '../../sdk/protocol/bodies.js'
import {
  parseOfferClaims,
  parseSessionClaims,
  parseSiteClaims,
  parseTicketClaims,
} from '../../sdk/protocol/claims.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import { parseEndedEvent, parseSubjectEndedEvent } from '../../sdk/protocol/events.js'
import { is128Bits, is256Bits, isCompactJwe, isCompactJws, isKeyId } from '../../sdk/protocol/formats.js'
import { checkJson, type JsonObject, parseJson } from '../../sdk/protocol/json.js'
import { applyMergePatch } from '../../sdk/protocol/merge-patch.js'
import { isFrameMessage, readPageMessage } from '../../sdk/protocol/messages.js'
import { originFault, parseOrigin } from '../../sdk/protocol/origins.js'
import { choices, endReasons, modes, outcomes, replaceReasons } from '../../sdk/protocol/wire.js'
import { importSigningKey, importTicketKey, importVerifyingKey, keySet } from '../../sdk/tokens/keys.js'
import { signToken } from '../../sdk/tokens/sign.js'
import { openTicket, sealTicket } from '../../sdk/tokens/ticket.js'
import { timesFault } from '../../sdk/tokens/times.js'
import { lookup, verifyToken } from '../../sdk/tokens/verify.js'
import { generateSite } from '../../hub/keys/generate.js'

/** The value, or `undefined` where it was refused as it should be. */
function attempt<Value>(act: () => Value): Value | undefined {
  try {
    return act()
  } catch (thrown) {
    expect(thrown).to.be.instanceOf(SessionHubError).with.property('code', 'request_invalid')
    return undefined
  }
}

/** What cannot be a text at all ends the listener that looks at it, and nothing comes of it either. */
function isTaken(message: object, nonce: string): boolean {
  try {
    return isFrameMessage(message, nonce)
  } catch (thrown) {
    expect(thrown).to.be.instanceOf(TypeError)
    return false
  }
}

/** One of these characters. */
const oneOf = (characters: string) => fc.constantFrom(...characters.split(''))

const BOUNDS = { depth: 5, keys: 32 }
const depthOf = (value: unknown): number =>
  typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0
const isWithin = (value: unknown): boolean =>
  depthOf(value) <= BOUNDS.depth &&
  (typeof value !== 'object' ||
    value === null ||
    (Object.values(value).every(isWithin) &&
      (Array.isArray(value) ||
        (Object.keys(value).length <= BOUNDS.keys && !Object.keys(value).includes('__proto__')))))

const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.json())
/** Text that is nearly JSON: pieces of it in any order. */
const pieces = fc
  .array(
    fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ':',
      ',',
      '"a"',
      '"b"',
      '"\\u0061"',
      '"__proto__"',
      '1',
      'null',
      ' ',
      '\\',
      '"',
    ),
  )
  .map((parts) => parts.join(''))
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const base64url = (length: number) =>
  fc.string({
    unit: oneOf(ALPHABET),
    minLength: length,
    maxLength: length,
  })
const bits256 = base64url(43)
/** 320 bits have one spelling: those of the last character that encode nothing are zero. */
const wrapped = fc.tuple(base64url(53), oneOf('AQgw')).map((parts) => parts.join(''))
const bits128 = base64url(22)
const time = fc.nat()
const objects = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 })) as fc.Arbitrary<JsonObject>
const origin = fc.constantFrom('https://shop.example', 'https://hub.example')

describe('fuzzing: JSON', () => {
  it('agrees with JSON.parse on everything that is valid and within the bounds', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const written = JSON.stringify(value)
        if (isWithin(value)) expect(parseJson(written)).to.deep.equal(JSON.parse(written))
        else expect(attempt(() => parseJson(written))).to.equal(undefined)
      }),
    )
  })

  it('never takes what JSON.parse refuses, nor fails in any other way', () => {
    fc.assert(
      fc.property(fc.oneof(text, pieces), (given) => {
        const value = attempt(() => parseJson(given))
        if (value === undefined) return
        expect(value).to.deep.equal(JSON.parse(given))
        expect(isWithin(value)).to.equal(true)
      }),
      { numRuns: 2000 },
    )
  })

  it('refuses every key that occurs twice, however it is spelt', () => {
    const escaped = (key: string) =>
      [...Array(key.length).keys()]
        .map((at) => `\\u${key.charCodeAt(at).toString(16).padStart(4, '0')}`)
        .join('')
    fc.assert(
      fc.property(fc.string(), fc.jsonValue({ maxDepth: 1 }), fc.boolean(), (key, value, isEscaped) => {
        const first = JSON.stringify(key)
        const second = isEscaped ? `"${escaped(key)}"` : first
        const written = JSON.stringify(value)
        refusedJson(`{${first}:${written},${second}:1}`)
        refusedJson(`{"x":[{${second}:1, ${first} :${written}}]}`)
      }),
    )
  })
  const refusedJson = (given: string) =>
    expect(
      attempt(() => parseJson(given)),
      given,
    ).to.equal(undefined)

  it('checks parsed values by the same bounds as text', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const read = JSON.parse(JSON.stringify(value)) as unknown
        expect(attempt(() => checkJson(read)) !== undefined).to.equal(isWithin(read))
      }),
    )
    fc.assert(fc.property(fc.anything(), (value) => void attempt(() => checkJson(value))))
  })

  it('a merge patch does what RFC 7396 says, and touches no prototype', () => {
    const model = (target: unknown, patch: unknown): unknown => {
      if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
      const isObject = typeof target === 'object' && target !== null && !Array.isArray(target)
      const result: Record<string, unknown> = isObject ? { ...target } : {}
      for (const [key, value] of Object.entries(patch)) {
        if (value === null) Reflect.deleteProperty(result, key)
        else result[key] = model(result[key], value)
      }
      return result
    }
    const keyed = fc.dictionary(
      fc.constantFrom('a', 'b', 'c', 'constructor'),
      fc.jsonValue({ maxDepth: 3 }),
    ) as fc.Arbitrary<JsonObject>
    fc.assert(
      fc.property(keyed, keyed, (target, patch) => {
        const clean = JSON.parse(JSON.stringify(target).replaceAll('__proto__', 'p')) as JsonObject
        const cleanPatch = JSON.parse(JSON.stringify(patch).replaceAll('__proto__', 'p')) as JsonObject
        const own = Object.assign(Object.create(null) as object, clean)
        const expected = model(own, cleanPatch) as object
        expect(JSON.parse(JSON.stringify(applyMergePatch(clean, cleanPatch)))).to.deep.equal(
          JSON.parse(JSON.stringify(expected)),
        )
      }),
    )
    expect(Object.keys(Object.prototype)).to.deep.equal([])
  })
})

describe('fuzzing: bodies and claims', () => {
  interface Kind {
    readonly parse: (value: unknown) => object
    readonly required: Record<string, fc.Arbitrary<unknown>>
    readonly optional?: Record<string, fc.Arbitrary<unknown>>
  }
  const subject = fc.string({ minLength: 1, maxLength: 255 })
  const token = fc.string({ minLength: 1, maxLength: 4096 })
  const agent = fc.string({ minLength: 1, maxLength: 256 })
  const view = {
    state: bits128,
    subject: fc.option(subject),
    claims: objects,
    data: objects,
    version: time,
    auth_time: fc.option(time),
    expires_at: time,
    remember: fc.boolean(),
    generation: time,
    session_tag: bits128,
    subject_tag: fc.option(bits128),
  }
  const kinds: Record<string, Kind> = {
    parseOfferBody: { parse: parseOfferBody, required: { nonce: bits256 } },
    parseRedeemBody: { parse: parseRedeemBody, required: { ticket: token }, optional: { verifier: bits256 } },
    parseExchangeBody: {
      parse: parseExchangeBody,
      required: {
        site: origin,
        nonce: bits256,
        proof: fc.string({ minLength: 1, maxLength: 128 }),
        offer: fc.option(token),
      },
      optional: { choice: fc.constantFrom(...choices) },
    },
    parseLookBody: {
      parse: parseLookBody,
      required: { site: origin, nonce: bits256, proof: fc.string({ minLength: 1, maxLength: 128 }) },
      optional: { state: bits128 },
    },
    parseBackchannelRedeem: {
      parse: parseBackchannelRedeem,
      required: {
        grant: wrapped,
        jti: bits128,
        exp: time,
        mode: fc.constantFrom(...modes),
        origin,
        previous: fc.option(bits256),
        overrule: fc.boolean(),
      },
      optional: { nonce: bits256, sub: subject, chosen: bits128, use: bits128 },
    },
    parseHandleBody: { parse: parseHandleBody, required: { handle: bits256 } },
    parsePartBody: { parse: parsePartBody, required: { handle: bits256 }, optional: { jti: bits128 } },
    parseEndBody: {
      parse: parseEndBody,
      required: { handle: fc.option(bits256) },
      optional: { everywhere: fc.boolean(), jti: bits128, exp: time },
    },
    parseEndOtherBody: {
      parse: parseEndOtherBody,
      required: { handle: bits256 },
      optional: { ref: bits128, jti: bits128 },
    },
    parseCountReply: { parse: parseCountReply, required: { ended: time } },
    parseUpdateBody: {
      parse: parseUpdateBody,
      required: { handle: fc.option(bits256), patch: objects },
      optional: { version: time, jti: bits128 },
    },
    parseClaimsBody: {
      parse: parseClaimsBody,
      required: { handle: bits256, patch: objects },
      optional: { jti: bits128 },
    },
    parseTokenBody: { parse: parseTokenBody, required: { audience: origin } },
    parseSignInBody: {
      parse: parseSignInBody,
      required: { handle: fc.option(bits256), subject, claims: objects },
      optional: { auth_time: time, jti: bits128, exp: time, remember: fc.boolean(), agent },
    },
    parseActAsBody: {
      parse: parseActAsBody,
      required: {
        handle: bits256,
        subject,
        claims: objects,
        reason: fc.string({ minLength: 1, maxLength: 200 }).filter((text) => text.trim() !== ''),
        seconds: fc.integer({ min: 60, max: 28_800 }),
      },
      optional: { jti: bits128 },
    },
    parseStopActingBody: {
      parse: parseStopActingBody,
      required: { handle: bits256 },
      optional: { jti: bits128 },
    },
    parseSessionView: {
      parse: parseSessionView,
      required: view,
      optional: { handle: bits256, actor: subject, acting_until: time },
    },
    parseRedeemedView: {
      parse: parseRedeemedView,
      required: {
        ...view,
        handle: bits256,
        was_empty: fc.boolean(),
        reason: fc.constantFrom(...replaceReasons),
      },
      optional: { from: origin },
    },
    parseTicketClaims: {
      parse: parseTicketClaims,
      required: {
        iss: origin,
        aud: origin,
        grant: wrapped,
        jti: bits128,
        iat: time,
        nbf: time,
        exp: time,
        nonce: bits256,
        origin,
        mode: fc.constant('frame'),
      },
      optional: { sub: subject, chosen: bits128 },
    },
    parseOfferClaims: {
      parse: parseOfferClaims,
      required: {
        iss: origin,
        aud: origin,
        sid: bits256,
        jti: bits128,
        iat: time,
        exp: time,
        nonce: bits256,
      },
      optional: { yields: fc.boolean() },
    },
    parseEndedEvent: {
      parse: parseEndedEvent,
      required: { session_tag: bits128, reason: fc.constantFrom(...endReasons) },
    },
    parseSubjectEndedEvent: {
      parse: parseSubjectEndedEvent,
      required: { subject_tag: bits128, generation: time, reason: fc.constantFrom(...endReasons) },
    },
    parseSiteClaims: { parse: parseSiteClaims, required: { iss: origin, aud: origin, iat: time, exp: time } },
    parseSessionClaims: {
      parse: parseSessionClaims,
      required: { iss: origin, aud: origin, iat: time, exp: time },
      optional: {
        sk: wrapped,
        jti: bits128,
        was: wrapped,
        sub: subject,
        auth_time: time,
        claims: objects,
        st: bits128,
        sg: bits128,
        gen: time,
        act: fc.record({ sub: subject }),
        until: time,
        remember: fc.boolean(),
      },
    },
  }
  /** Of no form that any member has. */
  const wrong = fc.constantFrom<unknown>(
    undefined,
    -1,
    0.5,
    '',
    [],
    ['x'],
    NaN,
    Symbol.iterator,
    2 ** 53,
    () => 1,
  )

  for (const [name, { parse, required, optional = {} }] of Object.entries(kinds)) {
    const right = fc.record({ ...required, ...optional }, { requiredKeys: Object.keys(required) })

    it(`${name} takes everything that is right`, () => {
      fc.assert(fc.property(right, (value) => void expect(parse(value)).to.deep.equal(value)))
    })
    it(`${name} refuses it without any one member, with one that is wrong, with one more`, () => {
      fc.assert(
        fc.property(right, wrong, fc.string(), (value, bad, extra) => {
          for (const key of Object.keys(required)) {
            const { [key]: _gone, ...rest } = value as Record<string, unknown>
            expect(
              attempt(() => parse(rest)),
              `without ${key}`,
            ).to.equal(undefined)
          }
          for (const key of Object.keys(value)) {
            expect(
              attempt(() => parse({ ...value, [key]: bad })),
              `with a wrong ${key}`,
            ).to.equal(undefined)
          }
          if (!Object.hasOwn({ ...required, ...optional, reason: 1 }, extra) && extra !== '__proto__') {
            expect(
              attempt(() => parse({ ...value, [extra]: 1 })),
              `with ${extra}`,
            ).to.equal(undefined)
          }
        }),
      )
    })
    it(`${name} fails in no other way, whatever comes`, () => {
      fc.assert(
        fc.property(fc.anything({ withNullPrototype: true }), (value) => void attempt(() => parse(value))),
      )
      for (const key of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
        const value = JSON.parse(`{"${key}":1}`) as unknown
        expect(attempt(() => parse(value))).to.equal(undefined)
      }
    })
  }
})

describe('fuzzing: a list of sessions', () => {
  const listed = fc.record({
    ref: bits128,
    site: origin,
    sites: fc.array(origin, { maxLength: 16 }),
    agent: fc.option(fc.string({ minLength: 1, maxLength: 256 })),
    created_at: time,
    seen_at: time,
    auth_time: fc.option(time),
    expires_at: time,
    current: fc.boolean(),
  })

  it('is taken as it is right, up to its hundredth', () => {
    fc.assert(
      fc.property(fc.array(listed, { maxLength: 100 }), (sessions) => {
        expect(parseListReply({ sessions })).to.deep.equal({ sessions })
      }),
      { numRuns: 30 },
    )
  })

  it('is refused where one of them lacks a member, or has one more, and with a hundred and one', () => {
    fc.assert(
      fc.property(fc.array(listed, { maxLength: 3 }), listed, fc.nat(7), (others, one, at) => {
        const { [Object.keys(one)[at]!]: _gone, ...rest } = one as Record<string, unknown>
        for (const bad of [rest, { ...one, id: 'x' }, null, [], 7])
          expect(attempt(() => parseListReply({ sessions: [...others, bad] }))).to.equal(undefined)
        const many = Array.from({ length: 101 }, () => one)
        expect(attempt(() => parseListReply({ sessions: many }))).to.equal(undefined)
      }),
    )
  })
})

describe('fuzzing: short strings, cookies, origins, messages', () => {
  /** Of the right length, with one character that may be any. */
  const nearly = fc
    .tuple(
      fc.oneof(bits256, bits128),
      fc.nat(),
      fc.oneof(oneOf('.=+/ \n-_'), fc.string({ minLength: 1, maxLength: 1 })),
    )
    .map(([given, at, by]) => given.slice(0, at % given.length) + by + given.slice((at % given.length) + 1))

  it('formats take the alphabet of base64url and nothing else', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary', maxLength: 70 }), bits256, bits128, nearly),
        (given) => {
          expect(is256Bits(given)).to.equal(
            given.length === 43 && /^[\w-]*$/.test(given) && !given.endsWith('\n'),
          )
          expect(is128Bits(given)).to.equal(
            given.length === 22 && /^[\w-]*$/.test(given) && !given.endsWith('\n'),
          )
          expect(isKeyId(given)).to.equal(given.length > 0 && given.length <= 64 && /^[\w-]*$/.test(given))
          for (const is of [isCompactJws, isCompactJwe]) if (is(given)) expect(given).to.match(/^[\w.-]+$/)
        },
      ),
      { numRuns: 1000 },
    )
    fc.assert(
      fc.property(fc.anything(), (given) => {
        if (typeof given === 'string') return
        for (const is of [is256Bits, is128Bits, isKeyId, isCompactJws, isCompactJwe])
          expect(is(given)).to.equal(false)
      }),
    )
  })

  it('compact tokens have three or five parts, and a ticket’s second one is empty', () => {
    const part = base64url(4)
    fc.assert(
      fc.property(fc.array(fc.oneof(part, fc.constant('')), { maxLength: 7 }), (parts) => {
        const token = parts.join('.')
        const isFull = (indexes: number[]) => indexes.every((index) => parts[index] !== '')
        expect(isCompactJws(token)).to.equal(parts.length === 3 && isFull([0, 1, 2]))
        expect(isCompactJwe(token)).to.equal(parts.length === 5 && parts[1] === '' && isFull([0, 2, 3, 4]))
        for (const more of ['\n', ' ', '=', '.']) {
          expect(isCompactJws(token + more) || isCompactJwe(token + more)).to.equal(false)
        }
      }),
    )
  })

  it('R8: a part of a compact token is what its own bytes are written as', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }).chain(base64url), fc.nat(2), (part, at) => {
        const parts = ['AAAA', 'AAAA', 'AAAA'].with(at, part)
        const isCanonical = Buffer.from(part, 'base64url').toString('base64url') === part
        expect(isCompactJws(parts.join('.'))).to.equal(isCanonical)
        expect(isCompactJwe([parts[0], '', parts[1], parts[2], 'AAAA'].join('.'))).to.equal(isCanonical)
      }),
      { numRuns: 2000 },
    )
  })

  it('a cookie is read back as it was set, among any others; one that is there twice is none', () => {
    const other = fc.tuple(
      fc.string({ unit: oneOf('abcABC_-'), minLength: 1, maxLength: 8 }),
      fc.string({ unit: oneOf('abc=-_."'), maxLength: 8 }),
    )
    fc.assert(
      fc.property(fc.array(other), bits256, fc.nat(), (others, value, place) => {
        const pairs = others.map(([name, content]) => `${name}=${content}`)
        const own = `__Host-session=${value}`
        const at = place % (pairs.length + 1)
        const header = [...pairs.slice(0, at), own, ...pairs.slice(at)].join('; ')
        expect(readCookie(header, '__Host-session')).to.equal(value)
        expect(readCookie(header, '__Host-sessio')).to.equal(undefined)
        expect(readCookie(`${header}; ${own}`, '__Host-session')).to.equal(undefined)
        expect(readCookie(`__Host-session=; ${header}`, '__Host-session')).to.equal(undefined)
        expect(readCookie(pairs.join('; '), '__Host-session')).to.equal(undefined)
        expect(setCookie('__Host-session', value, { sameSite: 'Lax', httpOnly: true }, 60)).to.equal(
          `${own}; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Lax`,
        )
      }),
    )
    fc.assert(
      fc.property(fc.oneof(text, fc.string({ unit: oneOf('a=; \t"') })), (header) => {
        const found = readCookie(header, 'a')
        if (found === undefined) return
        expect(found).to.not.match(/;|^\s|\s$/)
        expect(header).to.include(`a=`)
      }),
    )
  })

  it('an origin is what a URL parser gives back, and never more than that', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.anything(),
          fc.webUrl(),
          fc.webAuthority().map((host) => `https://${host}`),
        ),
        (given) => {
          const parsed = attempt(() => parseOrigin(given))
          expect(originFault(given) === undefined).to.equal(parsed !== undefined)
          if (parsed === undefined) return
          expect(parsed).to.equal(new URL(parsed).origin)
          expect(parsed).to.match(/^https?:\/\/(\[[\da-f:.]+\]|[a-z\d.-]+)(:\d+)?$/)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('messages are taken in their exact form only, for their own nonce', () => {
    fc.assert(
      fc.property(fc.anything(), bits256, (value, nonce) => {
        expect(isFrameMessage(value, nonce)).to.equal(false)
        expect(readPageMessage(value, nonce)).to.equal(undefined)
      }),
    )
    const message = fc.record({ sessionHub: fc.constant(1), outcome: fc.constantFrom(...outcomes) })
    fc.assert(
      fc.property(message, bits256, bits256, fc.anything(), (given, nonce, other, junk) => {
        fc.pre(nonce !== other)
        expect(isFrameMessage({ ...given, nonce }, nonce)).to.equal(true)
        expect(isFrameMessage({ ...given, nonce }, other)).to.equal(false)
        expect(isFrameMessage({ ...given, nonce, sessionHub: '1' }, nonce)).to.equal(false)
        if (typeof junk !== 'string' && junk !== undefined) {
          for (const name of ['ticket', 'reason', 'subject'])
            expect(isTaken({ ...given, nonce, [name]: junk }, nonce)).to.equal(false)
        }
        if (!outcomes.includes(junk as never))
          expect(isTaken({ ...given, nonce, outcome: junk }, nonce)).to.equal(false)
        const asked = { sessionHub: 1, nonce, offer: null }
        expect(readPageMessage(asked, nonce)).to.equal(asked)
        for (const choice of choices) {
          const chosen = { ...asked, choice }
          expect(readPageMessage(chosen, nonce)).to.equal(chosen)
        }
        if (junk !== undefined && !choices.includes(junk as never))
          expect(readPageMessage({ ...asked, choice: junk }, nonce)).to.equal(undefined)
        expect(readPageMessage(asked, other)).to.equal(undefined)
        expect(readPageMessage({ ...asked, offer: 'x'.repeat(4097) }, nonce)).to.equal(undefined)
        if (typeof junk !== 'string' && junk !== null) {
          expect(readPageMessage({ ...asked, offer: junk }, nonce)).to.equal(undefined)
        }
      }),
    )
  })

  it('R5: no token is good outside its own times, whatever they are', () => {
    fc.assert(
      fc.property(fc.nat(4000), fc.nat(4000), fc.nat(4000), fc.nat(4000), (iat, nbf, exp, now) => {
        const fault = timesFault({ iat, nbf, exp }, now * 1000, 300, 5)
        const isGood = exp > iat && exp - iat <= 300 && iat <= now + 5 && nbf <= now + 5 && now < exp + 5
        expect(fault === undefined).to.equal(isGood)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('fuzzing: tokens', () => {
  const claims = { iss: 'https://hub.example', n: 1 }

  async function make() {
    const { keys, registration } = await generateSite('https://shop.example')
    const signing = await importSigningKey(keys.signing, 'test')
    const ticket = await importTicketKey(keys.ticket, 'test')
    const verifying = lookup(keySet([await importVerifyingKey(registration.signingKeys[0], 'test')], 'test'))
    const jws = await signToken('offer+jwt', claims, signing)
    const jwe = await sealTicket(claims, ticket)
    return {
      jws,
      jwe,
      openAll: (token: string) => openTicket(token, new Map([[ticket.kid, ticket]])),
      verify: (token: string) => verifyToken('offer+jwt', token, verifying),
    }
  }

  /** One character replaced, removed or put in. */
  const mutation = fc.record({
    at: fc.nat(),
    how: fc.constantFrom('replace', 'remove', 'insert', 'swap', 'cut'),
    by: oneOf('ABab01-_.=+/ \n{"é'),
  })
  const mutated = (token: string, { at, how, by }: { at: number; how: string; by: string }) => {
    const index = at % token.length
    const [before, after] = [token.slice(0, index), token.slice(index)]
    if (how === 'replace') return before + by + after.slice(1)
    if (how === 'remove') return before + after.slice(1)
    if (how === 'insert') return before + by + after
    if (how === 'swap') return before + after.slice(1, 2) + after.slice(0, 1) + after.slice(2)
    return before
  }

  for (const kind of ['jws', 'jwe'] as const) {
    it(`R8: a mutated ${kind === 'jws' ? 'offer' : 'ticket'} is never taken, not even in another spelling of the same bytes`, async () => {
      const made = await make()
      const genuine = made[kind]
      const read = kind === 'jws' ? made.verify : made.openAll
      expect(await read(genuine)).to.deep.equal(claims)
      await fc.assert(
        fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 3 }), async (mutations) => {
          const forged = mutations.reduce(
            (token, change) => (token ? mutated(token, change) : token),
            genuine,
          )
          try {
            expect(await read(forged)).to.deep.equal(claims)
          } catch (thrown) {
            if (!(thrown instanceof SessionHubError)) throw thrown
            expect(thrown.code).to.equal('request_invalid')
            return
          }
          expect(forged).to.equal(genuine)
        }),
        { numRuns: 1500 },
      )
    })

    it(`R8: ${kind === 'jws' ? 'an offer' : 'a ticket'} has one spelling: any other last character of a part is refused`, async () => {
      const made = await make()
      const read = kind === 'jws' ? made.verify : made.openAll
      const parts = made[kind].split('.')
      expect(await read(parts.join('.'))).to.deep.equal(claims)
      for (const [index, part] of parts.entries()) {
        if (part === '') continue
        for (const last of ALPHABET.replace(part.slice(-1), '')) {
          const respelt = parts.with(index, part.slice(0, -1) + last).join('.')
          const result = await read(respelt).catch((thrown: unknown) => thrown)
          expect(result, respelt).to.be.instanceOf(SessionHubError).with.property('code', 'request_invalid')
        }
      }
    })

    it(`any text in place of a ${kind} is refused, and nothing else happens`, async () => {
      const made = await make()
      const read = kind === 'jws' ? made.verify : made.openAll
      await fc.assert(
        fc.asyncProperty(
          fc.oneof(
            text,
            fc.array(base64url(8), { maxLength: 6 }).map((parts) => parts.join('.')),
          ),
          async (token) => {
            const result = await read(token).catch((thrown: unknown) => thrown)
            expect(result).to.be.instanceOf(SessionHubError).with.property('code', 'request_invalid')
          },
        ),
      )
    })
  }
})
