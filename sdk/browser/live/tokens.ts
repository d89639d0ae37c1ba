/** Tokens for services on other hosts: requested when they are needed, and used for several requests. */
import type { TokenReply } from '../../protocol/bodies.js'
import type { Refusal } from '../post.js'
import type { LiveKit } from './kit.js'

export function createTokens({
  endpoint,
  post,
  readState,
}: Pick<LiveKit, 'endpoint' | 'post' | 'readState'>): (audience: string) => Promise<string | undefined> {
  const kept: Record<string, readonly [token: string | undefined, untilMs: number]> = {}
  return async (audience) => {
    // A token belongs to one session, so the state is part of its name.
    const name = readState() + audience
    const [known, untilMs = 0] = kept[name] ?? []
    if (Date.now() < untilMs) return known
    return post<TokenReply>(`${endpoint}/token`, { audience }).then(
      ({ token, expires_in: seconds }) => {
        // Half of its lifetime is left for the service, and for clocks that differ.
        kept[name] = [token, Date.now() + seconds * 500]
        return token
      },
      (thrown: unknown) => {
        const { retryAfter } = thrown as Refusal
        kept[name] = [undefined, Date.now() + Math.min(retryAfter as number, 60) * 1000]
        return undefined
      },
    )
  }
}
