/** What a test posts to sign somebody in, whichever adapter the site stands behind. */
import type { SignIn } from 'session-hub/site'

export type SignInForm = Pick<SignIn, 'claims' | 'idp'> & { readonly name: string }

export const signInOf = ({ name: subject, claims, idp }: SignInForm): SignIn => ({
  subject,
  ...(claims && { claims }),
  ...(idp && { idp }),
})
