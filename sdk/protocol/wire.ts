/** The protocol's fixed words and numbers. `docs/protocol.md` explains each. */

/** Grows when a hub and a site of different versions could no longer understand each other. */
export const protocolVersion = 1

/** Paths on the hub. */
export const hubPaths = {
  frame: '/frame',
  /** The frame asks again, after the browser has let it have its cookies. */
  look: '/look',
  exchange: '/exchange',
  /** From the frame: this browser shares nothing from now on, or does again. */
  forget: '/forget',
  /** The visible frame, with the one button that asks the browser for storage access. */
  access: '/access',
  /** A small page of the hub's own, in a popup: a click there lets the frame have its cookies in some browsers. */
  unlock: '/unlock',
  redirect: '/redirect',
  /** The visitor's own page: which sites share the session, where they are signed in, sign-out, opt-out. */
  you: '/you',
  sdk: '/sdk.js',
  discovery: '/.well-known/session-hub',
  backchannel: '/backchannel',
  /** Several acts of a site at once. */
  batch: '/backchannel/batch',
  /** The event stream of a site. */
  events: '/backchannel/events',
  /** The company's identity provider says that somebody has signed out there. */
  companySignOut: '/backchannel-logout',
  health: '/healthz',
  ready: '/readyz',
} as const

/** Acts of a site on the hub, each a POST to `/backchannel/<act>`. */
export const backchannelActs = [
  'redeem',
  'read',
  'update',
  'claims',
  'sign-in',
  'end',
  'end-other',
  'list',
  'link',
  'sisters',
  'keys',
  'part',
  'act-as',
  'stop-acting',
] as const
export type BackchannelAct = (typeof backchannelActs)[number]

/** Those that many visitors cause at once: of these several may come in one request. */
export const batchedActs = ['redeem', 'read', 'update'] as const satisfies readonly BackchannelAct[]
export type BatchedAct = (typeof batchedActs)[number]

/** Paths on a site, below its endpoint. */
export const sitePaths = {
  offer: '/offer',
  redeem: '/redeem',
  signOut: '/sign-out',
  /** Gives a link ticket for one sister. */
  link: '/link',
  /** Which origins are sisters. */
  sisters: '/sisters',
  /** Takes a link ticket by POST; finishes by GET. */
  enter: '/enter',
  redirect: '/redirect',
  callback: '/callback',
  /** The visitor’s opt-out, and its undoing. */
  forget: '/forget',
  /** Gives a token for a service on another host. */
  token: '/token',
  /** Open pages hear when their session ends. */
  live: '/live',
  /** The public keys of this site's session token. */
  jwks: '/jwks.json',
  sdk: '/sdk.js',
} as const
/**
 * What `GET <endpoint>/live?probe` answers with, whoever asks: two comments, of which the second one ends it. `probe=45` puts so many
 * seconds between them.
 */
export const streamProbe = {
  query: 'probe',
  first: ': first\n\n',
  last: ': last\n\n',
  seconds: { min: 1, max: 60 },
} as const

/** How `session-hub doctor` asks by which address it is counted. The address is one that nobody has (RFC 5737). */
export const doctorProbe = {
  asks: 'x-session-hub-doctor',
  answers: 'x-session-hub-counted',
  address: '192.0.2.1',
} as const

export const defaultEndpoint = '/session-hub'

/** The inner `typ` of each kind of token, compared to the letter (R4). */
export type TokenType =
  'ticket+jwt' | 'offer+jwt' | 'session+jwt' | 'site+jwt' | 'start+jwt' | 'enter+jwt' | 'ended+jwt'

/** Cookies. `__Host-` pins each to its exact host, `/` and Secure (R22). */
export const cookieNames = {
  hub: '__Host-session-hub',
  /** Set only in a page of the hub's own, so a frame that has it is in no partition. Says nothing else. */
  hubSeen: '__Host-session-hub-seen',
  /** The hub's own nonce of a redirect that has to bring an offer (R13). */
  hubStart: '__Host-session-hub-start',
  /** Changes whenever this browser gets another session at the hub, or loses it: the hub's frames watch it. Not HttpOnly, and worth nothing. */
  hubTurn: '__Host-session-hub-turn',
  /** The visitor shares nothing in this browser (`forget`). */
  hubOff: '__Host-session-hub-off',
  /** Of the visitor's own page at the hub: its forms count in this browser only. */
  hubForm: '__Host-session-hub-form',
  hubDone: '__Host-session-hub-done',
  session: '__Host-session',
  state: '__Host-session-state',
  /** A sign-in that another site's page has posted here, until a request comes that shows who was here before. */
  posted: '__Host-session-posted',
  /** Sign-outs that the hub has still to be told of. */
  ended: '__Host-session-ended',
  /** A redirect under way: its verifier, and how many there were in a row (R10, R24). */
  start: '__Host-session-start',
  /** A link ticket that was posted, until the same-site step that sees who is here. */
  enter: '__Host-session-enter',
  /** `redirectOnce` has been here in this browser session. */
  once: '__Host-session-once',
  /** For the SDK to read and remove: how the visitor has just arrived. */
  arrival: '__Host-session-arrival',
  /** For the SDK to read: the visitor shares nothing on this site. */
  off: '__Host-session-off',
} as const

/** For which of an app's origins its backend speaks on the back-channel: the site token names the app. */
export const siteHeader = 'session-hub-site'

/** An app as the issuer of its site tokens. No origin is spelled like this. */
export const appIssuer = (name: string): string => `app:${name}`

/** Without it a cross-origin form cannot reach `/exchange` even by mistake (R16). */
export const exchangeHeader = 'x-session-hub'

export const limits = {
  /** A ticket or offer, in characters (R1). */
  tokenLength: 4096,
  /** A request body or a message, in bytes (R15, R31). */
  bodyBytes: 8192,
  /** How many acts come in one request of the back-channel, which has the size of any other. */
  batchedActs: 16,
  jsonDepth: 5,
  jsonKeys: 32,
  /** One update of a session's data as JSON, in bytes: it has to fit into a body, with a handle beside it. */
  patchBytes: 7680,
  /** A session's data as JSON, in bytes. More than one update carries, because merges bring data together. */
  dataBytes: 16_384,
  /** A session's claims as JSON, in bytes: they travel in every ticket. */
  claimsBytes: 1024,
  /** The longest life of a session token (R28). */
  freshSeconds: 300,
  /** What a site puts into its session token by `fields` and `tokenClaims`, as JSON, in bytes: with all claims beside it, the cookie fits. */
  tokenContentBytes: 768,
  /** How many names that may be: with the token's own members, at most `jsonKeys`. */
  tokenNames: 20,
  /** The life of a token for a service on another host. */
  serviceTokenSeconds: { min: 1, max: 300, default: 60 },
  /** For how many services one site makes tokens. */
  audiences: 32,
  /** Beside a longer name, browsers would not keep the longest session token. */
  cookieNameLength: 64,
  /** What is kept of a browser's own description, in characters. */
  agentLength: 256,
  /** A subject as JSON, in bytes. */
  subjectBytes: 255,
  /** With all that a ticket may hold, it still fits into `tokenLength`. */
  originLength: 128,
  /** Where a link or a redirect leads, in characters: it travels in addresses and in a cookie. */
  targetLength: 2000,
  /** `return` on its way over the hub, in bytes as it is sent: a sealed target fits. */
  returnLength: 2944,
  /** An address of the hub's or of a site's endpoints, in bytes as it is sent: the longest has a ticket and a `return`. */
  addressLength: 5376,
  /** How many of a user's sessions are shown to the user, the newest first. */
  listedSessions: 100,
  /** On how many sites each of them is shown to be in use. */
  listedSites: 16,
  /** How many sisters one site may know. */
  sisters: 64,
  /** How many ticket keys one site may have, while a new one is being introduced. */
  ticketKeys: 16,
  /** How long a redirect may take, on the site and on the hub. */
  redirectSeconds: 120,
  bodyTimeoutMs: 10_000,
  ticketSeconds: { min: 5, max: 300, default: 30 },
  /** A site's clock and the hub's may differ by this much. */
  skewSeconds: 5,
  /** So two machines that both keep to it may differ by twice as much: two of one site, or one of them and a service that reads its tokens. */
  ownSkewSeconds: 10,
  /** How long an administrator acts as a user, in seconds. */
  actingSeconds: { min: 60, max: 28_800, default: 1800 },
  /** How long ago the administrator may have signed in. */
  actingSignInSeconds: 3600,
  /** Why, in characters. */
  reasonLength: 200,
  /** A site's Bearer token lives this long at most. */
  siteTokenSeconds: 120,
  /** A replay sooner than this is a double submit, not a theft (R27). */
  doubleSubmitMs: 2000,
} as const

/** How a session was asked for. A ticket of one mode is none of another (R11). */
export const modes = ['frame', 'link', 'redirect'] as const
export type Mode = (typeof modes)[number]

/** The steps of the ladder, which a browser climbs only as far as it must. */
export const rungs = ['frame', 'access', 'link', 'redirect'] as const
export type Rung = (typeof rungs)[number]

/** What the hub decided in a frame or an exchange. */
export const outcomes = [
  /** Nothing to share. */
  'none',
  /** The site holds the hub's session already. */
  'keep',
  /** The hub's session goes to the site: a ticket comes with it. */
  'replace',
  /** The hub took the site's session. */
  'adopt',
  /** Two users; nothing was changed. */
  'conflict',
  /** The site holds another session: the hub has to see an offer first. */
  'offer',
  /** The browser keeps the hub's cookie from the frame. */
  'blocked',
  /** The hub could not decide; `reason` says why. */
  'failed',
] as const
export type Outcome = (typeof outcomes)[number]

/** Begins a subject that the hub has named for one site, and none that a site may sign in (R33). */
export const pairwisePrefix = 'pairwise:'

/** Which of two users stays, by the visitor's own word. */
export const choices = ['hub', 'site'] as const
export type Choice = (typeof choices)[number]

/** What a page says instead of a choice where it syncs only because something has changed elsewhere. */
export const NEWS = 'news'

/** Why the site's session gave way. */
export const replaceReasons = [
  /** The site had no session, or an empty one. */
  'empty',
  /** The site's anonymous data was moved into the hub's session. */
  'merged',
  /** The site always yields, or the hub's conflict policy lets its own user win. */
  'overruled',
  /** The same user, in another session. */
  'same-user',
] as const
export type ReplaceReason = (typeof replaceReasons)[number]

export const endReasons = [
  'signed-out',
  /** The visitor signed in: a new session took its place. */
  'signed-in',
  /** Another session took its place in this browser. */
  'replaced',
  /** The user signed in elsewhere, and may have only so many sessions. */
  'replaced-elsewhere',
  /** Somebody with the right to do so ended it. */
  'revoked',
  'replayed',
  'expired',
] as const
export type EndReason = (typeof endReasons)[number]
