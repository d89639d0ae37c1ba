/** Asks the hub by a session's handle, where the session may have ended elsewhere. */
import { toSessionHubError } from '../../protocol/errors.js'
import type { HeldSession } from './held-session.js'

/** @returns `undefined` if the session has ended; it then knows its end, and its cookies are cleared */
export async function whileItLives<Answer>(
  session: HeldSession,
  ask: (handle: string) => Promise<Answer>,
): Promise<Answer | undefined> {
  if (session.handle === null) return undefined
  try {
    return await ask(session.handle)
  } catch (thrown) {
    const error = toSessionHubError(thrown)
    if (error.code !== 'session_ended') throw thrown
    session.over(error)
    return undefined
  }
}
