/** Answers every error as JSON, `{ error, error_description }`, in the words of the package. */
import type { ErrorRequestHandler } from 'express'
import { SessionHubError } from 'session-hub/site'

export const answerError: ErrorRequestHandler = (thrown: unknown, _req, res, next) => {
  if (res.headersSent) {
    next(thrown)
    return
  }
  const { status, code, message } = toError(thrown)
  res.status(status).set('cache-control', 'no-store').json({ error: code, error_description: message })
}

function toError(thrown: unknown): Pick<SessionHubError, 'status' | 'code' | 'message'> {
  if (thrown instanceof SessionHubError) return thrown
  // express.json() marks faults of the client: invalid JSON, or too much of it.
  if (thrown instanceof Error && 'status' in thrown) {
    if (thrown.status === 413) return new SessionHubError('body_too_large', 'The body is too large')
    if (thrown.status === 400) return new SessionHubError('request_invalid', 'The body is not JSON')
  }
  console.error(thrown)
  return new SessionHubError('unavailable', 'Something failed on our side', { cause: thrown })
}
