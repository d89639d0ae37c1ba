/** When live sessions are counted: seldom, the less often the longer it takes, and nobody waits long for it. */
import { expect } from 'chai'

import { createLiveCount } from '../../hub/live-sessions.js'

describe('the count of live sessions', () => {
  let nowMs: number
  let counts: number
  beforeEach(() => {
    nowMs = 0
    counts = 0
  })
  const at = (ms: number, read: () => Promise<number | undefined>) => {
    nowMs = ms
    return read()
  }
  const counter = (tookMs: number) =>
    createLiveCount(
      async () => {
        nowMs += tookMs
        return (counts += 1)
      },
      () => nowMs,
    )

  it('is taken once a minute, however often it is read', async () => {
    const read = counter(0)
    const read3 = [await at(0, read), await at(30_000, read), await at(59_999, read)]
    expect(read3).to.deep.equal([1, 1, 1])
    expect(await at(60_000, read)).to.equal(2)
  })

  it('is taken less often where it takes long: one fiftieth of the time', async () => {
    const read = counter(3000)
    await at(0, read)
    expect(await at(3000 + 149_999, read)).to.equal(1)
    expect(await at(3000 + 150_000, read)).to.equal(2)
  })

  it('is taken by one for all who read at once', async () => {
    const read = counter(0)
    expect(await Promise.all([read(), read(), read()])).to.deep.equal([1, 1, 1])
  })

  it('is not known once the store has failed, until it answers again', async () => {
    const answers = [() => 7, () => expect.fail('gone'), () => 8]
    const read = createLiveCount(
      async () => answers[counts++]!(),
      () => nowMs,
    )
    expect(await at(0, read)).to.equal(7)
    expect(await at(60_000, read)).to.equal(undefined)
    expect(await at(119_999, read)).to.equal(undefined)
    expect(await at(120_000, read)).to.equal(8)
  })

  it('holds up nobody for long: meanwhile, the last one is given', async () => {
    const pending: ((live: number) => void)[] = []
    const read = createLiveCount(
      () => new Promise((resolve) => pending.push(resolve)),
      () => nowMs,
    )
    const first = read()
    pending[0]!(5)
    expect(await first).to.equal(5)
    expect(await at(60_000, read)).to.equal(5)
    expect(await at(500_000, read)).to.equal(5)
    expect(pending).to.have.length(2)
    pending[1]!(6)
    expect(await read()).to.equal(6)
  })
})
