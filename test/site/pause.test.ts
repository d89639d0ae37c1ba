/** The pause of a process whose hub is down: who waits, and what ends it. */
import { expect } from 'chai'

import { createPause, type Pause } from '../../sdk/site/hub/pause.js'

describe('the pause while the hub is down', () => {
  let nowMs: number
  let pause: Pause
  let events: string[]

  beforeEach(() => {
    nowMs = 1e12
    events = []
    pause = createPause(
      () => nowMs,
      ({ event }) => void events.push(event),
    )
    pause.failed(pause.begin())
  })

  const isPaused = () => {
    try {
      pause.begin()
      return false
    } catch {
      return true
    }
  }

  it('lets one request find out, and the others wait for nothing', () => {
    expect(isPaused()).to.equal(true)
    nowMs += 500
    expect([isPaused(), isPaused()]).to.deep.equal([false, true])
  })

  it('counts what was in progress together as one failure', () => {
    pause.succeeded()
    const [one, other] = [pause.begin(), pause.begin()]
    pause.failed(one)
    nowMs += 499
    pause.failed(other)
    nowMs += 1
    expect(isPaused()).to.equal(false)
  })

  it('does not begin again by a request that had begun before the hub was back', () => {
    nowMs += 500
    const before = pause.begin()
    pause.succeeded()
    pause.failed(before)
    expect(isPaused()).to.equal(false)
    expect(events).to.deep.equal(['hub_unreachable', 'hub_back'])
  })

  it('begins again by one that began after it', () => {
    nowMs += 500
    pause.succeeded()
    pause.failed(pause.begin())
    expect(isPaused()).to.equal(true)
    expect(events).to.deep.equal(['hub_unreachable', 'hub_back', 'hub_unreachable'])
  })
})
