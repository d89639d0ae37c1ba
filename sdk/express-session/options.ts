/** The options of `expressSession`, checked once. */
import type { Request } from 'express'

import { aFunction, type OptionRows, readOptions } from '../settings/option-rows.js'
import { wrong } from '../settings/refuse-unknown.js'
import { type Json, SessionHubError, type SignIn, type Site, type SiteSession } from '../site/index.js'
import { createSeal, type Seal } from './seal.js'

/** What the hub says about a user. */
export type SignedIn = Pick<SiteSession, 'claims'> & { readonly subject: string }

export interface ExpressSessionOptions {
  /**
   * Seals what is not shared: other sites can neither read nor write it. A string of 32 characters or more, such as
   * `openssl rand -base64 32` prints; you can keep express-session's secret. Or a list: the first seals and all open, so that you can
   * change the secret without losing data.
   */
  readonly secret: string | readonly string[]
  /**
   * Where the application stores who is signed in (docs/express-session.md), such as `'userId'` for `req.session.userId`. It is not
   * stored: it is read from what the hub says of the session, and what the application writes there is a sign-in or a sign-out.
   *
   * @default 'passport.user'
   */
  readonly userAt?: string
  /**
   * The keys that all sites share, such as `cart`, by their names in the hub's data.
   *
   * @default []
   */
  readonly shared?: readonly string[]
  /**
   * `(user, req) => signIn`: the arguments of `site.signIn` (docs/session-life.md) for the user that the application has stored there:
   * `{ subject, claims, remember }`. May be asynchronous.
   *
   * @default a string is the subject
   */
  readonly toSignIn?: (user: Json, req: Request) => SignIn | Promise<SignIn>
  /**
   * `({ subject, claims }, req) => user`: the value there for a user whom the hub names, whichever site signed the user in;
   * `undefined` for a user whom this application does not know. May be asynchronous.
   *
   * @default the subject
   */
  readonly toUser?: (who: SignedIn, req: Request) => Json | undefined | Promise<Json | undefined>
}

export interface ExpressSessionSettings {
  /** The first one seals. */
  readonly seals: readonly [Seal, ...Seal[]]
  readonly shared: ReadonlySet<string>
  readonly userPath: readonly string[]
  readonly toSignIn: (user: Json, req: Request) => SignIn | Promise<SignIn>
  readonly toUser: (who: SignedIn, req: Request) => Json | undefined | Promise<Json | undefined>
}

const where = 'expressSession'

/** Options that express-session has and `expressSession` does not have, each with the place where it belongs. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  store: 'the hub stores sessions: leave it out',
  cookie:
    'the cookie is the site\'s: createSite({ cookieSeconds }), and for how long a session lives, "lifetimes" of the hub',
  name: 'the cookie is the site\'s: createSite({ cookieName: "__Host-session" })',
  key: 'the cookie is the site\'s: createSite({ cookieName: "__Host-session" })',
  genid: 'ids are 256 random bits: leave it out',
  proxy: 'cookies are always Secure, whatever stands before the site: leave it out',
  resave: 'only what has changed is saved: leave it out',
  rolling: 'the site renews its cookie by itself: leave it out',
  saveUninitialized: 'a session begins when there is something to keep: leave it out',
  unset: 'call req.session.destroy()',
}

type ToSignIn = ExpressSessionSettings['toSignIn']
type ToUser = ExpressSessionSettings['toUser']

export const expressSessionRows = {
  secret: {
    text: "seals what is not shared: other sites can neither read nor write it. A string of 32 characters or more, such as `openssl rand -base64 32` prints; you can keep express-session's secret. Or a list: the first seals and all open, so that you can change the secret without losing data",
    required: true,
    check: { type: 'string | readonly string[]', read: (_where, _name, given) => sealsOf(given) },
  },
  userAt: {
    text: "where the application stores [who is signed in](express-session.md#who-is-signed-in), such as `'userId'` for `req.session.userId`",
    more: 'It is not stored: it is read from what the hub says of the session, and what the application writes there is a sign-in or a sign-out.',
    default: 'passport.user',
    check: { type: 'string', read: (_where, _name, given) => pathOf(given) },
  },
  shared: {
    text: "the keys that all sites share, such as `cart`, by their names in the hub's data",
    default: [],
    shown: '`[]`',
    check: {
      type: 'readonly string[]',
      read: (_where, _name, given, above) => sharedKeys(given, above['userAt'] as readonly string[]),
    },
  },
  toSignIn: {
    text: '`(user, req) => signIn`: the arguments of [`site.signIn`](session-life.md) for the user that the application has stored there: `{ subject, claims, remember }`. May be asynchronous',
    shown: 'a string is the subject',
    check: aFunction<ToSignIn>('(user: Json, req: Request) => SignIn | Promise<SignIn>'),
  },
  toUser: {
    text: '`({ subject, claims }, req) => user`: the value there for a user whom the hub names, whichever site signed the user in; `undefined` for a user whom this application does not know. May be asynchronous',
    shown: 'the subject',
    check: aFunction<ToUser>('(who: SignedIn, req: Request) => Json | undefined | Promise<Json | undefined>'),
  },
} satisfies OptionRows

/** @throws SessionHubError `options_invalid` */
export function resolveExpressSessionOptions(
  site: Pick<Site, 'sessionProperty'>,
  options: ExpressSessionOptions,
): ExpressSessionSettings {
  for (const name of Object.keys(Object(options) as object)) {
    if (Object.hasOwn(ELSEWHERE, name))
      throw wrong(where, `"${name}" is not an option here; ${ELSEWHERE[name]}`)
  }
  const { secret, shared, userAt, toSignIn, toUser } = readOptions(where, expressSessionRows, options)
  if (site.sessionProperty === 'session')
    throw wrong(
      where,
      'req.session belongs to express-session here; give the site another name: createSite({ sessionProperty: "hub" })',
    )
  return {
    seals: secret,
    shared: new Set(shared),
    userPath: userAt,
    toSignIn: toSignIn ?? textOnly,
    toUser: toUser ?? (({ subject }) => subject),
  }
}

function sealsOf(given: unknown): [Seal, ...Seal[]] {
  const secrets: readonly unknown[] = Array.isArray(given) ? given : [given]
  const [first, ...others] = secrets.map((secret) => {
    if (typeof secret !== 'string' || secret.length < 32)
      throw wrong(where, '"secret" has to be a text of 32 characters or more, or a list of such texts')
    return createSeal(secret)
  })
  if (!first) throw wrong(where, '"secret" has to hold at least one secret')
  return [first, ...others]
}

/** Names that a session has besides its data. */
const TAKEN = ['cookie', 'id', 'req', 'save', 'reload', 'regenerate', 'destroy', 'touch', 'resetMaxAge']

function sharedKeys(given: unknown, [root]: readonly string[]): readonly string[] {
  if (!Array.isArray(given)) throw wrong(where, '"shared" has to be a list of keys, such as ["cart"]')
  return given.map((key: unknown) => {
    if (typeof key !== 'string' || !/^[A-Za-z_$][\w$.-]*$/.test(key) || key.startsWith('__'))
      throw wrong(where, '"shared" has to be a list of keys, such as ["cart"]')
    if (TAKEN.includes(key)) throw wrong(where, `"shared": "${key}" is a member of every session`)
    // Anybody who may write the data could sign in as anybody.
    if (key === root) throw wrong(where, `"shared": "${key}" holds who is signed in, which is shared anyway`)
    return key
  })
}

function pathOf(given: unknown): readonly string[] {
  const path = typeof given === 'string' ? given.split('.') : ['']
  const isPath = path.every((name) => /^(?!__)[A-Za-z_$][\w$]*$/.test(name))
  if (!isPath || TAKEN.includes(String(path[0])))
    throw wrong(where, '"userAt" has to be a path such as "passport.user" or "userId"')
  return path
}

/** A number would come back as text, and an object not at all: this must not first show in production. */
function textOnly(user: Json): SignIn {
  if (typeof user === 'string') return { subject: user }
  const kind = typeof user === 'number' ? 'a number' : 'no text'
  throw new SessionHubError(
    'options_invalid',
    `${where}: the user in the session is ${kind}; convert it to the hub's name and back: toSignIn: (user) => ({ subject: String(user) }), toUser: ({ subject }) => Number(subject)`,
  )
}
