/**
 * The options of `verifySession`: `npm run docs:options` writes the interface and the reference from these rows. No service loads this file, so that
 * jose stays the only dependency.
 */
import type { VerifyOptions } from './verify.js'

interface VerifyRow {
  readonly text: string
  readonly more?: string
  readonly default?: unknown
  readonly shown?: string
  readonly required?: true
  /** What `verifySession` accepts. */
  readonly check: { readonly type: string }
}

export const verifyRows: Readonly<Record<keyof VerifyOptions, VerifyRow>> = {
  jwks: {
    text: "the HTTPS address of the site's key list (`<endpoint>/jwks.json`), or the list itself. Fetched when a key is unknown, at most once in 30 seconds, and again after ten minutes. While it cannot be fetched, known keys stay valid for a day",
    shown: 'this or `key`',
    check: { type: 'Jwks' },
  },
  key: {
    text: "one key or several, instead of `jwks`: public keys as JWK or PEM, or the site's secret as JWK. Anyone who has the secret (`oct`) can also make sessions: prefer a key pair",
    shown: 'this or `jwks`',
    check: { type: 'VerifyingKey | readonly VerifyingKey[]' },
  },
  issuer: { text: "the site's origin", required: true, check: { type: 'string' } },
  audience: { text: 'the audience that the token must have', shown: 'the issuer', check: { type: 'string' } },
  cookieName: { text: "the site's session cookie", default: '__Host-session', check: { type: 'string' } },
  fields: {
    text: "the site's own option of this name, so that fields can be read by their long names too",
    shown: 'none',
    check: { type: 'readonly TokenField[]' },
  },
  sessionField: { text: "the site's own option of this name", default: 'sk', check: { type: 'string' } },
  now: {
    text: 'the clock, in milliseconds since 1970, for tests',
    shown: '`Date.now`',
    check: { type: '() => number' },
  },
}
