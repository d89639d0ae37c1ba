/** A question to the site's own backend. */

/** What it rejects with. */
export interface Refusal {
  /** An error code: the backend's own, or `unreachable` where it gave none. */
  readonly reason: string
  /** In how many seconds it wants to be asked again, as it has written it. */
  readonly retryAfter: unknown
}

export async function post<Reply>(
  path: string,
  body: object,
  signal: AbortSignal | null = null,
): Promise<Reply> {
  let retryAfter: unknown
  let answer: (Reply & { error?: string }) | undefined
  try {
    // Whole, or a `<base>` in the page would lead tickets and their verifiers to another origin (R10).
    const reply = await window.fetch(location.origin + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal,
    })
    retryAfter = reply.headers.get('retry-after')
    answer = (await reply.json()) as Reply & { error?: string }
    if (reply.ok) return answer
  } catch {
    // As if there had been no answer.
  }
  // eslint-disable-next-line @typescript-eslint/only-throw-error -- this is all that the caller wants
  throw { reason: answer?.error ?? 'unreachable', retryAfter } satisfies Refusal
}
