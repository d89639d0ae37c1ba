/** A command that is stopped by Ctrl+C or by its supervisor says what that means, and ends with the usual exit code. */
import { constants } from 'node:os'

import { painter } from './terminal.js'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Runs `work`. If a signal arrives meanwhile, these words go to stderr and the process ends with 128 plus the signal's number. The work has to
 * survive that at any moment.
 */
export async function unlessStopped<Result>(words: string, work: () => Promise<Result>): Promise<Result> {
  const stop = (signal: NodeJS.Signals) => {
    const line = `${painter(process.stderr)('red', 'session-hub:')} stopped by ${signal}. ${words}\n`
    process.stderr.write(line, () => process.exit(128 + constants.signals[signal]))
  }
  for (const signal of SIGNALS) process.once(signal, stop)
  try {
    return await work()
  } finally {
    for (const signal of SIGNALS) process.off(signal, stop)
  }
}
