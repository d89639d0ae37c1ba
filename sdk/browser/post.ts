/** A question to the site's own backend. */

/** Rejects with an error code: the backend's own, or `unreachable` where it gave none. */
export async function post<Reply>(
  path: string,
  body: object,
  signal: AbortSignal | null = null,
): Promise<Reply> {
  let answer: Reply & { error?: string }
  try {
    // Whole, or a `<base>` in the page would lead tickets and their verifiers to another origin (R10).
    const reply = await fetch(origin + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal,
    })
    answer = (await reply.json()) as Reply & { error?: string }
    if (reply.ok) return answer
  } catch {
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- the code is all that the caller wants
    throw 'unreachable'
  }
  // eslint-disable-next-line @typescript-eslint/only-throw-error -- as above
  throw answer.error ?? 'unreachable'
}
