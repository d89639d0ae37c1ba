/** The options of `expressSession`, checked once. */
import type { Request } from 'express'

import { callable } from '../settings/checks.js'
import { refuseUnknown, wrong } from '../settings/refuse-unknown.js'
import { type Json, SessionHubError, type SignIn, type Site, type SiteSession } from '../site/index.js'
import { createSeal, type Seal } from './seal.js'

/** What the hub says of a user. */
export type SignedIn = Pick<SiteSession, 'claims'> & { readonly subject: string }

export interface ExpressSessionOptions {
  /**
   * Seals what is not `shared`: other sites can neither read it nor write it. At least 32 characters; the one that express-session had will do. Of
   * several, the first seals and each opens, as with express-session.
   */
  readonly secret: string | readonly string[]
  /**
   * The keys of `req.session` that all sites share, such as `cart`: in the hub's data they have the same names. They follow the visitor into a sign-in by
   * the hub's `merge`. All other keys are this application's own, and go where they go with express-session. @default none
   */
  readonly shared?: readonly string[]
  /**
   * Where the application keeps who is signed in: `'userId'` for `req.session.userId`. It is not stored: it is read from the hub's own word on the
   * session, and what the application writes there is a sign-in, or a sign-out. @default 'passport.user'
   */
  readonly userAt?: string
  /** What the hub is told of a user whom the application has written there. @default a text is the subject */
  readonly toSignIn?: (user: Json, req: Request) => SignIn | Promise<SignIn>
  /**
   * What stands there for a user whom the hub names, on whichever site the sign-in was. `undefined`, where this application does not know the user: then
   * nobody is signed in here, and nothing ends elsewhere. @default the subject
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

const KNOWN: Record<keyof ExpressSessionOptions, true> = {
  secret: true,
  shared: true,
  userAt: true,
  toSignIn: true,
  toUser: true,
}

/** What express-session has and this has not, with the place where the thing lives. */
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

/** @throws SessionHubError `options_invalid` */
export function resolveExpressSessionOptions(
  site: Pick<Site, 'sessionProperty'>,
  options: ExpressSessionOptions,
): ExpressSessionSettings {
  for (const name of Object.keys(Object(options) as object)) {
    if (Object.hasOwn(ELSEWHERE, name))
      throw wrong(where, `"${name}" is not an option here; ${ELSEWHERE[name]}`)
  }
  refuseUnknown(where, options, Object.keys(KNOWN))
  if (site.sessionProperty === 'session')
    throw wrong(
      where,
      'req.session belongs to express-session here; give the site another name: createSite({ sessionProperty: "hub" })',
    )
  const userPath = pathOf(options.userAt ?? 'passport.user')
  return {
    seals: sealsOf(options.secret),
    shared: new Set(sharedKeys(options.shared ?? [], userPath)),
    userPath,
    toSignIn: callable(where, 'toSignIn', options.toSignIn ?? textOnly),
    toUser: callable(where, 'toUser', options.toUser ?? (({ subject }: SignedIn) => subject)),
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

/** Names that a session has beside its data. */
const TAKEN = ['cookie', 'id', 'req', 'save', 'reload', 'regenerate', 'destroy', 'touch', 'resetMaxAge']

function sharedKeys(given: unknown, [root]: readonly string[]): readonly string[] {
  if (!Array.isArray(given)) throw wrong(where, '"shared" has to be a list of keys, such as ["cart"]')
  return given.map((key: unknown) => {
    if (typeof key !== 'string' || !/^[A-Za-z_$][\w$.-]*$/.test(key) || key.startsWith('__'))
      throw wrong(where, '"shared" has to be a list of keys, such as ["cart"]')
    if (TAKEN.includes(key)) throw wrong(where, `"shared": "${key}" is a member of every session`)
    // Whoever may write the data could sign in as anybody.
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

/** A number would come back as a text, and an object not at all: that must not be found out in production. */
function textOnly(user: Json): SignIn {
  if (typeof user === 'string') return { subject: user }
  const kind = typeof user === 'number' ? 'a number' : 'no text'
  throw new SessionHubError(
    'options_invalid',
    `${where}: the user in the session is ${kind}; convert it to the hub's name and back: toSignIn: (user) => ({ subject: String(user) }), toUser: ({ subject }) => Number(subject)`,
  )
}
