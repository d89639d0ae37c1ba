/**
 * Calls that an application should wait for. Where it does not, a rejection is nobody's, and ends the process: right in development, where the
 * missing `await` is found by it, and too dear in production, where it costs all visitors for one's trouble.
 */
import { toSessionHubError } from '../protocol/errors.js'
import { isProduction } from './environment.js'
import { type Log, logError } from './log.js'

/** @returns the same promise: whoever waits for it hears of its failure as ever */
export function handled<Result>(log: Log, where: string, call: Promise<Result>): Promise<Result> {
  if (isProduction())
    call.catch((thrown: unknown) => {
      logError(log, toSessionHubError(thrown), where)
    })
  return call
}
