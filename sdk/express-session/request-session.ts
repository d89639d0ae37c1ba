/** One request's session: what the application does with it, and what the hub is told of that. */
import type { Request, Response } from 'express'

import { type Json, type JsonObject, SessionHubError, type Site, type SiteSession } from '../site/index.js'
import { Kept } from './kept.js'
import type { Layout } from './layout.js'
import type { ExpressSessionSettings } from './options.js'
import { contentOf, ExpressSession, fill, type Keeper } from './session.js'
import { isUnknownHere } from './unknown-here.js'
import { valueAt, withoutValueAt, withValueAt } from './user-path.js'

type Done = ((error?: unknown) => void) | undefined

/** What the application has done with its session, compared with what the hub knows. */
interface Wish {
  readonly isSignOut: boolean
  /** The user to sign in, if that is a change. */
  readonly signIn: Json | undefined
  /** The JSON of each key, without the user. */
  readonly texts: ReadonlyMap<string, string>
}

/** What all requests of an application share. */
export interface Setup {
  readonly site: Site
  readonly settings: ExpressSessionSettings
  readonly layout: Layout
}

export class RequestSession implements Keeper {
  readonly #setup: Setup
  readonly #hub: SiteSession
  readonly #req: Request
  readonly #res: Response
  readonly #kept: Kept
  #session!: ExpressSession
  /** The user whom the hub names, in the application's own terms, as JSON. */
  #userText: string | undefined
  /** Whether `regenerate` was called: then nothing of the old session counts. */
  #isReborn = false
  /** The state that could not be saved, if the application has been told so. */
  #refused: string | undefined
  /** The last of the operations, which run one after another. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(setup: Setup, hub: SiteSession, req: Request, res: Response) {
    this.#setup = setup
    this.#hub = hub
    this.#req = req
    this.#res = res
    this.#kept = new Kept(hub, setup.layout)
  }

  /** Puts the session where the application looks for it. @throws SessionHubError `unavailable` */
  async load(): Promise<void> {
    const hub = this.#hub
    // R21: a session that cannot be looked up does not mean that nobody is signed in.
    if (hub.isStale && hub.status === 'none')
      throw new SessionHubError('unavailable', 'The hub cannot be asked about this session')
    await this.#kept.load()
    await this.#kept.nameIt()
    await this.#show()
  }

  /** Whether there is nothing to save before the answer goes out. */
  isSettled(): boolean {
    return !this.#isWork() || this.#refused === this.#state()
  }

  /** @throws SessionHubError whatever `site.signIn` and `req.session.update` throw; then what was not stored is still to be saved */
  settle(): Promise<void> {
    return this.#inTurn(() => this.#settle())
  }

  save(session: ExpressSession, done: Done): void {
    const saving = this.#inTurn(async () => {
      if (!this.#isCurrent(session)) throw gone('This session has ended, or been replaced by another')
      try {
        await this.#settle()
      } catch (error) {
        // An application that has been told need not be told again at the end of the answer.
        if (done) this.#refused = this.#state()
        throw error
      }
    })
    report(saving, done)
  }

  reload(session: ExpressSession, done: Done): void {
    const loading = this.#inTurn(async () => {
      if (!this.#isCurrent(session) || this.#isReborn || this.#hub.status === 'none')
        throw gone('There is no such session to load')
      // `update` returns what the hub stores now; `data()` asks only once per request.
      this.#kept.take(await this.#hub.update({}))
      await this.#show()
    })
    report(loading, done)
  }

  regenerate(_session: ExpressSession, done: Done): void {
    const making = this.#inTurn(() => {
      this.#isReborn = true
      this.#kept.renew()
      this.#put({})
      return Promise.resolve()
    })
    report(making, done)
  }

  destroy(_session: ExpressSession, done: Done): void {
    Reflect.deleteProperty(this.#req, 'session')
    report(
      this.#inTurn(() => this.#end()),
      done,
    )
  }

  async #settle(): Promise<void> {
    const wish = this.#wish()
    if (!wish) return
    const texts = new Map(wish.texts)
    if (wish.signIn !== undefined) await this.#signIn(wish.signIn, texts)
    if (wish.isSignOut) await this.#signOut(texts)
    this.#isReborn = false
    await this.#kept.store(texts)
    this.#refused = undefined
  }

  /** @throws SessionHubError */
  async #signIn(user: Json, texts: Map<string, string>): Promise<void> {
    const { site, settings } = this.#setup
    const who = await settings.toSignIn(user, this.#req)
    const before = this.#hub.subject
    if (this.#isReborn || who.subject !== before) {
      await site.signIn(this.#req, this.#res, who)
      // One user's data never becomes another's: only what this request has put there belongs to the new user.
      if (!this.#isReborn && before !== null) this.#forget(texts)
      if (!this.#isReborn) this.#rename()
      this.#isReborn = false
      await this.#kept.load()
      // What the sign-in has brought along, such as the cart of the anonymous session.
      for (const [key, text] of this.#kept.texts) {
        if (texts.has(key)) continue
        texts.set(key, text)
        fill(this.#session, key, JSON.parse(text) as Json)
      }
    }
    this.#userText = JSON.stringify(user)
  }

  async #signOut(texts: ReadonlyMap<string, string>): Promise<void> {
    // The application may still read it until this request ends; but the former user's data is not stored for the next visitor.
    const left = new Map([...texts].filter(([key, text]) => this.#kept.texts.get(key) === text))
    await this.#end()
    this.#userText = undefined
    if (this.#isReborn) return
    this.#rename()
    this.#kept.dismiss(left)
  }

  async #end(): Promise<void> {
    if (this.#hub.status !== 'none') await this.#setup.site.signOut(this.#req, this.#res)
  }

  /** @throws TypeError, SessionHubError */
  #wish(): Wish | undefined {
    const { settings, layout } = this.#setup
    const session: unknown = Reflect.get(this.#req, 'session')
    if (session === undefined || session === null) return undefined
    if (session !== this.#session)
      throw new SessionHubError(
        'options_invalid',
        'req.session was replaced by something else; set its members, or call regenerate()',
      )
    const content = contentOf(this.#session)
    const user = valueAt(content, settings.userPath) || undefined
    const texts = new Map<string, string>()
    for (const [key, value] of Object.entries(withoutValueAt(content, settings.userPath))) {
      if (value !== null || !layout.isShared(key)) texts.set(key, JSON.stringify(value))
    }
    const isOther = this.#isReborn || (user && JSON.stringify(user)) !== this.#userText
    return {
      signIn: isOther ? user : undefined,
      isSignOut:
        isOther && user === undefined && (this.#isReborn || !isUnknownHere(this.#req, settings.userPath)),
      texts,
    }
  }

  #isWork(): boolean {
    try {
      const wish = this.#wish()
      if (!wish) return false
      const isEnd = wish.isSignOut && this.#hub.status !== 'none'
      return wish.signIn !== undefined || isEnd || this.#kept.hasStale || this.#kept.isChangedTo(wish.texts)
    } catch {
      // `settle` reports what is wrong.
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

  async #show(): Promise<void> {
    const { settings } = this.#setup
    const { subject, claims } = this.#hub
    const user = subject === null ? undefined : await settings.toUser({ subject, claims }, this.#req)
    const isUser = user !== undefined && user !== null
    const kept = [...this.#kept.texts].map(([key, text]) => [key, JSON.parse(text) as Json] as const)
    // R42: a user in the stored data was not put there by us.
    const content = withoutValueAt(Object.fromEntries(kept), settings.userPath)
    this.#userText = isUser ? JSON.stringify(user) : undefined
    this.#put(isUser ? withValueAt(content, settings.userPath, user) : content)
  }

  /** Whether the request still has this session. */
  #isCurrent(session: ExpressSession): boolean {
    const present: unknown = Reflect.get(this.#req, 'session')
    return session === present
  }

  #put(content: JsonObject): void {
    this.#session = new ExpressSession(this.#req, this, this.#kept.id, content)
    Reflect.set(this.#req, 'session', this.#session)
    Reflect.set(this.#req, 'sessionID', this.#kept.id)
  }

  /** Keeps the members, but puts another session behind them. */
  #rename(): void {
    this.#kept.renew()
    Object.defineProperty(this.#session, 'id', { value: this.#kept.id, configurable: true })
    Reflect.set(this.#req, 'sessionID', this.#kept.id)
  }

  #forget(texts: Map<string, string>): void {
    for (const [key, text] of this.#kept.texts) {
      if (texts.get(key) !== text) continue
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

const gone = (message: string) => new SessionHubError('session_ended', message)

/** Calls back outside the promise: an exception from the application's own function stays its own. */
function report(work: Promise<unknown>, done: Done): void {
  work.then(
    () => done && process.nextTick(done),
    (error: unknown) => done && process.nextTick(done, error),
  )
}
