/** Asks the application what only it can say of a host or an origin. The time is limited, and a failure is not an answer (R21). */
import { SessionHubError } from '../protocol/errors.js'
import { type Log, reasonOf } from '../settings/log.js'

const LONGEST_MS = 2000

/**
 * @param what the name of the option and what it was asked for, for the log
 * @throws SessionHubError `unavailable` if the application throws, returns something unusable, or is slow
 */
export async function askApplication<Answer>(
  log: Log,
  { option, host }: { readonly option: 'findOrigin' | 'keys'; readonly host: string },
  ask: () => Answer | Promise<Answer>,
): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no answer within ${LONGEST_MS} ms`))
    }, LONGEST_MS)
  })
  try {
    return await Promise.race([ask(), late])
  } catch (cause) {
    log({ level: 'error', event: 'origin_lookup_failed', host, description: `${option}: ${reasonOf(cause)}` })
    throw new SessionHubError('unavailable', 'The site of this host could not be looked up', { cause })
  } finally {
    clearTimeout(timer)
  }
}
