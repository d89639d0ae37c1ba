/** What would lose a visitor's data in silence: an error at once in development, and in production one entry in the log. */
import { SessionHubError } from '../../protocol/errors.js'
import { isProduction } from '../../settings/environment.js'
import { type Log, logError } from '../../settings/log.js'

/** @throws SessionHubError `options_invalid` in development */
export type TellMisuse = (what: string, message: string) => void

/** Names may come from a visitor's form (R31). */
const MOST = 20

export function createMisuse(log: Log): TellMisuse {
  const told = new Set<string>()
  return (what, message) => {
    const error = new SessionHubError('options_invalid', message)
    if (!isProduction()) throw error
    if (told.has(what) || told.size >= MOST) return
    told.add(what)
    logError(log, error, 'session')
  }
}

/**
 * The end of a session's prototypes: `req.session.user = …` comes here, and nothing that a session has itself.
 *
 * @param tell whose session it is, and the name
 */
export const foreignMembers = (tell: (session: object, name: string) => void): object =>
  new Proxy(Object.create(Object.prototype) as object, {
    set(_target, name, value: unknown, session: object) {
      if (typeof name === 'string') tell(session, name)
      return Reflect.defineProperty(session, name, {
        value,
        writable: true,
        enumerable: true,
        configurable: true,
      })
    },
  })
