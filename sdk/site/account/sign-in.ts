/** `site.signIn()`: the application has verified who the user is. */
import type { GivenClaims } from '../../protocol/app-types.js'
import { SessionHubError } from '../../protocol/errors.js'
import { isText, requireSubject } from '../../protocol/fields.js'
import { isJsonObject, type JsonObject } from '../../protocol/json.js'
import { plainJson } from '../../protocol/plain-json.js'
import { limits, pairwisePrefix } from '../../protocol/wire.js'
import { ofCall } from '../../settings/call-options.js'
import { flag } from '../../settings/checks.js'
import { refuseUnknown } from '../../settings/refuse-unknown.js'
import { sha256 } from '../../tokens/random.js'

export interface SignIn {
  /** Who the user is, as in your user table; 1 to 255 bytes. */
  readonly subject: string
  /** What other sites should know of the user, at most 1 KiB as JSON, because it travels in every ticket. @default {} */
  readonly claims?: GivenClaims
  /** `false`: every browser forgets the session, on all sites, when it is closed. @default true */
  readonly remember?: boolean
  /**
   * The session at your OpenID provider, by the `iss` and `sid` of its ID token: a sign-out there then ends this session everywhere. This
   * requires the hub's option `companySignOut`.
   */
  readonly idp?: { readonly issuer: string; readonly sid: string }
}

/** The parts of a sign-in that the session needs. */
export interface ReadSignIn {
  readonly subject: string
  readonly claims: JsonObject
  readonly remember: boolean
  /** The tag of the session at the provider. Nobody else may learn its `sid` itself. */
  readonly idp?: string
}

/** @throws SessionHubError `request_invalid`, `data_too_large` */
export function readSignIn(who: SignIn): ReadSignIn {
  ofCall(() => {
    refuseUnknown('signIn', who, ['subject', 'claims', 'remember', 'idp'])
  })
  const { remember = true, idp } = who
  return {
    ...readUser('signIn', who),
    remember: ofCall(() => flag('signIn', 'remember', remember)),
    ...(idp !== undefined && { idp: idpTag(idp) }),
  }
}

/** @throws SessionHubError `request_invalid` */
function idpTag(idp: unknown): string {
  if (!isJsonObject(idp)) throw new SessionHubError('request_invalid', '"idp" is { issuer, sid }')
  ofCall(() => {
    refuseUnknown('signIn: idp', idp, ['issuer', 'sid'])
  })
  const { issuer, sid } = idp
  if (!isShortText(issuer) || !isShortText(sid))
    throw new SessionHubError(
      'request_invalid',
      '"issuer" and "sid" of "idp" are the "iss" and "sid" of the ID token: texts of 1 to 255 characters',
    )
  return sha256(JSON.stringify([issuer, sid]))
}

const isShortText = isText(255)

/**
 * @param call the call whose options these are
 * @throws SessionHubError `request_invalid`, `data_too_large`
 */
export function readUser(
  call: string,
  { subject, claims = {} }: Pick<SignIn, 'subject' | 'claims'>,
): { subject: string; claims: JsonObject } {
  requireSubject(subject)
  // Checked here too, because the hub may be down: a user who chose such a name would be taken for another one here (R33).
  if (subject.startsWith(pairwisePrefix))
    throw new SessionHubError(
      'request_invalid',
      `A subject that begins with "${pairwisePrefix}" is reserved for the hub`,
    )
  const plain = plainJson(`${call}: claims`, claims)
  if (Buffer.byteLength(JSON.stringify(plain)) > limits.claimsBytes) {
    throw new SessionHubError('data_too_large', `Claims have at most ${limits.claimsBytes} bytes as JSON`)
  }
  return { subject, claims: plain }
}
