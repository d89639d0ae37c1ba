/**
 * Calls that an application should await. If it does not, nobody handles a rejection, and the process ends. In development that is right,
 * because it reveals the missing `await`. In production it costs too much: all visitors would suffer for one visitor's trouble.
 */
import { toSessionHubError } from '../protocol/errors.js'
import { isProduction } from './environment.js'
import { type Log, logError } from './log.js'

/** @returns the same promise: whoever awaits it still learns of its failure */
export function handled<Result>(log: Log, where: string, call: Promise<Result>): Promise<Result> {
  if (isProduction())
    call.catch((thrown: unknown) => {
      logError(log, toSessionHubError(thrown), where)
    })
  return call
}
