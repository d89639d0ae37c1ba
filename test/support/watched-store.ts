/** A store that counts what is written to it, shows what it holds, and can be taken away. */
import { memoryStore, type Changes, type Handle, type Session, type Spend, type Store } from 'session-hub/hub'

export interface WatchedStore extends Store {
  /** Every record that was ever written. */
  readonly written: { sessions: Session[]; handles: Handle[]; spends: Spend[] }
  readonly rows: () => number
  /** How often sessions were read or written. */
  readonly asked: () => number
  /** From now on every method rejects, as a driver does: not with one of our own errors. */
  breakDown(isBroken: boolean): void
}

export function watchedStore(inner: Store = memoryStore()): WatchedStore {
  const written = { sessions: [] as Session[], handles: [] as Handle[], spends: [] as Spend[] }
  let isBroken = false
  let asked = 0
  const check = async () => {
    if (isBroken) throw new Error('connect ECONNREFUSED 10.0.0.7:6379')
  }
  const note = ({ sessions = [], handles = [] }: Changes) => {
    written.sessions.push(...sessions)
    written.handles.push(...handles)
  }
  return {
    written,
    rows: () => written.sessions.length + written.handles.length + written.spends.length,
    asked: () => asked,
    breakDown(broken) {
      isBroken = broken
    },
    async find(hash) {
      asked += 1
      await check()
      return inner.find(hash)
    },
    async transact(question, decide) {
      asked += 1
      await check()
      return inner.transact(question, (view) => {
        const decided = decide(view)
        if (decided.changes) note(decided.changes)
        if (question.spend && !view.spentBefore) written.spends.push(question.spend)
        return decided
      })
    },
    async sessions(ids) {
      await check()
      return inner.sessions(ids)
    },
    async list(subject, nowMs, limit) {
      await check()
      return inner.list(subject, nowMs, limit)
    },
    async places(ids) {
      await check()
      return inner.places(ids)
    },
    async search(search) {
      await check()
      return inner.search(search)
    },
    async audit(search) {
      await check()
      return inner.audit(search)
    },
    async isSpent(issuer, jti) {
      await check()
      return inner.isSpent(issuer, jti)
    },
    async endings(afterSeq, limit) {
      await check()
      return inner.endings(afterSeq, limit)
    },
    async endingsRange() {
      await check()
      return inner.endingsRange()
    },
    async putSite(site) {
      await check()
      return inner.putSite(site)
    },
    async sites(afterSeq, limit) {
      await check()
      return inner.sites(afterSeq, limit)
    },
    async sitesRange() {
      await check()
      return inner.sitesRange()
    },
    async renewEpoch() {
      await check()
      return inner.renewEpoch()
    },
    async ping() {
      await check()
      return inner.ping()
    },
    async sweep(times, limit) {
      await check()
      return inner.sweep(times, limit)
    },
    close: () => inner.close(),
  }
}
