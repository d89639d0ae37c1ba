/**
 * A site's options, each declared here and nowhere else: `npm run docs:options` writes `SiteOptions`, `AppOptions` and the reference from these rows.
 */
import { COOKIE_SECONDS } from '../http/cookies.js'
import { cookieNames, defaultEndpoint, limits } from '../protocol/wire.js'
import type { Log } from '../settings/log.js'
import {
  aClock,
  aFunction,
  anOrigin,
  type OptionRows,
  wholeNumber,
  yesOrNo,
} from '../settings/option-rows.js'
import { tracesOption } from '../settings/traces.js'
import type { FindOrigin } from './find-origin.js'
import type { EndedEvent, ReplacedEvent, SignedInEvent } from './hook.js'
import {
  appKeysOption,
  audiencesOption,
  backchannelOption,
  cookieNameOption,
  endpointOption,
  fieldsOption,
  hostOption,
  keysOption,
  originsOption,
  propertyOption,
  removedPathOption,
  sessionFieldOption,
} from './option-checks.js'
import type { TokenSession } from './token-session.js'

const hub = { text: "the hub's origin", required: true, check: anOrigin } as const

/** What may be left out and means the same for one site and for several. */
const optional = {
  backchannel: {
    text: "where this process reaches the hub, if not at the hub's own origin: `http://hub:4000` in a network of containers",
    more: 'Handles travel there, so use plain HTTP only in a network that nobody else can read.',
    shown: "the hub's origin",
    check: backchannelOption,
  },
  endpoint: {
    text: "where this site's endpoints are, as browsers see it",
    more: 'A proxy, or an application that mounts this one, may remove the first segments on the way: `/shop/session-hub` works with and without `/shop`. See [below a path](frameworks.md#below-a-path).',
    unit: 'path',
    default: defaultEndpoint,
    check: endpointOption,
  },
  removedPath: {
    text: 'the path that a proxy removes from each request before it arrives here, such as `/shop`; `endpoint` begins with it',
    more: '`redirectOnce` leads visitors back to the address that their browser shows. Without such a proxy, leave it out. See [below a path](frameworks.md#below-a-path).',
    unit: 'path',
    default: '',
    shown: 'none',
    check: removedPathOption,
  },
  cookieName: {
    text: "the session cookie's name",
    more: 'It must begin with `__Host-` and must not be the name of another cookie of the protocol; at most 64 characters.',
    default: cookieNames.session,
    check: cookieNameOption,
  },
  sessionProperty: {
    text: 'the property of a request that holds its session, for applications whose `req.session` belongs to another middleware, such as express-session',
    more: '[TypeScript](typescript.md#beside-express-session) needs a declaration too.',
    default: 'session',
    check: propertyOption,
  },
  freshForSeconds: {
    text: 'how long a session is trusted without asking the hub: the life of a session token',
    more: 'After half of it, the next request asks the hub and gets a new token. While the hub cannot be reached, the session is trusted for the other half too.',
    unit: 'seconds',
    default: 300,
    check: wholeNumber({ min: 1, max: limits.freshSeconds }), // R28
  },
  graceForSeconds: {
    text: 'how much longer a session is trusted while the hub cannot be reached',
    unit: 'seconds',
    default: 3600,
    check: wholeNumber({ min: 0, max: 30 * 86_400 }),
  },
  cookieSeconds: {
    text: 'how long browsers keep the session cookie, regardless of the life of the token in it',
    unit: 'seconds',
    default: COOKIE_SECONDS,
    check: wholeNumber({ min: 60, max: COOKIE_SECONDS }),
  },
  sessionField: {
    text: "the token's member that holds the handle, wrapped",
    default: 'sk',
    check: sessionFieldOption,
  },
  fields: {
    text: "which fields of the session its token contains, so that [other services](verify.md#the-site) can read them: `'name'`, `['profile.email', 'email']`, `['profile.email', 'e', 'email']`",
    more: 'A path leads into the claims, or with the prefix `data.` into the data. The token contains the short name; a reader gets both names. With this option, `req.session.claims` contains only the listed fields. A field that does not exist is left out, with one log entry per path. At most 16, and 768 bytes together with `tokenClaims`; with an RSA key of more than 2,048 bits the limit can be lower, so that browsers accept the cookie.',
    shown: 'all claims, as they are',
    check: fieldsOption,
  },
  tokenClaims: {
    text: '`({ subject, claims, data, authTime }, req) => object`: further members for the token that no path reaches',
    more: 'May be asynchronous. It is called for each new token, and after each `update`. It must not change the session. If it throws, there is no new token: a sign-in is refused (`unavailable`), and an existing session continues with its present token.',
    shown: 'nothing',
    check: aFunction<(session: TokenSession, req: object) => object | Promise<object>>(
      '(session: TokenSession, req: Native) => object | Promise<object>',
    ),
  },
  audiences: {
    text: 'the services on other hosts for which this site makes [tokens](verify.md#a-service-on-another-host), by their origins, such as `https://api.example`: at most 32',
    more: 'Needs a key pair for session tokens, because a service that has a secret could create tokens itself.',
    default: [],
    shown: 'none',
    check: audiencesOption,
  },
  serviceTokenSeconds: {
    text: 'how long a token for a service lives, but never longer than the session is fresh',
    unit: 'seconds',
    default: limits.serviceTokenSeconds.default,
    check: wholeNumber(limits.serviceTokenSeconds),
  },
  maxTicketSeconds: {
    text: 'the longest life of a ticket that this site accepts',
    unit: 'seconds',
    default: limits.ticketSeconds.max,
    check: wholeNumber(limits.ticketSeconds),
  },
  alwaysReplace: {
    text: "whether the hub's session wins over this site's whenever the hub has one",
    more: 'This can make a signed-in visitor anonymous.',
    default: false,
    check: yesOrNo,
  },
  live: {
    text: 'whether open pages learn at once when their session ends, wherever that happens, by server-sent events at `GET /session-hub/live`',
    more: 'Each visible page holds one connection. See [what it costs](flows/open-pages.md#everyone-knows-at-once).',
    default: false,
    check: yesOrNo,
  },
  mayStore: {
    text: "`(req) => boolean`: whether anything may be stored in this visitor's browser",
    more: 'May be asynchronous. Until it says `true`: no cookie, no session, no sign-in (`consent_required`), and nothing is shared. An existing session stays, but is not renewed. An exception counts as no. See [consent](ladder.md#consent).',
    shown: 'always',
    check: aFunction<(req: object) => boolean | Promise<boolean>>(
      '(req: Native) => boolean | Promise<boolean>',
    ),
  },
  mayShare: {
    text: "`(req) => boolean`, the consent hook: whether this visitor's session may be shared",
    more: 'May be asynchronous.',
    default: () => true,
    shown: 'always',
    check: aFunction<(req: object) => boolean | Promise<boolean>>(
      '(req: Native) => boolean | Promise<boolean>',
    ),
  },
  onReplaced: {
    text: '`({ req, source, wasEmpty, from })`, called after a session from another site has arrived at this one, before the page learns of it: the response waits',
    more: '`from` is the origin where the session began, or `null`. An exception is logged.',
    default: () => undefined,
    shown: 'nothing',
    check: aFunction<(event: ReplacedEvent<object>) => void | Promise<void>>(
      '(event: ReplacedEvent<Native>) => void | Promise<void>',
    ),
  },
  onSignedIn: {
    text: '`({ req, subject, claims })`, called once after each sign-in on this site; `signIn` waits for it',
    more: 'It is also called while the hub is down, and not again when the hub learns of the sign-in. For a user who arrives signed in from another site, `onReplaced` is called instead. An exception is logged.',
    default: () => undefined,
    shown: 'nothing',
    check: aFunction<(event: SignedInEvent<object>) => void | Promise<void>>(
      '(event: SignedInEvent<Native>) => void | Promise<void>',
    ),
  },
  onEnded: {
    text: "`({ origin, subject, reason })`, called when a session ends from which this process has had a request: as soon as the process learns of it by a sign-out here, by the hub's event stream, or by the visitor's next request",
    more: 'It is called once in each such process, for the 50,000 sessions that were used last. Nothing waits for it. `reason` says whether another session took its place (`signed-in`, `replaced`). An exception is logged.',
    shown: 'nothing',
    check: aFunction<(event: EndedEvent) => void | Promise<void>>(
      '(event: EndedEvent) => void | Promise<void>',
    ),
  },
  hubTimeoutMs: {
    text: 'how long to wait for the hub',
    unit: 'milliseconds',
    default: 2000,
    check: wholeNumber({ min: 50, max: 30_000 }),
  },
  perAddress: {
    text: "how many requests one address may send to each of this site's endpoints",
    unit: 'requests per minute',
    default: 600,
    check: wholeNumber({ min: 1, max: 1e9 }),
  },
  traces: {
    text: 'spans of what the site asks the hub: `openTelemetry()` of `session-hub/traces`',
    more: '[docs/traces.md](traces.md)',
    shown: 'none',
    check: tracesOption,
  },
  log: {
    text: 'receives structured entries, none of which holds a secret',
    shown: 'none',
    check: aFunction<Log>('Log'),
  },
  now: {
    text: 'the clock, for tests',
    unit: 'milliseconds since 1970',
    // Looked up at each call, because an application's tests may replace the global clock.
    default: () => Date.now(),
    shown: '`Date.now`',
    check: aClock,
  },
} satisfies OptionRows

/** The options that a site shares with the other sites of its application. */
export const sharedRows = { hub, ...optional } satisfies OptionRows

/** The options of one site. */
export const siteRows = {
  origin: {
    text: "this site's own origin, such as `https://shop.example`; never taken from a request",
    more: 'An application with more than one has [other options](domains.md).',
    required: true,
    check: anOrigin,
  },
  hub,
  keys: {
    text: 'what `session-hub sites add` made for this site: the object, or its JSON as text, such as the value of `SESSION_HUB_KEYS`',
    more: 'If the variable is not set, `createSite` rejects.',
    required: true,
    check: keysOption,
  },
  host: {
    text: 'the `Host` of the requests that arrive here, if a proxy changes it',
    shown: "the origin's host",
    check: hostOption,
  },
  ...optional,
} satisfies OptionRows

/** The options that an application with several origins has instead of `origin`, `host` and one site's `keys`. */
export const appRows = {
  origins: {
    text: 'all origins of the application, if you know them at start-up, such as `https://shop.example` and `https://www.shop.example`',
    check: originsOption,
  },
  findOrigin: {
    text: "`(host) => origin`: receives the `Host` of a request, and returns the origin of exactly this host, or `undefined` if it is not one of the application's",
    more: "May be asynchronous. If it throws, returns another host's origin or takes longer than two seconds, the request is `unavailable`.",
    check: aFunction<FindOrigin>('FindOrigin'),
  },
  originCacheSeconds: {
    text: 'how long the site reuses an answer of `findOrigin`; 0 asks for each request',
    unit: 'seconds',
    default: 5,
    check: wholeNumber({ min: 0, max: 3600 }),
  },
  keys: {
    text: 'the one set of keys for all origins that `session-hub sites add --app` created, or `(origin) => keys`, which may be asynchronous',
    more: 'The function is called once for an origin, and again if the origin was gone in between.',
    required: true,
    check: appKeysOption,
  },
} satisfies OptionRows
