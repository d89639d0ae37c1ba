/**
 * What a hub needs from a store. Small on purpose: every rule lives in `hub/flows` as a pure function, and a store
 * only reads, and runs such a function atomically. So a new store is a new file here that passes the contract suite.
 */
import type { JsonObject } from '../../sdk/protocol/json.js'
import type { EndReason } from '../../sdk/protocol/wire.js'

export interface Session {
  /** 128 random bits, base64url. Never leaves the hub. */
  readonly id: string
  /** The signed-in user, or `null` for an anonymous session. */
  readonly subject: string | null
  readonly claims: JsonObject
  readonly data: JsonObject
  /** Grows by one with each change of `data`. */
  readonly version: number
  readonly createdAtMs: number
  readonly authTimeMs: number | null
  readonly seenAtMs: number
  /** Moves on while the session is used, never past `untilMs`. */
  readonly expiresAtMs: number
  /** The absolute end of its life. */
  readonly untilMs: number
  /** `false`: browsers forget it when they are closed. */
  readonly isRemembered: boolean
  /** Which of the subject's sessions this is; 0 for an anonymous one. */
  readonly generation: number
  /** The origin of the site where it began. */
  readonly site: string
  /** The browser's own description of itself at sign-in. */
  readonly agent: string | null
  /** Reading gives the earlier end of the two: the session's own, or that of all the subject's sessions up to its generation. */
  readonly endedAtMs: number | null
  readonly endReason: EndReason | null
}

/** What is known of a subject beside the sessions: enough to end all of them in one write, however many there are. */
export interface Subject {
  readonly subject: string
  /** The generation of the newest session. */
  readonly generation: number
  /** All sessions of this generation and before have ended; -1 while none has that way. */
  readonly endedUpTo: number
  readonly endedAtMs: number | null
  readonly endReason: EndReason | null
  /** When the last of the sessions is over, whatever happens: then the record may be swept. */
  readonly untilMs: number
}

/** The end of one session, or of all sessions of a subject up to a generation; for those who have to know at once. */
export interface Ending {
  readonly sessionId: string | null
  readonly subject: string | null
  readonly generation: number
  readonly reason: EndReason
  readonly atMs: number
}

export interface NumberedEnding extends Ending {
  /** Grows with each ending in this store. */
  readonly seq: number
}

/** Which endings a store still has. */
export interface EndingsRange {
  /** 128 random bits in hexadecimal digits: numbers of another epoch are other endings. */
  readonly epoch: string
  /** The number of the first that is still kept; 0: none is. */
  readonly first: number
  /** The number of the last that there was; 0: there was none. */
  readonly last: number
}

/**
 * A site that was registered at run time. What is sealed only the hub can read, and only the hub can write: whoever copies the store has no key of
 * a site, and whoever writes into it registers none.
 */
export interface StoredSite {
  readonly origin: string
  /** `null`: it was removed. The record stays, so that every hub hears of it. */
  readonly sealed: string | null
}

export interface NumberedSite extends StoredSite {
  /** The number of its newest change. Grows with each change of any site in this store. */
  readonly seq: number
}

export interface SitePut extends StoredSite {
  /** The number that the site had when it was read; 0: it was not there. */
  readonly wasSeq: number
  /** Appended to the list that `audit` reads, if the site is written. */
  readonly audit: readonly AuditRow[]
}

/** Where the numbers of sites are. */
export interface SitesRange {
  /** The epoch of the endings: after a restore, numbers of sites run again too. */
  readonly epoch: string
  /** The number of the newest change that there was; 0: there was none. */
  readonly last: number
}

/** One act of an administrator, for whoever has to answer for it later (R32). */
export interface AuditRow {
  readonly atMs: number
  /** The administrator's name, or the command line's. */
  readonly who: string
  readonly act: AuditAct
  /** Whose session it was, or whose sessions were asked for; `null`: an anonymous visitor's, or nobody's in particular. */
  readonly subject: string | null
  /** The site where the session began, or that was asked for. */
  readonly site: string | null
  /** How many sessions were shown, ended or spared. */
  readonly sessions: number
  /** The network address that it came from, or the machine of a command. */
  readonly from: string
  readonly outcome: AuditOutcome
  /** In the words of whoever did it, where a reason is asked for. */
  readonly reason?: string
  /** Until when it holds, where it ends by itself. */
  readonly untilMs?: number
}

export const auditActs = [
  'sign-in',
  'sign-out',
  'list',
  'end',
  'end-all',
  'erase',
  'act-as',
  'stop-acting',
  'site-add',
  'site-change',
  'site-disable',
  'site-enable',
  'site-prove',
  'site-remove',
  'site-rotate-keys',
] as const
export type AuditAct = (typeof auditActs)[number]

/** `nothing`: there was nothing to end any more. */
export const auditOutcomes = ['done', 'nothing', 'refused'] as const
export type AuditOutcome = (typeof auditOutcomes)[number]

export interface NumberedAuditRow extends AuditRow {
  /** Grows with each row in this store. */
  readonly seq: number
}

/** Which rows to read, the newest first. */
export interface AuditSearch {
  readonly subject?: string
  /** Only rows before this one. */
  readonly beforeSeq?: number
  readonly limit: number
}

/** Which live sessions to find, the newest first. */
export interface SessionSearch {
  readonly subject?: string
  /** The origin of the site where they began. */
  readonly site?: string
  /** Begun at this time or later. */
  readonly fromMs?: number
  /** Begun before this time. */
  readonly beforeMs?: number
  /** Only those that come after this one in the list. */
  readonly after?: Pick<Session, 'createdAtMs' | 'id'>
  readonly nowMs: number
  readonly limit: number
}

/** One site's hold on a session. The handle itself is never stored, only its SHA-256 (R26). */
export interface Handle {
  /** base64url(SHA-256(handle)), 43 characters. */
  readonly hash: string
  readonly sessionId: string
  /** The site's origin, or `'hub'` for the hub's own cookie. */
  readonly site: string
  /** Of the hub's own cookie: when it was last set. */
  readonly createdAtMs: number
  /** `null`: nobody holds it; it is a note about a handle or a request, kept for a while. */
  readonly activatedAtMs: number | null
  /** Until when such a note is kept. */
  readonly expiresAtMs: number
  /** Whoever holds it sees the site as one of its users does; the session behind it is still the holder's own. */
  readonly acting?: Acting
}

/** As whom, and how long. */
export interface Acting {
  readonly subject: string
  readonly claims: JsonObject
  readonly untilMs: number
}

/** A `jti` that has been used, under its issuer (R8). */
export interface Spend {
  readonly issuer: string
  readonly jti: string
  readonly spentAtMs: number
  /** When the row may be swept: not before the token itself has expired. */
  readonly expiresAtMs: number
  /** Hash of the handle that the first use gave, so that a replay can end it (R27). */
  readonly gave: string | null
}

/** A handle together with the session that it stands for, ended sessions included. */
export interface Held {
  readonly handle: Handle
  readonly session: Session
}

/** What a transaction sees. */
export interface View {
  /** In the order of the hashes asked for; `undefined` where there is no such handle. */
  readonly held: readonly (Held | undefined)[]
  /** The subject that was asked for; `undefined` where it never signed in. */
  readonly subject: Subject | undefined
  /** Its live sessions, the oldest first, as far as they were asked for. */
  readonly sessions: readonly Session[]
  /** How many live sessions it has, as far as they were to be counted. */
  readonly live: number
  /** The session that was asked for by its id. */
  readonly session: Session | undefined
  /** The first use of the `jti`, where it was used before; otherwise `undefined`, and it is spent now. */
  readonly spentBefore: Spend | undefined
}

/** What a transaction writes: whole records, inserted or replaced by id, hash. */
export interface Changes {
  readonly sessions?: readonly Session[]
  readonly handles?: readonly Handle[]
  /** Hashes of handles to remove. */
  readonly forget?: readonly string[]
  readonly subjects?: readonly Subject[]
  /** Appended to the list that `endings` reads. */
  readonly endings?: readonly Ending[]
  /** Appended to the list that `audit` reads. */
  readonly audit?: readonly AuditRow[]
  /**
   * Removes all of a subject's sessions, with their handles, and those by which others act as this user. Writes `name` wherever the audit has the
   * subject, and takes the reasons out of those rows, unless the name is the subject still. Where that is much, a store may do it after the rest of
   * the transaction, in several steps, and answers when it is done: the subject's record that comes with it has ended the sessions by then.
   */
  readonly erase?: { readonly subject: string; readonly name: string }
}

export interface Question {
  /** Hashes of the handles to read, at most 8. */
  readonly handles: readonly string[]
  /** Spent by this transaction in one atomic insert-or-conflict (R26), whatever `decide` answers. */
  readonly spend?: Spend
  readonly subject?: SubjectQuestion
  /** One session by its id. */
  readonly session?: string
}

export interface SubjectQuestion {
  readonly subject: string
  /** How many of its live sessions to read, 0 to 1000. */
  readonly sessions: number
  /** How far to count its live sessions without reading them, 0 to 1001. @default 0 */
  readonly countTo?: number
  readonly nowMs: number
}

export interface SweepTimes {
  readonly nowMs: number
  readonly endedBeforeMs: number
  readonly endingsBeforeMs: number
  readonly auditBeforeMs: number
}

export interface Swept {
  /** Sessions that got the end that a cut of their subject had given them. */
  readonly cut: number
  readonly sessions: number
  readonly handles: number
  readonly spends: number
  readonly subjects: number
  readonly endings: number
  readonly audit: number
}

/**
 * Every method rejects with a `SessionHubError` of code `unavailable` when the store cannot answer (R21).
 */
export interface Store {
  /** What would be lost of that which was answered, and when; for the log, in one sentence. */
  readonly durability?: string

  /** Reads one handle with its session, in one statement. The hot path of `/frame`. */
  find(hash: string): Promise<Held | undefined>

  /**
   * Reads what the question names, calls `decide`, and writes its changes, all or nothing, isolated from every
   * other transaction in every process on this store. `decide` is synchronous and pure: it may run several times, until nothing has
   * changed between the reading and the writing, and its last answer takes effect exactly once. When `decide` throws, nothing is written:
   * the spend is rolled back too.
   *
   * A new session of a subject comes with the subject's record, so that a store may take the record for all that was added.
   */
  transact<Result>(
    question: Question,
    decide: (view: View) => { changes?: Changes; result: Result },
  ): Promise<Result>

  /** Those of these sessions that there are, by their ids, ended ones included. At most 1000 ids. */
  sessions(ids: readonly string[]): Promise<ReadonlyMap<string, Session>>

  /** A subject's live sessions, the newest first. */
  list(subject: string, nowMs: number, limit: number): Promise<readonly Session[]>

  /** Where activated handles on these sessions stand, by the sessions' ids, each place once; of a session without any, nothing. At most 1000 ids. */
  places(ids: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>>

  /** Live sessions, by when they began, the newest first. */
  search(search: SessionSearch): Promise<readonly Session[]>

  /**
   * About how many sessions are live, for whoever watches the hub; asked for once a minute at most. It has to be cheap at any number: an estimate
   * where counting is not. Those that a cut of their subject has ended may count until a sweep has given them that end. A store without this
   * method shows no such number.
   */
  countLive?(nowMs: number): Promise<number>

  /**
   * For how many milliseconds the oldest work has waited that this process itself has still to do, such as writes that are done one after another;
   * 0 if none waits. Asked for 50 times a second: a hub whose store is behind refuses some of what comes. A store without this method has no such queue.
   */
  waitedMs?(): number

  /** What administrators did, the newest first. */
  audit(search: AuditSearch): Promise<readonly NumberedAuditRow[]>

  /** Whether this `jti` of this issuer was spent. */
  isSpent(issuer: string, jti: string): Promise<boolean>

  /** The endings after this number, in their order; also those that other processes wrote. */
  endings(afterSeq: number, limit: number): Promise<readonly NumberedEnding[]>

  endingsRange(): Promise<EndingsRange>

  /**
   * Begins another epoch: after a restore from a backup the numbers run again, and whoever followed them would pass endings by.
   *
   * @returns the new epoch
   */
  renewEpoch(): Promise<string>

  /**
   * Writes one site, unless somebody else has changed it since it was read. A change that is there already, down to its seal, is not written again.
   *
   * @returns its number now; `undefined` where it is another than `wasSeq`: then nothing is written
   */
  putSite(site: SitePut): Promise<number | undefined>

  /** The sites that have changed after this number, each once, in the order of their newest changes; also what other processes wrote. */
  sites(afterSeq: number, limit: number): Promise<readonly NumberedSite[]>

  sitesRange(): Promise<SitesRange>

  /** Resolves when the store answers; for `/readyz`. */
  ping(): Promise<void>

  /**
   * Gives sessions that a subject's cut has ended that end as their own, so that a later cut does not keep them longer. Then
   * removes, at most `limit` rows of each kind: spends and notes past their time, sessions past
   * `expiresAtMs` and sessions ended before `endedBeforeMs`, with their handles; acting handles over before that; subjects
   * past `untilMs`; endings before `endingsBeforeMs`, audit rows before `auditBeforeMs`.
   */
  sweep(times: SweepTimes, limit: number): Promise<Swept>

  close(): Promise<void>
}
