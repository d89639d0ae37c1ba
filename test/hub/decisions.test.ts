/** A store may have to decide anew: what is said and done stays once. */
import { expect } from 'chai'

import { createDecisions } from '../../hub/decisions.js'
import { memoryStore } from '../../hub/stores/memory.js'
import type { LogEntry } from '../../sdk/settings/log.js'
import { answerView, newSession, newSpend, write, sessionIn } from '../support/records.js'
import { decidesTwice } from '../support/store-of-worlds.js'

const replayed = { level: 'warn', event: 'ticket_replayed' } as const

describe('what a hub logs while its store decides', () => {
  let written: LogEntry[]
  const begin = () => {
    written = []
    return createDecisions(decidesTwice(memoryStore()), (entry) => written.push(entry))
  }

  it('is written once, of the last decision, after it', async () => {
    const { store, log } = begin()
    let times = 0
    const result = await store.transact({ handles: [] }, () => {
      times += 1
      log({ ...replayed, times })
      expect(written).to.deep.equal([])
      return { result: times }
    })
    expect([result, written]).to.deep.equal([2, [{ ...replayed, times: 2 }]])
  })

  it('is written where the decision is a refusal, too', async () => {
    const { store, log } = begin()
    const refused = store.transact({ handles: [] }, () => {
      log(replayed)
      throw new Error('refused')
    })
    expect(await refused.catch(String)).to.equal('Error: refused')
    expect(written).to.deep.equal([replayed])
  })

  it('is written at once where nobody decides, and of two who do each has its own', async () => {
    const { store, log } = begin()
    log(replayed)
    expect(written).to.deep.equal([replayed])
    await Promise.all(
      ['a', 'b'].map((name) =>
        store.transact({ handles: [] }, () => {
          log({ ...replayed, name })
          return { result: undefined }
        }),
      ),
    )
    expect(written.slice(1)).to.deep.equal([
      { ...replayed, name: 'a' },
      { ...replayed, name: 'b' },
    ])
  })

  it('leaves all else of the store as it is', async () => {
    const { store } = begin()
    const session = newSession()
    await write(store, { sessions: [session] })
    expect(await sessionIn(store, session.id)).to.deep.equal(session)
    const spend = newSpend()
    expect((await store.transact({ handles: [], spend }, answerView)).spentBefore).to.equal(undefined)
    await store.close()
    expect(await store.ping().catch(String)).to.include('closed')
  })
})
