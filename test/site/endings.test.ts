/** What a site's process remembers of endings, as a table of sessions and what is thought of them. */
import { expect } from 'chai'

import type { SessionClaims } from '../../sdk/protocol/claims.js'
import type { EndReason } from '../../sdk/protocol/wire.js'
import { createEndings, type Endings } from '../../sdk/site/session/endings.js'
import { createFollowers, type Followers } from '../../sdk/site/session/followers.js'

const HUB_TIMEOUT_MS = 2000
const START = 1_800_000_000

const tag = (name: string) => name.padEnd(22, '_')

describe('what a process knows of endings', () => {
  let nowMs: number
  let endings: Endings
  const begin = (most?: number) => {
    nowMs = START * 1000 + 500
    endings = createEndings({ now: () => nowMs, hubTimeoutMs: HUB_TIMEOUT_MS }, most)
  }
  beforeEach(() => begin())

  const token = (more: Partial<SessionClaims> = {}): SessionClaims => ({
    iss: 'https://shop.example',
    aud: 'https://shop.example',
    iat: Math.floor(nowMs / 1000),
    exp: Math.floor(nowMs / 1000) + 300,
    sk: 'k'.repeat(43),
    st: tag('state'),
    ...more,
  })
  const adas = (gen: number) => token({ st: tag(`ada ${gen}`), sg: tag('ada'), gen })
  const ended = (name: string, reason: EndReason = 'revoked') =>
    endings.ended({ session_tag: tag(name), reason })
  const subjectEnded = (generation: number, reason: EndReason = 'revoked') =>
    endings.subjectEnded({ subject_tag: tag('ada'), generation, reason })

  it('of one session: the reason, for that one only', () => {
    ended('other', 'signed-out')
    expect(endings.reasonOf(token())).to.equal(undefined)
    expect(endings.reasonOf(token({ st: tag('other') }))).to.equal('signed-out')
    expect(endings.isDoubtful(token())).to.equal(false)
  })

  it('of a user: every session up to the generation is doubtful, and no later one', () => {
    subjectEnded(3)
    const doubted = [0, 2, 3, 4, 9].filter((gen) => endings.isDoubtful(adas(gen)))
    expect(doubted).to.deep.equal([0, 2, 3])
    expect(endings.isDoubtful(token({ sg: tag('bob'), gen: 1 }))).to.equal(false)
    expect(endings.isDoubtful(token())).to.equal(false)
  })

  it('of a user: an earlier generation after a later one takes nothing back', () => {
    subjectEnded(5)
    subjectEnded(3)
    expect(endings.isDoubtful(adas(5))).to.equal(true)
  })

  it('of a sign-in that the hub does not know of yet: nothing, whatever was missed', () => {
    const { sk: _, st: __, ...provisional } = token({ sub: 'ada' })
    endings.reset()
    expect(endings.isDoubtful(provisional)).to.equal(false)
    expect(endings.reasonOf(provisional)).to.equal(undefined)
  })

  describe('after a reset', () => {
    for (const [seconds, isDoubtful] of [
      [-300, true],
      [-1, true],
      [0, true],
      [2, true],
      [12, true],
      [13, false],
    ] as const) {
      it(`is a token of ${seconds} s after it ${isDoubtful ? 'doubtful' : 'trusted'}`, () => {
        // An answer that was given before it may have been on its way for two seconds, from a clock that is ten ahead.
        endings.reset()
        expect(endings.isDoubtful(token({ iat: START + seconds }))).to.equal(isDoubtful)
      })
    }

    it('by a clock that was ahead and is set back, what was issued until then is doubtful for a moment, and what comes later is not', () => {
      nowMs += 3_600_000
      endings.reset()
      nowMs -= 3_600_000
      const before = token()
      expect(endings.isDoubtful(before)).to.equal(true)
      nowMs += 13_000
      expect(endings.isDoubtful(token())).to.equal(false)
      expect(endings.isDoubtful(before), 'what may have ended meanwhile').to.equal(true)
    })

    it('what had ended has ended', () => {
      ended('state')
      endings.reset()
      nowMs += 3_600_000
      expect(endings.reasonOf(token())).to.equal('revoked')
    })
  })

  describe('when there is no room for more', () => {
    it('what has to go makes everything doubtful that is as old; a flood brings nothing back to life', () => {
      begin(3)
      ended('state')
      const stolen = token()
      nowMs += 13_000
      const later = token({ st: tag('later') })
      for (const name of ['b', 'c']) ended(name)
      expect(endings.isDoubtful(stolen)).to.equal(false)
      expect(endings.reasonOf(stolen)).to.equal('revoked')
      ended('d')
      expect(endings.reasonOf(stolen), 'it is forgotten').to.equal(undefined)
      expect(endings.isDoubtful(stolen)).to.equal(true)
      expect(endings.isDoubtful(later)).to.equal(false)
    })

    it('the oldest goes, however often it was asked about', () => {
      begin(2)
      ended('a')
      ended('b')
      endings.reasonOf(token({ st: tag('a') }))
      ended('c')
      expect(endings.reasonOf(token({ st: tag('a') }))).to.equal(undefined)
      expect(endings.reasonOf(token({ st: tag('b') }))).to.equal('revoked')
    })
  })

  describe('whoever watches', () => {
    const heard: string[] = []
    const watch = (claims: SessionClaims, name = 'page') =>
      endings.watch(claims, {
        ended: (reason) => void heard.push(`${name}: ended, ${reason}`),
        mayHaveEnded: (reason) => void heard.push(`${name}: may have ended, ${reason}`),
        unknown: () => void heard.push(`${name}: unknown`),
      })
    const said = () => heard.splice(0)
    beforeEach(() => said())

    it('a session hears its end, and no other', () => {
      watch(token())
      watch(token(), 'second')
      watch(token({ st: tag('other') }), 'other')
      ended('state', 'signed-out')
      expect(said()).to.deep.equal(['page: ended, signed-out', 'second: ended, signed-out'])
    })

    it('a user’s session hears that it may have ended, if it is no later one', () => {
      watch(adas(2))
      watch(adas(4), 'later')
      watch(token(), 'anonymous')
      subjectEnded(3)
      expect(said()).to.deep.equal(['page: may have ended, revoked'])
    })

    it('hears what is known already', () => {
      ended('state', 'signed-out')
      subjectEnded(3, 'replaced-elsewhere')
      watch(token())
      watch(adas(3), 'ada’s')
      watch(adas(4), 'ada’s later')
      expect(said()).to.deep.equal(['page: ended, signed-out', 'ada’s: may have ended, replaced-elsewhere'])
    })

    it('hears of a reset', () => {
      watch(adas(1))
      watch(token(), 'second')
      endings.reset()
      expect(said()).to.deep.equal(['page: unknown', 'second: unknown'])
    })

    it('hears nothing when it has left, and is counted no more', () => {
      const leave = watch(adas(1))
      watch(adas(1), 'second')
      expect(endings.watching(adas(1))).to.equal(2)
      leave()
      leave()
      expect(endings.watching(adas(1))).to.equal(1)
      ended('ada 1')
      subjectEnded(1)
      expect(said()).to.deep.equal(['second: ended, revoked', 'second: may have ended, revoked'])
    })
  })
})

describe('who waits for the end of a session', () => {
  const wait = (followers: Followers, name: string, heard: string[]) => {
    const tell = (reason: string) => {
      followers.delete(tell)
      heard.push(`${name}: ${reason}`)
    }
    followers.add(tell)
    return tell
  }

  it('R31: is told that nothing is known any more where there are too many, the oldest first', () => {
    const heard: string[] = []
    const followers = createFollowers(2)
    for (const name of ['a', 'b', 'c', 'd']) wait(followers, name, heard)
    expect(heard).to.deep.equal(['a: unknown', 'b: unknown'])
  })

  it('makes room by letting go, and nobody else is told', () => {
    const heard: string[] = []
    const followers = createFollowers(2)
    for (const name of ['a', 'b', 'c', 'd']) followers.delete(wait(followers, name, heard))
    for (const name of ['e', 'f']) wait(followers, name, heard)
    expect(heard).to.deep.equal([])
  })

  it('is told so at the close, and afterwards at once', () => {
    const heard: string[] = []
    const followers = createFollowers()
    wait(followers, 'a', heard)
    followers.close()
    wait(followers, 'b', heard)
    expect(heard).to.deep.equal(['a: unknown', 'b: unknown'])
  })
})
