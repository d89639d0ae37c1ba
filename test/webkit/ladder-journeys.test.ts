/** The ladder in WebKit, with tracking prevention as in Safari. */
import { expect } from 'chai'

import { trustedCertificate } from '../support/certificate.js'
import { type Entrance, ladderJourneys } from '../support/ladder-journeys.js'
import { compareTable, unseenCells } from '../support/ladder-table.js'
import { byLink, byPopup, byRedirect } from '../support/rungs.js'
import { startWebKit } from '../support/webkit.js'

async function enter(): Promise<Entrance> {
  const { page, close } = await startWebKit()
  return { page, leave: close }
}

/** WebKit notes a click at a site once in five seconds by the clock, and another one in the same five changes nothing. */
async function aClickCounts(): Promise<void> {
  const NOTED_MS = 5000
  await new Promise((next) => setTimeout(next, NOTED_MS - (Date.now() % NOTED_MS)))
}

describe('the ladder, in WebKit', () => {
  const world = { certificate: trustedCertificate() }
  for (const climb of [byPopup({ isReady: aClickCounts }), byLink, byRedirect])
    ladderJourneys({ row: 'webkit', enter, world }, climb)
})

describe('the table of docs/browsers.md', () => {
  it('says what the journeys have seen in WebKit', () => {
    expect(unseenCells(['webkit'])).to.deep.equal([])
    const { written, measured } = compareTable()
    expect(written).to.equal(measured)
  })
})
