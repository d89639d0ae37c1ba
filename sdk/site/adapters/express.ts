/** The parts that only Express has. */
import type { Request } from 'express'

/** The page's CSP nonce, at the place that helmet's documentation uses. */
export function nonceOf(req: Request | undefined): string | undefined {
  const nonce: unknown = req?.res?.locals.cspNonce
  return typeof nonce === 'string' ? nonce : undefined
}
