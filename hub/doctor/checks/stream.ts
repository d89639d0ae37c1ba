/** Checks whether something on the way holds back an answer that comes in parts. If it does, open pages do not hear of a sign-out at once. */
import { sitePaths, streamProbe } from '../../../sdk/protocol/wire.js'
import type { Finding, Line } from '../findings.js'
import { BlindError, type Eyes } from '../sight.js'

/** @param seconds how long to listen, if at all: a proxy may cut off a connection that is quiet for a while, or that lasts long */
export async function streamLine(
  eyes: Eyes,
  site: string,
  endpoint: string,
  seconds: number | undefined,
): Promise<Line> {
  const line = { about: site, looked: 'delivers events to open pages at once' }
  const query = `${streamProbe.query}=${seconds ?? streamProbe.seconds.min}`
  const found = await look(eyes, `${site}${endpoint}${sitePaths.live}?${query}`, seconds)
  return typeof found === 'string' ? { ...line, findings: [], skipped: found } : { ...line, findings: found }
}

const heldBack = (what: string): Finding[] => [{ code: 'stream_held_back', what }]

/** @returns the findings, or the reason why there are none */
async function look(eyes: Eyes, url: string, seconds: number | undefined): Promise<Finding[] | string> {
  const { pathname } = new URL(url)
  try {
    const headers = {
      accept: 'text/event-stream',
      'accept-encoding': 'gzip, br',
      'sec-fetch-site': 'same-origin',
    }
    const { status, firstPart, text, lastedMs } = await eyes.listen(url, headers, seconds)
    // This process has no place left, or no page may listen yet.
    if (status === 204 || status === 429) return `${pathname} has no place now`
    if (status !== 200) return heldBack(`${pathname} answers with ${status}`)
    // A middleware that compresses sends the beginning of its format, and holds back the first word.
    if (!firstPart.includes(streamProbe.first) || firstPart.includes(streamProbe.last))
      return heldBack('the first word does not come before the last one')
    if (seconds === undefined || text.includes(streamProbe.last)) return []
    const what = `the stream is cut off after ${(lastedMs / 1000).toFixed(1)} seconds`
    return [{ code: 'stream_cut', what }]
  } catch (thrown) {
    if (!(thrown instanceof BlindError)) throw thrown
    return heldBack(`${pathname} sends nothing: ${thrown.message}`)
  }
}
