/** What only Express has. */
import type { Request } from 'express'

/** The page's CSP nonce, where helmet's guides put it. */
export function nonceOf(req: Request | undefined): string | undefined {
  const nonce: unknown = req?.res?.locals.cspNonce
  return typeof nonce === 'string' ? nonce : undefined
}
