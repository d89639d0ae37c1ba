/** The protocol's fixed words and numbers. `docs/protocol.md` explains each. */

/** Increases when a hub and a site of different versions could no longer understand each other. */
export const protocolVersion = 1

/** Paths on the hub. */
export const hubPaths = {
  frame: '/frame',
  /** The frame asks again, after the browser has given it access to its cookies. */
  look: '/look',
  exchange: '/exchange',
  /** From the frame: this browser stops sharing, or shares again. */
  forget: '/forget',
  /** The visible frame, with the one button that asks the browser for storage access. */
  access: '/access',
  /** A small page of the hub in a popup: in some browsers, a click there gives the frame access to its cookies. */
  unlock: '/unlock',
  redirect: '/redirect',
  /** The visitor's own page: which sites share the session, where they are signed in, sign-out, opt-out. */
  you: '/you',
  sdk: '/sdk.js',
  discovery: '/.well-known/session-hub',
  backchannel: '/backchannel',
  /** Several acts of a site in one request. */
  batch: '/backchannel/batch',
  /** The event stream of a site. */
  events: '/backchannel/events',
  /** The company's identity provider reports that somebody has signed out there. */
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

/** The acts that many visitors cause at the same time: one request may carry several of them. */
export const batchedActs = ['redeem', 'read', 'update'] as const satisfies readonly BackchannelAct[]
export type BatchedAct = (typeof batchedActs)[number]

/** Paths on a site, below its endpoint. */
export const sitePaths = {
  offer: '/offer',
  redeem: '/redeem',
  signOut: '/sign-out',
  /** Issues a link ticket for one sister. */
  link: '/link',
  /** Lists the origins of the sisters. */
  sisters: '/sisters',
  /** Accepts a link ticket by POST; finishes by GET. */
  enter: '/enter',
  redirect: '/redirect',
  callback: '/callback',
  /** The visitor's opt-out, and its undoing. */
  forget: '/forget',
  /** Issues a token for a service on another host. */
  token: '/token',
  /** Tells open pages when their session ends. */
  live: '/live',
  /** The public keys of this site's session token. */
  jwks: '/jwks.json',
  sdk: '/sdk.js',
} as const
/** What `GET <endpoint>/live?probe` answers to anybody: two comments; the answer ends after the second. `probe=45` puts 45 seconds between them. */
export const streamProbe = {
  query: 'probe',
  first: ': first\n\n',
  last: ': last\n\n',
  seconds: { min: 1, max: 60 },
} as const

/** How `session-hub doctor` asks which address it is counted by. Nobody has this address (RFC 5737). */
export const doctorProbe = {
  asks: 'x-session-hub-doctor',
  answers: 'x-session-hub-counted',
  address: '192.0.2.1',
} as const

export const defaultEndpoint = '/session-hub'

/** The inner `typ` of each kind of token, compared exactly (R4). */
export type TokenType =
  'ticket+jwt' | 'offer+jwt' | 'session+jwt' | 'site+jwt' | 'start+jwt' | 'enter+jwt' | 'ended+jwt'

/** Cookies. `__Host-` pins each to its exact host, `/` and Secure (R22). */
export const cookieNames = {
  hub: '__Host-session-hub',
  /** Set only on a page of the hub itself, so a frame that has it is not in a partition. It says nothing else. */
  hubSeen: '__Host-session-hub-seen',
  /** The hub's own nonce for a redirect that has to bring an offer (R13). */
  hubStart: '__Host-session-hub-start',
  /**
   * Changes whenever this browser gets another session at the hub, or loses it: the hub's frames watch it. It is not HttpOnly,
   * and worthless to a thief.
   */
  hubTurn: '__Host-session-hub-turn',
  /** The visitor shares nothing in this browser (`forget`). */
  hubOff: '__Host-session-hub-off',
  /** For the visitor's own page at the hub: its forms are accepted only from this browser. */
  hubForm: '__Host-session-hub-form',
  hubDone: '__Host-session-hub-done',
  session: '__Host-session',
  state: '__Host-session-state',
  /** A sign-in that another site's page has posted here, until a request shows who was here before. */
  posted: '__Host-session-posted',
  /** Sign-outs that the hub has not been told of yet. */
  ended: '__Host-session-ended',
  /** A redirect in progress: its verifier, and how many there were in a row (R10, R24). */
  start: '__Host-session-start',
  /** A link ticket that was posted, until the same-site step that sees who is here. */
  enter: '__Host-session-enter',
  /** `redirectOnce` has already acted in this browser session. */
  once: '__Host-session-once',
  /** For the SDK to read and remove: how the visitor has just arrived. */
  arrival: '__Host-session-arrival',
  /** For the SDK to read: the visitor shares nothing on this site. */
  off: '__Host-session-off',
} as const

/** Names which of an app's origins the backend acts for on the back channel: the site token itself names the app. */
export const siteHeader = 'session-hub-site'

/** An app as the issuer of its site tokens. No origin has this form. */
export const appIssuer = (name: string): string => `app:${name}`

/** Without this header a cross-origin form cannot reach `/exchange` even by mistake (R16). */
export const exchangeHeader = 'x-session-hub'

export const limits = {
  /** A ticket or offer, in characters (R1). */
  tokenLength: 4096,
  /** A request body or a message, in bytes (R15, R31). */
  bodyBytes: 8192,
  /** How many acts one request of the back channel may carry; the request is no larger than any other. */
  batchedActs: 16,
  jsonDepth: 5,
  jsonKeys: 32,
  /** One update of a session's data as JSON, in bytes: it has to fit into a body together with a handle. */
  patchBytes: 7680,
  /** A session's data as JSON, in bytes. It is more than one update can carry, because merges combine data. */
  dataBytes: 16_384,
  /** A session's claims as JSON, in bytes: they travel in every ticket. */
  claimsBytes: 1024,
  /** The longest life of a session token (R28). */
  freshSeconds: 300,
  /** What a site puts into its session token by `fields` and `tokenClaims`, as JSON, in bytes: with all claims added, the cookie still fits. */
  tokenContentBytes: 768,
  /** How many names these may be: together with the token's own members, at most `jsonKeys`. */
  tokenNames: 20,
  /** The lifetime of a token for a service on another host. */
  serviceTokenSeconds: { min: 1, max: 300, default: 60 },
  /** For how many services one site makes tokens. */
  audiences: 32,
  /** With a longer name, browsers would refuse the longest session token. */
  cookieNameLength: 64,
  /** How much of a browser's own description is kept, in characters. */
  agentLength: 256,
  /** A subject as JSON, in bytes. */
  subjectBytes: 255,
  /** Together with everything else that a ticket may contain, it still fits into `tokenLength`. */
  originLength: 128,
  /** The target of a link or a redirect, in characters: it travels in addresses and in a cookie. */
  targetLength: 2000,
  /** `return` on its way through the hub, in bytes as sent: a sealed target fits. */
  returnLength: 2944,
  /** An address of the hub's or of a site's endpoints, in bytes as sent: the longest has a ticket and a `return`. */
  addressLength: 5376,
  /** How many of a user's sessions are listed for the user, newest first. */
  listedSessions: 100,
  /** How many of the sites where it is in use are listed for each session. */
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
  /** Two machines that both keep to that may differ by twice as much: two of one site, or one of them and a service that reads its tokens. */
  ownSkewSeconds: 10,
  /** How long an administrator may act as a user, in seconds. */
  actingSeconds: { min: 60, max: 28_800, default: 1800 },
  /** How old the administrator's sign-in may be. */
  actingSignInSeconds: 3600,
  /** The reason for acting, in characters. */
  reasonLength: 200,
  /** The longest lifetime of a site's Bearer token. */
  siteTokenSeconds: 120,
  /** A replay sooner than this is a double submit, not a theft (R27). */
  doubleSubmitMs: 2000,
} as const

/** How a session was asked for. A ticket of one mode is not valid in another (R11). */
export const modes = ['frame', 'link', 'redirect'] as const
export type Mode = (typeof modes)[number]

/** The rungs of the ladder, which a browser climbs only as far as it must. */
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
  /** Two different users; nothing was changed. */
  'adopt',
  /** Two users; nothing was changed. */
  'conflict',
  /** The site has another session: the hub needs an offer first. */
  'offer',
  /** The browser withholds the hub's cookie from the frame. */
  'blocked',
  /** The hub could not decide; `reason` says why. */
  'failed',
] as const
export type Outcome = (typeof outcomes)[number]

/** The beginning of a subject that the hub has created for one site; a site may not sign such a subject in (R33). */
export const pairwisePrefix = 'pairwise:'

/** Which of two users stays, by the visitor's choice. */
export const choices = ['hub', 'site'] as const
export type Choice = (typeof choices)[number]

/** A page sends this instead of a choice if it syncs only because something has changed elsewhere. */
export const NEWS = 'news'

/** Why the site's session gave way. */
export const replaceReasons = [
  /** The site had no session, or an empty one. */
  'empty',
  /** The site's anonymous data was moved into the hub's session. */
  'merged',
  /** The site always yields, or the hub's conflict policy prefers the hub's user. */
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
  /** The user signed in elsewhere, and the number of sessions is limited. */
  'replaced-elsewhere',
  /** Somebody who may do so ended it. */
  'revoked',
  'replayed',
  'expired',
] as const
export type EndReason = (typeof endReasons)[number]
