import { randomBytes } from 'node:crypto'

import { SessionHubError } from '../../sdk/protocol/errors.js'
import { byBeginning, byId, grouped } from './rows.js'
import type {
  AuditSearch,
  Changes,
  EndingsRange,
  Handle,
  Held,
  NumberedAuditRow,
  NumberedEnding,
  NumberedSite,
  Question,
  Session,
  SessionSearch,
  SitePut,
  SitesRange,
  Spend,
  Store,
  Subject,
  SubjectQuestion,
  SweepTimes,
  Swept,
  View,
} from './store.js'

/**
 * Keeps sessions in the memory of one process: for tests, for demos, and for a hub whose sessions may end with it.
 * Nothing survives a restart, and no other process sees any of it.
 */
export function memoryStore(): Store {
  return new MemoryStore()
}

/** Whether this is a memory store: another process sees nothing of it. */
export const isMemory = (store: Store): boolean => store instanceof MemoryStore

/** No method awaits anything before it is done, so each method is atomic: nothing else runs in between. */
class MemoryStore implements Store {
  readonly #sessions = new Map<string, Session>()
  readonly #handles = new Map<string, Handle>()
  readonly #spends = new Map<string, Spend>()
  readonly #subjects = new Map<string, Subject>()
  #endings: NumberedEnding[] = []
  #lastEnding = 0
  #audit: NumberedAuditRow[] = []
  #lastAudit = 0
  readonly #sites = new Map<string, NumberedSite>()
  #lastSite = 0
  #epoch = newEpoch()
  #isOpen = true

  async find(hash: string): Promise<Held | undefined> {
    this.#checkOpen()
    return this.#held(hash)
  }

  async transact<Result>(
    { handles, spend, subject, session: id = '' }: Question,
    decide: (view: View) => { changes?: Changes; result: Result },
  ): Promise<Result> {
    this.#checkOpen()
    const held = handles.map((hash) => this.#held(hash))
    const spentBefore = spend && this.#spends.get(spendKey(spend))

    const { changes = {}, result } = decide({
      held,
      ...this.#ofSubject(subject),
      session: this.#byId(id),
      spentBefore: spentBefore && { ...spentBefore },
    })

    this.#write(changes)
    if (spend && !spentBefore) this.#spends.set(spendKey(spend), { ...spend })
    return result
  }

  async sessions(ids: readonly string[]): Promise<ReadonlyMap<string, Session>> {
    this.#checkOpen()
    return byId(ids.map((id) => this.#byId(id)))
  }

  async list(subject: string, nowMs: number, limit: number): Promise<readonly Session[]> {
    this.#checkOpen()
    return this.#live(subject, nowMs).reverse().slice(0, limit)
  }

  async places(ids: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
    this.#checkOpen()
    const places = [...this.#handles.values()]
      .filter(({ sessionId, activatedAtMs }) => activatedAtMs !== null && ids.includes(sessionId))
      .map(({ sessionId, site }) => [sessionId, site] as const)
    return grouped(places)
  }

  async search(search: SessionSearch): Promise<readonly Session[]> {
    this.#checkOpen()
    const { subject, site, nowMs, fromMs = 0, beforeMs = Infinity, after, limit } = search
    return [...this.#sessions.values()]
      .filter((session) => subject === undefined || session.subject === subject)
      .filter((session) => site === undefined || session.site === site)
      .filter(({ createdAtMs }) => createdAtMs >= fromMs && createdAtMs < beforeMs)
      .filter((session) => after === undefined || byBeginning(after, session) < 0)
      .filter((session) => session.expiresAtMs > nowMs && this.#endOf(session).endedAtMs === null)
      .sort(byBeginning)
      .slice(0, limit)
      .map((session) => this.#seen(session))
  }

  async countLive(nowMs: number): Promise<number> {
    this.#checkOpen()
    let live = 0
    for (const session of this.#sessions.values())
      if (session.expiresAtMs > nowMs && this.#endOf(session).endedAtMs === null) live += 1
    return live
  }

  async audit({ subject, beforeSeq = Infinity, limit }: AuditSearch): Promise<readonly NumberedAuditRow[]> {
    this.#checkOpen()
    const rows = this.#audit.filter(
      (row) => row.seq < beforeSeq && (subject === undefined || row.subject === subject),
    )
    return structuredClone(rows.reverse().slice(0, limit))
  }

  async isSpent(issuer: string, jti: string): Promise<boolean> {
    this.#checkOpen()
    return this.#spends.has(spendKey({ issuer, jti }))
  }

  async endings(afterSeq: number, limit: number): Promise<readonly NumberedEnding[]> {
    this.#checkOpen()
    return structuredClone(this.#endings.filter(({ seq }) => seq > afterSeq).slice(0, limit))
  }

  async endingsRange(): Promise<EndingsRange> {
    this.#checkOpen()
    return { epoch: this.#epoch, first: this.#endings[0]?.seq ?? 0, last: this.#lastEnding }
  }

  async renewEpoch(): Promise<string> {
    this.#checkOpen()
    return (this.#epoch = newEpoch())
  }

  async putSite({ origin, sealed, wasSeq, audit }: SitePut): Promise<number | undefined> {
    this.#checkOpen()
    const before = this.#sites.get(origin)
    if (before?.sealed === sealed) return before.seq
    if ((before?.seq ?? 0) !== wasSeq) return undefined
    this.#write({ audit })
    // Delete the site first, so that the map stays in the order of the numbers.
    this.#sites.delete(origin)
    this.#sites.set(origin, { origin, sealed, seq: ++this.#lastSite })
    return this.#lastSite
  }

  async sites(afterSeq: number, limit: number): Promise<readonly NumberedSite[]> {
    this.#checkOpen()
    if (afterSeq >= this.#lastSite) return []
    return structuredClone([...this.#sites.values()].filter(({ seq }) => seq > afterSeq).slice(0, limit))
  }

  async sitesRange(): Promise<SitesRange> {
    this.#checkOpen()
    return { epoch: this.#epoch, last: this.#lastSite }
  }

  async ping(): Promise<void> {
    this.#checkOpen()
  }

  async sweep(times: SweepTimes, limit: number): Promise<Swept> {
    this.#checkOpen()
    const { nowMs, endedBeforeMs, endingsBeforeMs, auditBeforeMs } = times
    const isPast = ({ expiresAtMs }: { expiresAtMs: number }) => expiresAtMs <= nowMs
    const isOver = (session: Session) =>
      isPast(session) || (session.endedAtMs !== null && session.endedAtMs < endedBeforeMs)

    const cut = [...this.#sessions.values()]
      .filter((session) => session.endedAtMs === null && this.#endOf(session).endedAtMs !== null)
      .slice(0, limit)
    for (const session of cut) this.#sessions.set(session.id, this.#seen(session))
    const sessions = remove(this.#sessions, isOver, limit)
    if (sessions > 0) remove(this.#handles, ({ sessionId }) => !this.#sessions.has(sessionId), Infinity)
    const isDue = (handle: Handle) =>
      (handle.activatedAtMs === null && isPast(handle)) ||
      (handle.acting !== undefined && handle.acting.untilMs < endedBeforeMs)
    const handles = remove(this.#handles, isDue, limit)
    const spends = remove(this.#spends, isPast, limit)
    const subjects = remove(this.#subjects, ({ untilMs }) => untilMs <= nowMs, limit)
    const old = this.#endings.filter(({ atMs }) => atMs < endingsBeforeMs).slice(0, limit)
    this.#endings = this.#endings.filter((ending) => !old.includes(ending))
    const past = this.#audit.filter(({ atMs }) => atMs < auditBeforeMs).slice(0, limit)
    this.#audit = this.#audit.filter((row) => !past.includes(row))
    return { cut: cut.length, sessions, handles, spends, subjects, endings: old.length, audit: past.length }
  }

  async close(): Promise<void> {
    this.#isOpen = false
    this.#sessions.clear()
    this.#handles.clear()
    this.#spends.clear()
    this.#subjects.clear()
    this.#endings = []
    this.#audit = []
    this.#sites.clear()
  }

  /** Copies go in and out: a store in a file shares no object with its caller, and this one must behave the same. */
  #held(hash: string): Held | undefined {
    const handle = this.#handles.get(hash)
    const session = handle && this.#sessions.get(handle.sessionId)
    return session && structuredClone({ handle, session: this.#seen(session) })
  }

  #byId(id: string): Session | undefined {
    const session = this.#sessions.get(id)
    return session && this.#seen(session)
  }

  /** The session as readers see it: it has also ended when all of its subject's sessions up to its generation were ended. */
  #seen(session: Session): Session {
    const { endedAtMs, endReason } = this.#endOf(session)
    return structuredClone({ ...session, endedAtMs, endReason })
  }

  #endOf(session: Session): Pick<Session, 'endedAtMs' | 'endReason'> {
    const subject = session.subject === null ? undefined : this.#subjects.get(session.subject)
    const isCut = session.endedAtMs === null && subject && session.generation <= subject.endedUpTo
    return isCut ? subject : session
  }

  /** The oldest first. */
  #live(subject: string, nowMs: number): Session[] {
    return [...this.#sessions.values()]
      .filter((session) => session.subject === subject)
      .map((session) => this.#seen(session))
      .filter(({ endedAtMs, expiresAtMs }) => endedAtMs === null && expiresAtMs > nowMs)
      .sort((a, b) => a.generation - b.generation)
  }

  #ofSubject(asked: SubjectQuestion | undefined): Pick<View, 'subject' | 'sessions' | 'live'> {
    if (!asked) return { subject: undefined, sessions: [], live: 0 }
    const { sessions: limit, countTo = 0, nowMs } = asked
    const subject = this.#subjects.get(asked.subject)
    const sessions = limit === 0 && countTo === 0 ? [] : this.#live(asked.subject, nowMs)
    return {
      subject: subject && { ...subject },
      sessions: sessions.slice(0, limit),
      live: Math.min(sessions.length, countTo),
    }
  }

  #write(changes: Changes): void {
    // Everything that can throw comes before the first change, so that the changes are all or nothing.
    const {
      sessions = [],
      handles = [],
      forget = [],
      subjects = [],
      endings = [],
      audit = [],
      erase,
    } = structuredClone(changes)
    if (erase) this.#erase(erase)
    for (const subject of subjects) this.#subjects.set(subject.subject, subject)
    for (const ending of endings) this.#endings.push({ ...ending, seq: ++this.#lastEnding })
    for (const row of audit) this.#audit.push({ ...row, seq: ++this.#lastAudit })
    for (const session of sessions) this.#sessions.set(session.id, session)
    for (const handle of handles)
      if (this.#sessions.has(handle.sessionId)) this.#handles.set(handle.hash, handle)
    for (const hash of forget) this.#handles.delete(hash)
  }

  #erase({ subject, name }: NonNullable<Changes['erase']>): void {
    remove(this.#sessions, (session) => session.subject === subject, Infinity)
    remove(
      this.#handles,
      ({ sessionId, acting }) => !this.#sessions.has(sessionId) || acting?.subject === subject,
      Infinity,
    )
    if (name === subject) return
    this.#audit = this.#audit.map((row) => {
      if (row.subject !== subject) return row
      const { reason: _said, ...rest } = row
      return { ...rest, subject: name }
    })
  }

  #checkOpen(): void {
    if (!this.#isOpen) throw new SessionHubError('unavailable', 'The session store is closed') // R21
  }
}

const newEpoch = () => randomBytes(16).toString('hex')

/** R8: the replay key is the pair, so that no site can spend another issuer's `jti`. */
const spendKey = ({ issuer, jti }: Pick<Spend, 'issuer' | 'jti'>) => JSON.stringify([issuer, jti])

function remove<Kind>(records: Map<string, Kind>, isDue: (record: Kind) => boolean, limit: number): number {
  let removed = 0
  for (const [key, record] of records) {
    if (removed >= limit) break
    if (isDue(record) && records.delete(key)) removed += 1
  }
  return removed
}
