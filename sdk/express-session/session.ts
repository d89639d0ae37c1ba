/** `req.session` as express-session has it: what the application keeps are plain members of it. */
import type { Request } from 'express'

import type { Json, JsonObject } from '../site/index.js'
import { SessionCookie } from './cookie.js'

type Done = (error?: unknown) => void

/** Who does what the application asks of its session. */
export interface Keeper {
  save(session: ExpressSession, done: Done | undefined): void
  reload(session: ExpressSession, done: Done | undefined): void
  regenerate(session: ExpressSession, done: Done | undefined): void
  destroy(session: ExpressSession, done: Done | undefined): void
}

/** Methods stand on the prototype, so that nobody who copies the members of one session into another copies them. */
export class ExpressSession {
  [key: string]: unknown
  /** New for each sign-in and each `regenerate`. It opens nothing. */
  declare readonly id: string
  declare readonly req: Request
  cookie: SessionCookie
  readonly #keeper: Keeper

  constructor(req: Request, keeper: Keeper, id: string, values: JsonObject) {
    this.#keeper = keeper
    Object.defineProperty(this, 'req', { value: req })
    Object.defineProperty(this, 'id', { value: id, configurable: true })
    this.cookie = new SessionCookie()
    // As in express-session: what has the name of a member does not hide it.
    for (const [key, value] of Object.entries(values)) if (!(key in this)) this[key] = value
  }

  touch(): this {
    return this.resetMaxAge()
  }

  resetMaxAge(): this {
    this.cookie.maxAge = this.cookie.originalMaxAge
    return this
  }

  /** Stores what has changed, and signs in or out where that has. Happens by itself before the answer goes out. */
  save(done?: Done): this {
    this.#keeper.save(this, done)
    return this
  }

  /** Takes what is stored now, and drops what was not saved. */
  reload(done?: Done): this {
    this.#keeper.reload(this, done)
    return this
  }

  /** An empty one in its place. Who is signed in by the time that it is saved gets a new session; otherwise the old one ends. */
  regenerate(done?: Done): this {
    this.#keeper.regenerate(this, done)
    return this
  }

  /** Ends it, on all sites. */
  destroy(done?: Done): this {
    this.#keeper.destroy(this, done)
    return this
  }
}

/** What the application has put there, as express-session would store it: through JSON. @throws TypeError for what JSON has no words for */
export function contentOf(session: ExpressSession): JsonObject {
  const text = JSON.stringify(session, function (this: unknown, key: string, value: unknown) {
    return this === session && key === 'cookie' ? undefined : value
  })
  return JSON.parse(text) as JsonObject
}

export function fill(session: ExpressSession, key: string, value: Json): void {
  if (!(key in session)) session[key] = value
}
