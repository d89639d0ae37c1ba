import { SessionHubError } from '../../sdk/protocol/errors.js'
import type { Changes, Handle, Held, Question, Session, Spend, Store, Swept, View } from './store.js'

/**
 * Sessions in the memory of one process: for tests, for demos, and for a hub whose sessions may end with it.
 * Nothing survives a restart, and no other process sees any of it.
 */
export function memoryStore(): Store {
  return new MemoryStore()
}

/** No method awaits anything before it is done, so each one is atomic: nothing else runs in between. */
class MemoryStore implements Store {
  readonly #sessions = new Map<string, Session>()
  readonly #handles = new Map<string, Handle>()
  readonly #spends = new Map<string, Spend>()
  #isOpen = true

  async find(hash: string): Promise<Held | undefined> {
    this.#checkOpen()
    return this.#held(hash)
  }

  async addHandle(handle: Handle): Promise<void> {
    this.#checkOpen()
    this.#write({ handles: [handle] })
  }

  async transact<Result>(
    { handles, spend }: Question,
    decide: (view: View) => { changes?: Changes; result: Result },
  ): Promise<Result> {
    this.#checkOpen()
    const held = handles.map((hash) => this.#held(hash))
    const spentBefore = spend && this.#spends.get(spendKey(spend))

    const { changes = {}, result } = decide({ held, spentBefore: spentBefore && { ...spentBefore } })

    this.#write(changes)
    if (spend && !spentBefore) this.#spends.set(spendKey(spend), { ...spend })
    return result
  }

  async ping(): Promise<void> {
    this.#checkOpen()
  }

  async sweep(times: { nowMs: number; endedBeforeMs: number }, limit: number): Promise<Swept> {
    this.#checkOpen()
    const { nowMs, endedBeforeMs } = times
    const isPast = ({ expiresAtMs }: { expiresAtMs: number }) => expiresAtMs <= nowMs
    const isOver = (session: Session) =>
      isPast(session) || (session.endedAtMs !== null && session.endedAtMs < endedBeforeMs)

    const sessions = remove(this.#sessions, isOver, limit)
    if (sessions > 0) remove(this.#handles, ({ sessionId }) => !this.#sessions.has(sessionId), Infinity)
    const handles = remove(this.#handles, (handle) => handle.activatedAtMs === null && isPast(handle), limit)
    const spends = remove(this.#spends, isPast, limit)
    return { sessions, handles, spends }
  }

  async close(): Promise<void> {
    this.#isOpen = false
    this.#sessions.clear()
    this.#handles.clear()
    this.#spends.clear()
  }

  /** Copies go in and out: a store in a file shares no object with its caller, and this one must not differ. */
  #held(hash: string): Held | undefined {
    const handle = this.#handles.get(hash)
    const session = handle && this.#sessions.get(handle.sessionId)
    return session && structuredClone({ handle, session })
  }

  #write(changes: Changes): void {
    // Everything that can throw comes before the first change, so that it is all or nothing.
    const { sessions = [], handles = [], forget = [] } = structuredClone(changes)
    for (const session of sessions) this.#sessions.set(session.id, session)
    for (const handle of handles)
      if (this.#sessions.has(handle.sessionId)) this.#handles.set(handle.hash, handle)
    for (const hash of forget) this.#handles.delete(hash)
  }

  #checkOpen(): void {
    if (!this.#isOpen) throw new SessionHubError('unavailable', 'The session store is closed') // R21
  }
}

/** R8: the replay key is the pair, so that no site can spend another issuer's `jti`. */
const spendKey = ({ issuer, jti }: Spend) => JSON.stringify([issuer, jti])

function remove<Kind>(records: Map<string, Kind>, isDue: (record: Kind) => boolean, limit: number): number {
  let removed = 0
  for (const [key, record] of records) {
    if (removed >= limit) break
    if (isDue(record) && records.delete(key)) removed += 1
  }
  return removed
}
