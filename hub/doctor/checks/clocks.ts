/** Compares the two servers' clocks by the `Date` of their answers. This machine's own clock may be wrong and does not matter. */
import { limits } from '../../../sdk/protocol/wire.js'
import type { Line } from '../findings.js'
import type { Sight } from '../sight.js'

export function clocksLine(site: string, hub: Sight['aheadMs'], own: Sight['aheadMs']): Line {
  const line = { about: site, looked: 'has the same time as the hub' }
  if (!hub || !own) return { ...line, findings: [], skipped: 'an answer has no "Date"' }
  const apartMs = Math.abs(own.value - hub.value)
  const isFar = apartMs - own.tolerance - hub.tolerance > limits.skewSeconds * 1000
  const what = `they are ${Math.round(apartMs / 1000)} seconds apart`
  return { ...line, findings: isFar ? [{ code: 'clocks_differ', what }] : [] }
}
