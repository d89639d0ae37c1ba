/** Sites: each is listed once, with the number of its latest change, so that every process of a hub learns of every change by one read. */
import assert from 'node:assert/strict'

import type { SitePut, Store } from '../../../hub/index.js'
import { newAuditRow } from './records.js'
import type { OpenedWorld, StoreSuite } from './suite.js'

const SHOP = 'https://shop.example'
const NEWS = 'https://news.example'

export function sitesTests(suite: StoreSuite): void {
  let store: Store
  let world: OpenedWorld
  const it = suite.it((opened) => {
    store = opened.store
    world = opened
  })

  const put = (given: Partial<SitePut>) =>
    store.putSite({ origin: SHOP, sealed: 'sealed', wasSeq: 0, audit: [], ...given })
  const audited = async () => (await store.audit({ limit: 100 })).map(({ act }) => act)

  it('are none at first', async () => {
    assert.deepEqual(await store.sites(0, 100), [])
    assert.equal((await store.sitesRange()).last, 0)
  })

  it('are given as they were written, in the order of writing', async () => {
    assert.equal(await put({ sealed: 'one' }), 1)
    assert.equal(await put({ origin: NEWS, sealed: 'two' }), 2)

    assert.deepEqual(await store.sites(0, 100), [
      { origin: SHOP, sealed: 'one', seq: 1 },
      { origin: NEWS, sealed: 'two', seq: 2 },
    ])
    assert.equal((await store.sitesRange()).last, 2)
  })

  it('are each there once, under the number of the newest change', async () => {
    await put({})
    await put({ origin: NEWS })
    assert.equal(await put({ sealed: 'changed', wasSeq: 1 }), 3)

    assert.deepEqual(await store.sites(0, 100), [
      { origin: NEWS, sealed: 'sealed', seq: 2 },
      { origin: SHOP, sealed: 'changed', seq: 3 },
    ])
    assert.equal((await store.sites(2, 100)).length, 1)
    assert.deepEqual(await store.sites(3, 100), [])
  })

  it('stay as a name alone when they are removed, and can be written again', async () => {
    await put({})
    assert.equal(await put({ sealed: null, wasSeq: 1 }), 2)
    assert.deepEqual(await store.sites(1, 100), [{ origin: SHOP, sealed: null, seq: 2 }])
    assert.equal(await put({ sealed: 'again', wasSeq: 2 }), 3)
  })

  it('are given so many at a time', async () => {
    for (let site = 1; site <= 5; site += 1) await put({ origin: `https://s${site}.example` })
    const seqs = async (after: number) => (await store.sites(after, 2)).map(({ seq }) => seq)
    assert.deepEqual([await seqs(0), await seqs(2), await seqs(4)], [[1, 2], [3, 4], [5]])
  })

  for (const [what, wasSeq] of [
    ['that has changed since', 1],
    ['that is there already', 0],
    ['of a number to come', 3],
  ] as const)
    it(`refuse the change of a site ${what}, and its audit row with it`, async () => {
      await put({})
      await put({ sealed: 'newer', wasSeq: 1 })
      assert.equal(await put({ sealed: 'mine', wasSeq, audit: [newAuditRow({})] }), undefined)
      assert.deepEqual(await store.sites(0, 100), [{ origin: SHOP, sealed: 'newer', seq: 2 }])
      assert.deepEqual(await audited(), [])
      assert.equal((await store.sitesRange()).last, 2)
    })

  it('refuse to change one that is not there', async () => {
    assert.equal(await put({ wasSeq: 1 }), undefined)
    assert.deepEqual(await store.sites(0, 100), [])
  })

  it('are audited in the same write', async () => {
    await put({ audit: [newAuditRow({ act: 'site-add', site: SHOP })] })
    const [row] = await store.audit({ limit: 1 })
    assert.deepEqual([row?.act, row?.site], ['site-add', SHOP])
  })

  it('are written once, and audited once, when a change comes twice', async () => {
    const change = { sealed: 'mine', audit: [newAuditRow({ act: 'site-add' })] } as const
    assert.deepEqual([await put(change), await put(change)], [1, 1])
    assert.deepEqual(await audited(), ['site-add'])
  })

  it('let one of ten racing changes win', async () => {
    const numbers = await Promise.all(Array.from({ length: 10 }, (_, n) => put({ sealed: `sealed-${n}` })))
    assert.deepEqual(
      numbers.filter((number) => number !== undefined),
      [1],
    )
  })

  it('belong to the epoch of the store', async () => {
    const { epoch } = await store.sitesRange()
    assert.equal((await store.endingsRange()).epoch, epoch)
    const renewed = await store.renewEpoch()
    assert.deepEqual(await store.sitesRange(), { epoch: renewed, last: 0 })
  })

  if (suite.opener !== undefined)
    it('are there for the next process, whose numbers go on', async () => {
      await put({})
      await put({ sealed: null, wasSeq: 1 })
      const other = await world.reopen()
      assert.deepEqual(await other.sites(0, 100), [{ origin: SHOP, sealed: null, seq: 2 }])
      assert.equal(await other.putSite({ origin: NEWS, sealed: 'x', wasSeq: 0, audit: [] }), 3)
      assert.equal((await store.sites(2, 100)).length, 1, 'and the first one sees it')
    })

  it('cannot be had of a store that is closed', async () => {
    await store.close()
    for (const ask of [() => put({}), () => store.sites(0, 1), () => store.sitesRange()]) {
      const code = await ask().then(
        () => 'answered',
        (thrown: unknown) => (thrown as { code: string }).code,
      )
      assert.equal(code, 'unavailable')
    }
  })
}
