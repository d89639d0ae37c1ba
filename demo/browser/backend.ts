/** Sends requests to this site's own backend. */
import { isObject } from './cart.js'

/** The backend has refused; `code` says why. */
export class Refused extends Error {
  override readonly name = 'Refused'

  constructor(readonly code: string) {
    super(code)
  }
}

/** Every answer has the form of `GET /whoami`. @throws Refused */
export async function ask(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<unknown> {
  const reply = await fetch(path, {
    method,
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })
  const answer: unknown = await reply.json()
  if (reply.ok) return answer
  throw new Refused(isObject(answer) ? String(answer.error) : 'unavailable')
}
