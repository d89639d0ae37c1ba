/** What would lose a visitor's data in silence: an error at once in development, and in production one entry in the log. */
import { SessionHubError } from '../../protocol/errors.js'
import { isProduction } from '../../settings/environment.js'
import { type Log, logError } from '../../settings/log.js'

/**
 * @param isOver the answer has been sent, and nobody would catch what is thrown: it is in the log in development too
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

/** What express-session's sessions can do: it leaves its place to a session that it finds there, and Passport then calls these. */
const ITS_CALLS: ReadonlySet<unknown> = new Set(['regenerate', 'destroy', 'reload', 'touch', 'resetMaxAge'])

export interface ForeignMembers {
  /** Something is written by a name that no session has. */
  write(session: object, name: string): void
  /** One of express-session's own calls is looked for. */
  call(session: object, name: string): void
}

/** The end of a session's prototypes: `req.session.user = …` comes here, and nothing that a session has itself. */
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
