import { SessionHubError } from '../../../sdk/protocol/errors.js'
import { whole } from './replies.js'
import { FORMAT } from './scripts.js'

/** @throws SessionHubError `options_invalid` if a newer version has written the keys */
export function checkFormat(found: unknown, prefix: string): void {
  if (whole(found) === FORMAT) return
  throw new SessionHubError(
    'options_invalid',
    `The keys "${prefix}" were written by a newer version of Session Hub: start that version`,
  )
}
