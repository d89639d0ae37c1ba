/** The numbers that hubs and sites of different versions count on: who changes one changes the protocol, and its page. */
import { expect } from 'chai'

import { limits } from '../../sdk/protocol/wire.js'

describe('the limits of the protocol', () => {
  it('are those that docs/protocol.md was written with', () => {
    expect(limits).to.deep.equal({
      tokenLength: 4096,
      bodyBytes: 8192,
      batchedActs: 16,
      jsonDepth: 5,
      jsonKeys: 32,
      patchBytes: 7680,
      dataBytes: 16_384,
      claimsBytes: 1024,
      freshSeconds: 300,
      tokenContentBytes: 768,
      tokenNames: 20,
      serviceTokenSeconds: { min: 1, max: 300, default: 60 },
      audiences: 32,
      cookieNameLength: 64,
      agentLength: 256,
      subjectBytes: 255,
      originLength: 128,
      targetLength: 2000,
      returnLength: 2944,
      addressLength: 5376,
      listedSessions: 100,
      listedSites: 16,
      sisters: 64,
      ticketKeys: 16,
      redirectSeconds: 120,
      bodyTimeoutMs: 10_000,
      ticketSeconds: { min: 5, max: 300, default: 30 },
      skewSeconds: 5,
      ownSkewSeconds: 10,
      actingSeconds: { min: 60, max: 28_800, default: 1800 },
      actingSignInSeconds: 3600,
      reasonLength: 200,
      siteTokenSeconds: 120,
      doubleSubmitMs: 2000,
    })
  })

  it('leave room for each other', () => {
    // A patch with a handle and a version beside it, in one body.
    expect(limits.patchBytes + 256).to.be.below(limits.bodyBytes)
    expect(limits.returnLength + limits.originLength).to.be.below(limits.addressLength)
    expect(limits.serviceTokenSeconds.max).to.be.at.most(limits.freshSeconds)
  })
})
