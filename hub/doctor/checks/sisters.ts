/** Checks where links carry the session: whether the hub knows the given sites as sisters. */
import type { Line } from '../findings.js'

export function sistersLine(site: string, others: readonly string[], sisters: readonly string[]): Line {
  const missing = others.filter((other) => !sisters.includes(other))
  const what = `not among its sisters: ${missing.join(', ')}`
  return {
    about: site,
    looked: 'may carry the session to the other sites by links',
    findings: missing.length > 0 ? [{ code: 'sister_missing', what }] : [],
  }
}
