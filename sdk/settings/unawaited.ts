/** What an application's function has said that must not be asynchronous: nobody waits for it, and its failure would end the process. */
export function unawaited(said: unknown): void {
  if (said instanceof Promise) said.catch(() => undefined)
}
