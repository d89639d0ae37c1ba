/** What the hub stores of this application's session, in the application's own terms, and what it is asked to store. */
import { randomBytes } from 'node:crypto'

import type { JsonObject, SiteSession } from '../site/index.js'
import { batches } from './batches.js'
import { ID, type Layout, NOTHING, type Stored } from './layout.js'

type Texts = ReadonlyMap<string, string>

export class Kept {
  readonly #hub: SiteSession
  readonly #layout: Layout
  #stored: Stored = NOTHING
  #id = newId()

  constructor(hub: SiteSession, layout: Layout) {
    this.#hub = hub
    this.#layout = layout
  }

  /** The session's id for this application. */
  get id(): string {
    return this.#id
  }

  /** The JSON of each key. */
  get texts(): Texts {
    return new Map([...this.#stored.texts].filter(([key]) => key !== ID))
  }

  /** From now on this is another session, of which nothing is known yet. */
  renew(): void {
    this.#stored = NOTHING
    this.#id = newId()
  }

  /** These values are not to be stored again, although they are no longer stored anywhere. */
  dismiss(texts: Texts): void {
    this.#stored = { texts, stale: [] }
  }

  /** @throws SessionHubError `unavailable` */
  async load(): Promise<void> {
    this.take(await this.#hub.data())
  }

  take(data: JsonObject): void {
    this.#stored = this.#layout.read(data, this.#hub)
    const id = this.#stored.texts.get(ID)
    if (id !== undefined) this.#id = JSON.parse(id) as string
  }

  /** Gives a session that has no id for this application one, once for all requests that arrive together. */
  async nameIt(): Promise<void> {
    const hub = this.#hub
    if (hub.status === 'none' || this.#stored.texts.has(ID)) return
    const named = new Map([[ID, JSON.stringify(this.#id)]])
    try {
      const data = await hub.update((present) =>
        this.#layout.read(present, hub).texts.has(ID) ? {} : this.#layout.patch(NOTHING, named, hub),
      )
      this.take(data)
    } catch {
      // The session continues without an id: while the hub is down, or if this site may not write it.
    }
  }

  /**
   * An empty object or list alone is not worth storing and no reason to begin a session: connect-flash leaves one behind wherever it looks,
   * and its next look creates it again.
   */
  isChangedTo(texts: Texts): boolean {
    const before = this.#basis(texts)
    const isNew = ([key, text]: [string, string]) => before.has(key) || (text !== '{}' && text !== '[]')
    const wanted = [...texts].filter(isNew)
    const count = before.has(ID) ? before.size - 1 : before.size
    return count !== wanted.length || wanted.some(([key, text]) => before.get(key) !== text)
  }

  /** Whether there is something to remove that nobody can open any more. */
  get hasStale(): boolean {
    return this.#hub.status !== 'none' && this.#stored.stale.length > 0
  }

  /** @throws SessionHubError as `req.session.update` of the site */
  async store(texts: Texts): Promise<void> {
    const hub = this.#hub
    const isChanged = this.isChangedTo(texts)
    const isNamed = hub.status === 'none' || this.#stored.texts.has(ID)
    if (!isChanged && isNamed && !this.hasStale) return
    const wanted = new Map(texts).set(ID, this.#stored.texts.get(ID) ?? JSON.stringify(this.#id))
    const stored = { texts: this.#basis(wanted), stale: this.hasStale ? this.#stored.stale : [] }
    try {
      for (const part of batches(this.#layout.patch(stored, wanted, hub))) await hub.update(part)
    } catch (error) {
      // A change of our own entries may wait for the next request: a sign-in while the hub is down can store nothing.
      if (isChanged) throw error
    }
    this.#stored = { texts: wanted, stale: [] }
  }

  /** If there is no session, nothing can be removed from it. */
  #basis(wanted: Texts): Texts {
    const { texts } = this.#stored
    return this.#hub.status === 'none' ? new Map([...texts].filter(([key]) => wanted.has(key))) : texts
  }
}

const newId = () => randomBytes(32).toString('base64url')
