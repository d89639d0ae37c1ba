/** `site.signIn()`: the application has made sure who it is. */
import type { GivenClaims } from '../../protocol/app-types.js'
import { SessionHubError } from '../../protocol/errors.js'
import { requireSubject } from '../../protocol/fields.js'
import type { JsonObject } from '../../protocol/json.js'
import { plainJson } from '../../protocol/plain-json.js'
import { limits, pairwisePrefix } from '../../protocol/wire.js'
import { ofCall } from '../../settings/call-options.js'
import { flag } from '../../settings/checks.js'
import { refuseUnknown } from '../../settings/refuse-unknown.js'

export interface SignIn {
  /** Who the user is, in the words of your user table; 1 to 255 bytes. */
  readonly subject: string
  /** What other sites should know of the user, at most 1 KiB as JSON: it travels in every ticket. @default {} */
  readonly claims?: GivenClaims
  /** `false`: every browser forgets the session, on all sites, when it is closed. @default true */
  readonly remember?: boolean
}

/** @throws SessionHubError `request_invalid`, `data_too_large` */
export function readSignIn(who: SignIn): Required<SignIn> {
  ofCall(() => {
    refuseUnknown('signIn', who, ['subject', 'claims', 'remember'])
  })
  const { remember = true } = who
  return { ...readUser('signIn', who), remember: ofCall(() => flag('signIn', 'remember', remember)) }
}

/**
 * @param call whose options these are
 * @throws SessionHubError `request_invalid`, `data_too_large`
 */
export function readUser(
  call: string,
  { subject, claims = {} }: Pick<SignIn, 'subject' | 'claims'>,
): { subject: string; claims: JsonObject } {
  requireSubject(subject)
  // Also while the hub cannot say so: a user who chose such a name would be another one here (R33).
  if (subject.startsWith(pairwisePrefix))
    throw new SessionHubError(
      'request_invalid',
      `A subject that begins with "${pairwisePrefix}" is the hub's`,
    )
  const plain = plainJson(`${call}: claims`, claims)
  if (Buffer.byteLength(JSON.stringify(plain)) > limits.claimsBytes) {
    throw new SessionHubError('data_too_large', `Claims have at most ${limits.claimsBytes} bytes as JSON`)
  }
  return { subject, claims: plain }
}
