/** Mistakes that would silently lose a visitor's data: an error at once in development, and one log entry in production. */
import { SessionHubError } from '../../protocol/errors.js'
import { isProduction } from '../../settings/environment.js'
import { type Log, logError } from '../../settings/log.js'

/**
 * @param isOver the answer has been sent, and nobody would catch an exception: so it is logged in development too
 * @throws SessionHubError `options_invalid` in development
 */
export type TellMisuse = (what: string, message: string, isOver?: boolean) => void

/** Names may come from a visitor's form (R31). */
const MOST = 20

export function createMisuse(log: Log): TellMisuse {
  const told = new Set<string>()
  return (what, message, isOver = false) => {
    const error = new SessionHubError('options_invalid', message)
    if (!isProduction() && !isOver) throw error
    if (told.has(what) || told.size >= MOST) return
    told.add(what)
    logError(log, error, 'session')
  }
}

/** The methods of express-session's sessions: express-session does nothing if it finds a session in its place, and Passport then calls these. */
const ITS_CALLS: ReadonlySet<unknown> = new Set(['regenerate', 'destroy', 'reload', 'touch', 'resetMaxAge'])

export interface ForeignMembers {
  /** Something is written under a name that no session has. */
  write(session: object, name: string): void
  /** One of express-session's own methods is looked up. */
  call(session: object, name: string): void
}

/** The last prototype of a session: `req.session.user = …` ends up here, but nothing that a session has itself. */
export const foreignMembers = (tell: ForeignMembers): object =>
  new Proxy(Object.create(Object.prototype) as object, {
    get(target, name, session: object): unknown {
      if (ITS_CALLS.has(name)) tell.call(session, name as string)
      return Reflect.get(target, name, session)
    },
    set(_target, name, value: unknown, session: object) {
      if (typeof name === 'string') tell.write(session, name)
      return Reflect.defineProperty(session, name, {
        value,
        writable: true,
        enumerable: true,
        configurable: true,
      })
    },
  })
