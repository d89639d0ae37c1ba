/** Handles what an application's function returned that must not be asynchronous: nobody awaits it, and its failure would end the process. */
import { isPromise } from './is-promise.js'

export function unawaited(said: unknown): void {
  if (isPromise(said)) said.then(undefined, () => undefined)
}
