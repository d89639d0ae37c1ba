/** Whether an answer that comes step by step is held back on its way: only then do open pages hear of a sign-out at once. */
import { sitePaths, streamProbe } from '../../../sdk/protocol/wire.js'
import type { Finding, Line } from '../findings.js'
import { BlindError, type Eyes } from '../sight.js'

export async function streamLine(eyes: Eyes, site: string, endpoint: string): Promise<Line> {
  const line = { about: site, looked: 'delivers events to open pages at once' }
  const found = await look(eyes, `${site}${endpoint}${sitePaths.live}?${streamProbe.query}`)
  return typeof found === 'string' ? { ...line, findings: [], skipped: found } : { ...line, findings: found }
}

const heldBack = (what: string): Finding[] => [{ code: 'stream_held_back', what }]

/** @returns what was found, or why that cannot be said */
async function look(eyes: Eyes, url: string): Promise<Finding[] | string> {
  const { pathname } = new URL(url)
  try {
    const headers = {
      accept: 'text/event-stream',
      'accept-encoding': 'gzip, br',
      'sec-fetch-site': 'same-origin',
    }
    const { status, text } = await eyes.firstPartOf(url, headers)
    // No place in this process, or no page may listen yet.
    if (status === 204 || status === 429) return `${pathname} has no place now`
    if (status !== 200) return heldBack(`${pathname} answers with ${status}`)
    // A middleware that compresses sends the beginning of its format, and keeps the word.
    return text.includes(streamProbe.first) && !text.includes(streamProbe.last)
      ? []
      : heldBack('the first word does not come before the last one')
  } catch (thrown) {
    if (!(thrown instanceof BlindError)) throw thrown
    return heldBack(`${pathname} sends nothing: ${thrown.message}`)
  }
}
