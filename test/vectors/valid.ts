/** Tokens that have to be taken, and what they say. */
import type { Claims } from '../support/forge.js'
import { without } from '../support/forge.js'
import {
  headerOf,
  ISSUER,
  keyNamed,
  NOW,
  plain,
  signed,
  STATE,
  type TestKeys,
  token,
  type Vector,
} from './signing.js'

const result = {
  status: 'signed-in',
  subject: 'ada',
  actor: null,
  authTime: NOW - 3600,
  claims: {},
  fields: {},
  state: STATE,
  issuedAt: NOW - 60,
  expiresAt: NOW + 240,
}

export function validTokens(keys: TestKeys): Vector[] {
  const es256 = keyNamed(keys, 'test-es256')
  const vector = (
    name: string,
    claims: Claims,
    expected: object,
    { by = es256, ...more }: Partial<Vector> & { by?: typeof es256 } = {},
  ): Vector => ({
    name,
    keys: [by.kid],
    issuer: ISSUER,
    now: NOW,
    token: token(by, claims),
    ...more,
    expected: { ...result, ...expected },
  })
  const said = { name: 'Ada', profile: { plan: 'gold' } }
  const anonymous = without(plain, 'sub', 'sg', 'gen', 'auth_time')
  const stranger = { status: 'anonymous', subject: null, authTime: null }
  const short = { n: 'Ada', c: ['boots'], role: 'owner' }
  const fields = [
    'plan',
    ['name', 'n', 'name'],
    ['data.cart', 'c', 'cart'],
    ['profile.email', 'email'],
  ] as const

  return [
    ...['test-es256', 'test-eddsa', 'test-rs256', 'test-hs256'].map((kid) => {
      const by = keyNamed(keys, kid)
      return vector(`${by.alg}: a user`, { ...plain, claims: said }, { claims: said }, { by })
    }),
    vector('an anonymous visitor', anonymous, stranger),
    vector('a user of whom nothing more is said', plain, {}),
    vector(
      'fields, by short and by long names',
      { ...plain, ...short, plan: 'gold' },
      {
        fields: { ...short, plan: 'gold', name: 'Ada', cart: ['boots'] },
      },
      { fields },
    ),
    vector('fields, where the reader knows no long names', { ...plain, ...short }, { fields: short }),
    vector(
      'the handle under another name',
      { ...without(plain, 'sk'), sid: plain.sk },
      {},
      { sessionField: 'sid' },
    ),
    vector(
      'a provisional sign-in',
      {
        ...without(plain, 'sk', 'st', 'sg', 'gen'),
        jti: 'ICEiIyQlJicoKSorLC0uLw',
        was: plain.sk,
        remember: false,
        claims: said,
      },
      { claims: said, state: null },
    ),
    vector(
      'an administrator who acts as the user',
      { ...without(plain, 'auth_time'), act: { sub: 'root' }, until: NOW + 1800 },
      { actor: { subject: 'root' }, authTime: null },
    ),
    vector(
      'another audience, for whom it is',
      { ...plain, aud: 'https://api.example' },
      {},
      { audience: 'https://api.example' },
    ),
    vector('two keys, of which the second signed', plain, {}, { keys: ['test-eddsa', 'test-es256'] }),
    vector('a key that has not retired', plain, {}, { by: keyNamed(keys, 'test-es256-retired') }),
    vector('the clocks differ: made in ten seconds', { ...plain, iat: NOW + 10 }, { issuedAt: NOW + 10 }),
    vector('the clocks differ: over for less than ten seconds', plain, {}, { now: NOW + 249 }),
    vector('the longest life', { ...plain, exp: NOW + 240, iat: NOW - 60 }, {}),
    vector(
      'a subject of 255 bytes',
      { ...plain, sub: 'é'.repeat(127) + 'a' },
      { subject: 'é'.repeat(127) + 'a' },
    ),
    vector(
      'letters of every kind',
      { ...plain, claims: { name: 'Ada 👩‍💻 Ωλ "\\' } },
      { claims: { name: 'Ada 👩‍💻 Ωλ "\\' } },
    ),
    {
      ...vector('white space in the JSON, and escapes', {}, { fields: { name: 'Ada' } }),
      token: signed(
        {
          header: JSON.stringify(headerOf(es256), null, 1),
          payload: JSON.stringify({ ...plain, name: 'Ada' }, null, '\t').replace(
            '"sub"',
            String.raw`"s\u0075b"`,
          ),
        },
        es256,
      ),
    },
    vector('32 members', { ...plain, ...numbered(22) }, { fields: numbered(22) }),
    vector('six levels', { ...plain, claims: nested(5) }, { claims: nested(5) }),
  ]
}

export const numbered = (count: number): Claims =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`m${index}`, index]))

export const nested = (levels: number): Claims => (levels === 1 ? {} : { a: nested(levels - 1) })
