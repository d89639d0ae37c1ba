/** A command that is stopped by Ctrl+C or by whoever runs it: it says what that means, and ends as such a process does. */
import { constants } from 'node:os'

import { painter } from './terminal.js'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Runs `work`. Where a signal comes meanwhile, these words go to stderr and the process ends, with 128 and the signal's number: whatever the work has not
 * finished by then, it has to bear.
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
