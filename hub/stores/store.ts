/**
 * What a hub needs from a store. It is small on purpose: every rule is a pure function in `hub/flows`, and a store
 * only reads, and runs such a function atomically. A new store is therefore one new file here that passes the contract suite.
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
  /** Moves forward while the session is used, never past `untilMs`. */
  readonly expiresAtMs: number
  /** The absolute end of its life. */
  readonly untilMs: number
  /** `false`: browsers forget the session when they close. */
  readonly isRemembered: boolean
  /** The number of this session among the subject's sessions; 0 for an anonymous one. */
  readonly generation: number
  /** The origin of the site where the session began. */
  readonly site: string
  /** The browser's own description of itself at sign-in. */
  readonly agent: string | null
  /** A read gives the earlier of two ends: the session's own, and the end of all the subject's sessions up to its generation. */
  readonly endedAtMs: number | null
  readonly endReason: EndReason | null
}

/** What the store knows of a subject beside the sessions: enough to end all of them in one write, however many there are. */
export interface Subject {
  readonly subject: string
  /** The generation of the newest session. */
  readonly generation: number
  /** All sessions up to and including this generation have ended; -1 if none has ended this way. */
  readonly endedUpTo: number
  readonly endedAtMs: number | null
  readonly endReason: EndReason | null
  /** The latest time at which the last of the sessions is over. After it the record may be swept. */
  readonly untilMs: number
}

/** The end of one session, or of all sessions of a subject up to a generation, for the sites that have to know at once. */
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
  /** 128 random bits in hexadecimal digits. The same number in another epoch is another ending. */
  readonly epoch: string
  /** The number of the first ending that is still kept; 0 if none is kept. */
  readonly first: number
  /** The number of the last ending that there was; 0 if there was none. */
  readonly last: number
}

/**
 * A site that was registered at run time. Only the hub can read or write what is sealed: whoever copies the store gets no key of
 * a site, and whoever writes into the store registers no site.
 */
export interface StoredSite {
  readonly origin: string
  /** `null`: the site was removed. The record stays, so that every hub learns of it. */
  readonly sealed: string | null
}

export interface NumberedSite extends StoredSite {
  /** The number of the site's newest change. It grows with each change of any site in this store. */
  readonly seq: number
}

export interface SitePut extends StoredSite {
  /** The number that the site had when it was read; 0 if it did not exist. */
  readonly wasSeq: number
  /** Appended to the list that `audit` reads, if the site is written. */
  readonly audit: readonly AuditRow[]
}

/** How far the numbers of sites have come. */
export interface SitesRange {
  /** The epoch of the endings: after a restore, numbers of sites are used again too. */
  readonly epoch: string
  /** The number of the newest change; 0 if there was none. */
  readonly last: number
}

/** One act of an administrator, for those who have to account for it later (R32). */
export interface AuditRow {
  readonly atMs: number
  /** The administrator's name, or the name of the command line's user. */
  readonly who: string
  readonly act: AuditAct
  /** Whose session it was, or whose sessions were requested; `null` for an anonymous visitor's session, or if no user was named. */
  readonly subject: string | null
  /** The site where the session began, or the site that was requested. */
  readonly site: string | null
  /** How many sessions were shown, ended or spared. */
  readonly sessions: number
  /** The network address that the act came from, or the machine of a command. */
  readonly from: string
  readonly outcome: AuditOutcome
  /** The reason in the words of the person who acted, where a reason is required. */
  readonly reason?: string
  /** How long the act holds, if it ends by itself. */
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

/** `nothing`: there was nothing left to end. */
export const auditOutcomes = ['done', 'nothing', 'refused'] as const
export type AuditOutcome = (typeof auditOutcomes)[number]

export interface NumberedAuditRow extends AuditRow {
  /** Grows with each row in this store. */
  readonly seq: number
}

/** Selects rows of the audit, the newest first. */
export interface AuditSearch {
  readonly subject?: string
  /** Only rows before this one. */
  readonly beforeSeq?: number
  readonly limit: number
}

/** Selects live sessions, the newest first. */
export interface SessionSearch {
  readonly subject?: string
  /** The origin of the site where the sessions began. */
  readonly site?: string
  /** Only sessions that began at this time or later. */
  readonly fromMs?: number
  /** Only sessions that began before this time. */
  readonly beforeMs?: number
  /** Only sessions that come after this one in the list. */
  readonly after?: Pick<Session, 'createdAtMs' | 'id'>
  readonly nowMs: number
  readonly limit: number
}

/** What one site holds of a session. The store never has the handle itself, only its SHA-256 (R26). */
export interface Handle {
  /** base64url(SHA-256(handle)), 43 characters. */
  readonly hash: string
  readonly sessionId: string
  /** The site's origin, or `'hub'` for the hub's own cookie. */
  readonly site: string
  /** For the hub's own cookie: when it was last set. */
  readonly createdAtMs: number
  /** `null`: nobody holds it. It is a note about a handle or a request, kept for a while. */
  readonly activatedAtMs: number | null
  /** How long such a note is kept. */
  readonly expiresAtMs: number
  /** The holder sees the site as one of its users does. The session behind it is still the holder's own. */
  readonly acting?: Acting
}

/** As which user the holder acts, and for how long. */
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
  /** In the order of the requested hashes; `undefined` where no such handle exists. */
  readonly held: readonly (Held | undefined)[]
  /** The requested subject; `undefined` if it never signed in. */
  readonly subject: Subject | undefined
  /** The subject's live sessions, the oldest first, as many as the question asked for. */
  readonly sessions: readonly Session[]
  /** The number of the subject's live sessions, as far as the question asked to count. */
  readonly live: number
  /** The session that the question named by its id. */
  readonly session: Session | undefined
  /** The first use of the `jti` if it was used before. Otherwise `undefined`, and this transaction spends it. */
  readonly spentBefore: Spend | undefined
}

/** What a transaction writes: whole records, inserted, or replaced by id or hash. */
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
   * Removes all of a subject's sessions with their handles, and the handles by which others act as this user. Writes `name` wherever the audit names
   * the subject, and removes the reasons from those rows, unless `name` is still the subject. If there is much to do, a store may do it after the
   * rest of the transaction, in several steps, and answers when it is done: by then the subject's record in the same transaction has ended the
   * sessions.
   */
  readonly erase?: { readonly subject: string; readonly name: string }
}

export interface Question {
  /** Hashes of the handles to read, at most 8. */
  readonly handles: readonly string[]
  /** Spent by this transaction in one atomic insert-or-conflict (R26), whatever `decide` returns. */
  readonly spend?: Spend
  readonly subject?: SubjectQuestion
  /** The id of one session to read. */
  readonly session?: string
}

export interface SubjectQuestion {
  readonly subject: string
  /** How many of the subject's live sessions to read, 0 to 1000. */
  readonly sessions: number
  /** How far to count the subject's live sessions without reading them, 0 to 1001. @default 0 */
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
  /** Sessions that now record the end that a cut of their subject had given them. */
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
  /** One sentence for the log: which answered writes could be lost, and when. */
  readonly durability?: string

  /** Reads one handle with its session, in one statement. `/frame` calls it on its hot path. */
  find(hash: string): Promise<Held | undefined>

  /**
   * Reads what the question names, calls `decide`, and writes its changes: all or nothing, isolated from every
   * other transaction in every process on this store. `decide` is synchronous and pure. It may run several times, until nothing has
   * changed between the read and the write, and its last answer takes effect exactly once. If `decide` throws, nothing is written,
   * and the spend is rolled back too.
   *
   * A new session of a subject always comes with the subject's record, so a store may use that record to notice every added session.
   */
  transact<Result>(
    question: Question,
    decide: (view: View) => { changes?: Changes; result: Result },
  ): Promise<Result>

  /** Returns those of these sessions that exist, by id, ended ones included. At most 1000 ids. */
  sessions(ids: readonly string[]): Promise<ReadonlyMap<string, Session>>

  /** A subject's live sessions, the newest first. */
  list(subject: string, nowMs: number, limit: number): Promise<readonly Session[]>

  /** Returns where each session has activated handles, by the session's id, each place once. A session without any is left out. At most 1000 ids. */
  places(ids: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>>

  /** Finds live sessions in the order in which they began, the newest first. */
  search(search: SessionSearch): Promise<readonly Session[]>

  /**
   * Returns about how many sessions are live, for those who watch the hub, who ask at most once a minute. It has to be cheap at any number: an
   * estimate if counting is not cheap. Sessions that a cut of their subject has ended may count until a sweep has recorded that end. Without this
   * method the hub shows no such number.
   */
  countLive?(nowMs: number): Promise<number>

  /**
   * Returns for how many milliseconds the oldest pending work of this process has waited, such as writes that are done one after another;
   * 0 if none waits. The hub asks 50 times a second, and refuses some requests while its store is behind. A store without this method has no such
   * queue.
   */
  waitedMs?(): number

  /** Returns what administrators did, the newest act first. */
  audit(search: AuditSearch): Promise<readonly NumberedAuditRow[]>

  /** Whether this `jti` of this issuer was spent. */
  isSpent(issuer: string, jti: string): Promise<boolean>

  /**
   * The endings after this number, in order and without a gap, including those of other processes. An ending that was just written may be
   * missing for a moment, while another process gives it its number.
   */
  endings(afterSeq: number, limit: number): Promise<readonly NumberedEnding[]>

  endingsRange(): Promise<EndingsRange>

  /**
   * Begins a new epoch. After a restore from a backup the numbers are used again, and a reader who follows them would miss endings.
   *
   * @returns the new epoch
   */
  renewEpoch(): Promise<string>

  /**
   * Writes one site, unless somebody else has changed it since it was read. A change that is already stored, down to its seal, is not written again.
   *
   * @returns its number now; `undefined` if that differs from `wasSeq`, and then nothing is written
   */
  putSite(site: SitePut): Promise<number | undefined>

  /** Returns the sites that have changed after this number, each once, in the order of their newest changes, including what other processes wrote. */
  sites(afterSeq: number, limit: number): Promise<readonly NumberedSite[]>

  sitesRange(): Promise<SitesRange>

  /** Resolves when the store answers; for `/readyz`. */
  ping(): Promise<void>

  /**
   * First, each session that a cut of its subject has ended records that end as its own, so that a later cut does not keep it longer. Then this
   * removes at most `limit` rows of each kind: spends and notes past their time, sessions past
   * `expiresAtMs`, sessions that ended before `endedBeforeMs` with their handles, acting handles that were over before then, subjects
   * past `untilMs`, endings before `endingsBeforeMs`, and audit rows before `auditBeforeMs`.
   */
  sweep(times: SweepTimes, limit: number): Promise<Swept>

  close(): Promise<void>
}
