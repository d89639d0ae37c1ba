/** Warns that a proxy stands in front of this process and is not configured: all visitors count as one and share one rate limit. */
import type { Log } from './log.js'

/** Called for each request, but logs only once per process, so that strangers cannot fill the log with it. */
export type ProxyHint = (isUntrusted: () => boolean) => void

export function createProxyHint(log: Log): ProxyHint {
  let isTold = false
  return (isUntrusted) => {
    if (isTold || !isUntrusted()) return
    isTold = true
    log({
      level: 'warn',
      event: 'proxy_untrusted',
      description:
        '"X-Forwarded-For" arrives from a private address, and is not trusted: all visitors share one rate limit. ' +
        'Set "proxyHops", or "trust proxy" of Express, to the number of your proxies',
    })
  }
}
