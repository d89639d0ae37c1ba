/** The application's hooks that are told of something: what they throw changes no answer, and stands in the log. */
import { type Log, reasonOf } from '../settings/log.js'

export async function tellHook(
  log: Log,
  hook: 'onReplaced' | 'onSignedIn' | 'onEnded',
  tell: () => void | Promise<void>,
): Promise<void> {
  try {
    await tell()
  } catch (cause) {
    log({ level: 'error', event: 'hook_failed', hook, description: reasonOf(cause) })
  }
}
