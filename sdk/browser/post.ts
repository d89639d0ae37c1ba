/** A question to the site's own backend. */

/** Rejects with an error code: the backend's own, or `unreachable` where it gave none. */
export async function post<Reply>(
  path: string,
  body: object,
  signal: AbortSignal | null = null,
): Promise<Reply> {
  let code: string | undefined
  try {
    // Whole, or a `<base>` in the page would lead tickets and their verifiers to another origin (R10).
    const reply = await window.fetch(location.origin + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal,
    })
    const answer = (await reply.json()) as Reply & { error?: string }
    if (reply.ok) return answer
    code = answer.error
  } catch {
    // As if there had been no answer.
  }
  // eslint-disable-next-line @typescript-eslint/only-throw-error -- the code is all that the caller wants
  throw code ?? 'unreachable'
}
