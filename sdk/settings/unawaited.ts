/** What an application's function has said that must not be asynchronous: nobody waits for it, and its failure would end the process. */
import { isPromise } from './is-promise.js'

export function unawaited(said: unknown): void {
  if (isPromise(said)) said.then(undefined, () => undefined)
}
