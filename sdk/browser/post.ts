/** A request to the site's own backend. */

/** The value that it rejects with. */
export interface Refusal {
  /** An error code: the backend's own, or `unreachable` if it gave none. */
  readonly reason: string
  /** After how many seconds the backend wants to be asked again, as it wrote it. */
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
    // The whole address: otherwise a `<base>` in the page would send tickets and their verifiers to another origin (R10).
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
    // Treated as if there had been no answer.
  }
  // eslint-disable-next-line @typescript-eslint/only-throw-error -- the caller needs nothing else
  throw { reason: answer?.error ?? 'unreachable', retryAfter } satisfies Refusal
}
