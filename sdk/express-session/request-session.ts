/** One request's session: what the application makes of it, and what the hub is told of that. */
import { randomBytes } from 'node:crypto'

import type { Request, Response } from 'express'

import { type Json, type JsonObject, SessionHubError, type Site, type SiteSession } from '../site/index.js'
import { batches } from './batches.js'
import { ID, isSame, type Layout, NOTHING, type Stored } from './layout.js'
import type { ExpressSessionSettings } from './options.js'
import { contentOf, ExpressSession, fill, type Keeper } from './session.js'
import { valueAt, withoutValueAt, withValueAt } from './user-path.js'

type Done = ((error?: unknown) => void) | undefined

/** What the application has made of its session, compared with what the hub knows. */
interface Wish {
  readonly isSignOut: boolean
  /** Who is to be signed in, if that is a change. */
  readonly signIn: Json | undefined
  /** The JSON of each key, without the user. */
  readonly texts: ReadonlyMap<string, string>
}

export class RequestSession implements Keeper {
  readonly #site: Site
  readonly #settings: ExpressSessionSettings
  readonly #layout: Layout
  readonly #req: Request
  readonly #res: Response
  readonly #hub: SiteSession
  #session!: ExpressSession
  #id = newId()
  #stored: Stored = NOTHING
  /** The user whom the hub names, in the application's own words, as JSON. */
  #userText: string | undefined
  /** `regenerate` was called: nothing of the old session counts. */
  #isReborn = false
  /** What could not be saved, and the application was told so. */
  #refused: string | undefined
  /** One after another. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(
    site: Site,
    settings: ExpressSessionSettings,
    layout: Layout,
    hub: SiteSession,
    req: Request,
    res: Response,
  ) {
    this.#site = site
    this.#settings = settings
    this.#layout = layout
    this.#hub = hub
    this.#req = req
    this.#res = res
  }

  /** Puts the session where the application looks for it. @throws SessionHubError `unavailable` */
  async load(): Promise<void> {
    const hub = this.#hub
    // R21: a session that cannot be looked up is not nobody's.
    if (hub.isStale && hub.status === 'none')
      throw new SessionHubError('unavailable', 'The hub cannot be asked about this session')
    await this.#take(await this.#data())
    await this.#keepId()
    await this.#show()
  }

  /** Whether there is nothing to save before the answer goes out. */
  isSettled(): boolean {
    return !this.#isWork() || (this.#refused !== undefined && this.#refused === this.#state())
  }

  /** @throws SessionHubError whatever `site.signIn` and `req.session.update` throw; then what was not stored is still to be saved */
  settle(): Promise<void> {
    return this.#inTurn(() => this.#settle())
  }

  save(session: ExpressSession, done: Done): void {
    const saving = this.#inTurn(async () => {
      if (session !== this.#session) throw gone('This session has been replaced by another since')
      try {
        await this.#settle()
      } catch (error) {
        // Who has been told need not be told again at the end of the answer.
        if (done) this.#refused = this.#state()
        throw error
      }
    })
    report(saving, done)
  }

  reload(session: ExpressSession, done: Done): void {
    const loading = this.#inTurn(async () => {
      if (session !== this.#session || this.#isReborn || this.#hub.status === 'none')
        throw gone('There is no such session to load')
      // It gives what the hub has by now, which `data()` has only once for each request.
      await this.#take(await this.#hub.update({}))
      await this.#show()
    })
    report(loading, done)
  }

  regenerate(_session: ExpressSession, done: Done): void {
    const making = this.#inTurn(() => {
      this.#isReborn = true
      this.#stored = NOTHING
      this.#id = newId()
      this.#put({})
      return Promise.resolve()
    })
    report(making, done)
  }

  destroy(_session: ExpressSession, done: Done): void {
    Reflect.deleteProperty(this.#req, 'session')
    const ending = this.#inTurn(async () => {
      this.#isReborn = false
      this.#stored = NOTHING
      if (this.#hub.status !== 'none') await this.#site.signOut(this.#req, this.#res)
    })
    report(ending, done)
  }

  async #settle(): Promise<void> {
    const wish = this.#wish()
    if (!wish) return
    const texts = new Map(wish.texts)
    if (wish.signIn !== undefined) await this.#signIn(wish.signIn, texts)
    if (wish.isSignOut) await this.#signOut(texts)
    this.#isReborn = false
    await this.#store(texts)
    this.#refused = undefined
  }

  /** @throws SessionHubError */
  async #signIn(user: Json, texts: Map<string, string>): Promise<void> {
    const hub = this.#hub
    const who = await this.#settings.toSignIn(user, this.#req)
    const userText = JSON.stringify(user)
    if (!this.#isReborn && who.subject === hub.subject) {
      this.#userText = userText
      return
    }
    const isSwitch = !this.#isReborn && hub.subject !== null
    const before = this.#stored
    await this.#site.signIn(this.#req, this.#res, who)
    this.#userText = userText
    if (!this.#isReborn) this.#rename()
    // One user's data never becomes another's: only what this request has put there is the new one's.
    if (isSwitch) this.#forget(unchanged(texts, before), texts)
    this.#isReborn = false
    this.#stored = this.#layout.read(await this.#data(), hub)
    // What has come along, such as the cart of before.
    for (const [key, text] of this.#stored.texts) {
      if (!this.#layout.isShared(key) || texts.has(key)) continue
      texts.set(key, text)
      fill(this.#session, key, JSON.parse(text) as Json)
    }
  }

  async #signOut(texts: Map<string, string>): Promise<void> {
    if (this.#hub.status !== 'none') await this.#site.signOut(this.#req, this.#res)
    this.#userText = undefined
    if (this.#isReborn) return
    this.#rename()
    // The application may look at it until the end of this request; what was the user's is not kept for who comes next.
    const left = unchanged(texts, this.#stored)
    this.#stored = { texts: new Map([...texts].filter(([key]) => left.includes(key))), stale: [] }
  }

  async #store(texts: ReadonlyMap<string, string>): Promise<void> {
    const hub = this.#hub
    const isChanged = this.#isChanged(texts)
    const { stale } = this.#stored
    const isAllThere = hub.status === 'none' || (stale.length === 0 && this.#stored.texts.has(ID))
    if (!isChanged && isAllThere) return
    const wanted = new Map(texts).set(ID, this.#stored.texts.get(ID) ?? JSON.stringify(this.#id))
    try {
      for (const part of batches(this.#layout.patch(this.#basis(wanted), wanted, hub))) await hub.update(part)
    } catch (error) {
      // What is ours alone may wait for the next request: a sign-in while the hub is down can store nothing.
      if (isChanged) throw error
    }
    this.#stored = { texts: wanted, stale: [] }
  }

  /**
   * An empty object or list alone is nothing to store, and no reason to begin a session: connect-flash leaves one behind wherever it looks, and
   * whoever looks for it next makes it anew.
   */
  #isChanged(texts: ReadonlyMap<string, string>): boolean {
    const { texts: stored } = this.#stored
    const isNew = ([key, text]: [string, string]) => stored.has(key) || (text !== '{}' && text !== '[]')
    const wanted = new Map([...texts].filter(isNew))
    const id = stored.get(ID)
    if (id !== undefined) wanted.set(ID, id)
    return !isSame(this.#basis(wanted).texts, wanted)
  }

  /** Where there is no session, nothing can be taken out of it. */
  #basis(wanted: ReadonlyMap<string, string>): Stored {
    if (this.#hub.status !== 'none') return this.#stored
    const texts = new Map([...this.#stored.texts].filter(([key]) => wanted.has(key)))
    return { texts, stale: [] }
  }

  /** @throws TypeError, SessionHubError */
  #wish(): Wish | undefined {
    const session: unknown = Reflect.get(this.#req, 'session')
    if (session === undefined || session === null) return undefined
    if (session !== this.#session)
      throw new SessionHubError(
        'options_invalid',
        'req.session was replaced by something else; set its members, or call regenerate()',
      )
    const content = contentOf(this.#session)
    const user = valueAt(content, this.#settings.userPath) || undefined
    const texts = new Map<string, string>()
    for (const [key, value] of Object.entries(withoutValueAt(content, this.#settings.userPath))) {
      if (value !== null || !this.#layout.isShared(key)) texts.set(key, this.#layout.textOf(key, value))
    }
    const isOther = this.#isReborn || (user && JSON.stringify(user)) !== this.#userText
    return {
      signIn: isOther ? user : undefined,
      isSignOut: isOther && user === undefined && (this.#isReborn || !this.#isUnknownHere()),
      texts,
    }
  }

  /**
   * Passport itself has taken the user out, because the application knows no such user (`deserializeUser` gave none). That is no word of the visitor's,
   * and on other sites the user is known. Passport's `logout` sets `req.user` to `null`, and who is known has a `req.user`.
   */
  #isUnknownHere(): boolean {
    const [, name, ...below] = this.#settings.userPath
    const isPassports = name === 'user' && below.length === 0 && '_sessionManager' in this.#req
    const property: unknown = Reflect.get(this.#req, '_userProperty') ?? 'user'
    return isPassports && Reflect.get(this.#req, String(property)) === undefined
  }

  #isWorkFor({ signIn, isSignOut, texts }: Wish): boolean {
    if (signIn !== undefined) return true
    if (isSignOut && this.#hub.status !== 'none') return true
    return this.#isChanged(texts) || (this.#hub.status !== 'none' && this.#stored.stale.length > 0)
  }

  #isWork(): boolean {
    try {
      const wish = this.#wish()
      return wish !== undefined && this.#isWorkFor(wish)
    } catch {
      // What is wrong is said by `settle`.
      return true
    }
  }

  #state(): string {
    try {
      const { signIn, isSignOut, texts } = this.#wish() ?? { texts: [] }
      return JSON.stringify([signIn, isSignOut, [...texts]])
    } catch (error) {
      return String(error)
    }
  }

  /** @returns nothing where the session has ended: then there is none */
  async #data(): Promise<JsonObject> {
    try {
      return await this.#hub.data()
    } catch (error) {
      if (error instanceof SessionHubError && error.code === 'session_ended') return {}
      throw error
    }
  }

  /** The session that is here without this application's id gets one, once for all requests that come together. */
  async #keepId(): Promise<void> {
    const hub = this.#hub
    if (hub.status === 'none' || this.#stored.texts.has(ID)) return
    const named = new Map([[ID, JSON.stringify(this.#id)]])
    try {
      const data = await hub.update((present) =>
        this.#layout.read(present, hub).texts.has(ID) ? {} : this.#layout.patch(NOTHING, named, hub),
      )
      await this.#take(data)
    } catch {
      // A session goes on without: while the hub is down, or where this site may not write it.
    }
  }

  async #take(data: JsonObject): Promise<void> {
    const hub = this.#hub
    this.#stored = this.#layout.read(data, hub)
    const id = this.#stored.texts.get(ID)
    if (id !== undefined) this.#id = JSON.parse(id) as string
    const { subject, claims } = hub
    const user = subject === null ? undefined : await this.#settings.toUser({ subject, claims }, this.#req)
    this.#userText = user === undefined || user === null ? undefined : JSON.stringify(user)
  }

  #show(): Promise<void> {
    const kept = [...this.#stored.texts].filter(([key]) => key !== ID)
    // R42: a user among them was not put there by us.
    const content = withoutValueAt(
      Object.fromEntries(kept.map(([key, text]) => [key, JSON.parse(text) as Json])),
      this.#settings.userPath,
    )
    this.#put(
      this.#userText === undefined
        ? content
        : withValueAt(content, this.#settings.userPath, JSON.parse(this.#userText) as Json),
    )
    return Promise.resolve()
  }

  #put(content: JsonObject): void {
    this.#session = new ExpressSession(this.#req, this, this.#id, content)
    Reflect.set(this.#req, 'session', this.#session)
    Reflect.set(this.#req, 'sessionID', this.#id)
  }

  /** The session goes on under another id. */
  #rename(): void {
    this.#id = newId()
    Object.defineProperty(this.#session, 'id', { value: this.#id, configurable: true })
    Reflect.set(this.#req, 'sessionID', this.#id)
  }

  #forget(keys: readonly string[], texts: Map<string, string>): void {
    for (const key of keys) {
      texts.delete(key)
      Reflect.deleteProperty(this.#session, key)
    }
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const mine = this.#last.then(work, work)
    this.#last = mine
    return mine
  }
}

const unchanged = (texts: ReadonlyMap<string, string>, stored: Stored): readonly string[] =>
  [...texts].filter(([key, text]) => stored.texts.get(key) === text).map(([key]) => key)

const gone = (message: string) => new SessionHubError('session_ended', message)

const newId = () => randomBytes(32).toString('base64url')

/** Outside of the promise: what the application throws in its own function is its own. */
function report(work: Promise<unknown>, done: Done): void {
  work.then(
    () => done && process.nextTick(done),
    (error: unknown) => done && process.nextTick(done, error),
  )
}
