/** The command `session-hub` as a process: an error of a command becomes one line and an exit code. */
import { SessionHubError } from '../../sdk/protocol/errors.js'
import { UsageError } from './command.js'
import { perform } from './perform.js'
import { hint, leave, painter, survivePipes } from './terminal.js'

function fail(thrown: unknown): void {
  const paint = painter(process.stderr)
  process.stderr.write(`${paint('red', 'session-hub:')} ${messageOf(thrown)}\n`)
  const isUsage = thrown instanceof UsageError
  if (isUsage) hint(`"session-hub ${thrown.command}--help" shows what there is.`)
  // A configuration in code may have opened something that would keep the process alive.
  leave(isUsage ? 2 : 1)
}

/** An unforeseen error shows its place in the code; every other error is one line. */
function messageOf(thrown: unknown): string {
  if (thrown instanceof UsageError || thrown instanceof SessionHubError) return thrown.message
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)
}

survivePipes()
await perform(process.argv.slice(2)).catch(fail)
