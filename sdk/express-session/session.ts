/** `req.session` as express-session has it: what the application stores are plain members of it. */
import type { Request } from 'express'

import type { Json, JsonObject } from '../site/index.js'
import { SessionCookie } from './cookie.js'

type Done = (error?: unknown) => void

/** Carries out what the application asks of its session. */
export interface Keeper {
  save(session: ExpressSession, done: Done | undefined): void
  reload(session: ExpressSession, done: Done | undefined): void
  regenerate(session: ExpressSession, done: Done | undefined): void
  destroy(session: ExpressSession, done: Done | undefined): void
}

/** The methods are on the prototype, so that copying the members of one session into another does not copy them. */
export class ExpressSession {
  [key: string]: unknown
  /** New for each sign-in and each `regenerate`. It gives no access to anything. */
  declare readonly id: string
  declare readonly req: Request
  cookie: SessionCookie
  readonly #keeper: Keeper

  constructor(req: Request, keeper: Keeper, id: string, values: JsonObject) {
    this.#keeper = keeper
    Object.defineProperty(this, 'req', { value: req })
    Object.defineProperty(this, 'id', { value: id, configurable: true })
    this.cookie = new SessionCookie()
    // As in express-session: a value does not hide a member of the same name.
    for (const [key, value] of Object.entries(values)) if (!(key in this)) this[key] = value
  }

  touch(): this {
    return this.resetMaxAge()
  }

  resetMaxAge(): this {
    this.cookie.maxAge = this.cookie.originalMaxAge
    return this
  }

  /** Stores what has changed, and signs in or out if the user has changed. This happens automatically before the answer is sent. */
  save(done?: Done): this {
    this.#keeper.save(this, done)
    return this
  }

  /** Loads what is stored now and drops what was not saved. */
  reload(done?: Done): this {
    this.#keeper.reload(this, done)
    return this
  }

  /** Puts an empty session in its place. If a user is set by the time it is saved, that user gets a new session; otherwise the old one ends. */
  regenerate(done?: Done): this {
    this.#keeper.regenerate(this, done)
    return this
  }

  /** Ends the session on all sites. */
  destroy(done?: Done): this {
    this.#keeper.destroy(this, done)
    return this
  }
}

/** The application's values, as express-session would store them: through JSON. @throws TypeError for a value that JSON cannot express */
export function contentOf(session: ExpressSession): JsonObject {
  const text = JSON.stringify(session, function (this: unknown, key: string, value: unknown) {
    return this === session && key === 'cookie' ? undefined : value
  })
  return JSON.parse(text) as JsonObject
}

export function fill(session: ExpressSession, key: string, value: Json): void {
  if (!(key in session)) session[key] = value
}
