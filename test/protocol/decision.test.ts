/** DESIGN's table of the exchange: every cell, under every policy. */
import { expect } from 'chai'

import { type ConflictPolicy, decide, type Decision, type Side } from '../../hub/flows/decision.js'
import { type Choice, choices } from '../../sdk/protocol/wire.js'

const none: Side = { kind: 'none' }
const empty: Side = { kind: 'anonymous', id: 'empty', isEmpty: true }
const cart: Side = { kind: 'anonymous', id: 'cart', isEmpty: false }
const hubCart: Side = { kind: 'anonymous', id: 'hub-cart', isEmpty: false }
const hubEmpty: Side = { kind: 'anonymous', id: 'hub-empty', isEmpty: true }
const ada: Side = { kind: 'user', id: 'ada-here', subject: 'ada' }
const hubAda: Side = { kind: 'user', id: 'ada-there', subject: 'ada' }
const hubBob: Side = { kind: 'user', id: 'bob-there', subject: 'bob' }

const nothing: Decision = { outcome: 'none' }
const keep: Decision = { outcome: 'keep' }
const conflict: Decision = { outcome: 'conflict' }
const adopt: Decision = { outcome: 'adopt', merge: false }
const adoptAndMerge: Decision = { outcome: 'adopt', merge: true }
const replace = (reason: 'empty' | 'merged' | 'overruled' | 'same-user'): Decision => ({
  outcome: 'replace',
  reason,
})

/** Site, hub, the decision; where policies differ, one for each, and one for a site that yields, and each word of the visitor. */
type Row = readonly [
  name: string,
  site: Side,
  hub: Side,
  decisions: Record<ConflictPolicy | 'yields', Decision>,
  chosen?: Record<Choice, Decision>,
]
const always = (decision: Decision, yields = decision) => ({
  'keep-both': decision,
  hub: decision,
  site: decision,
  yields,
})

const table: readonly Row[] = [
  ['none ↔ none', none, none, always(nothing)],
  ['none ↔ anonymous', none, hubCart, always(replace('empty'))],
  ['none ↔ anonymous and empty', none, hubEmpty, always(replace('empty'))],
  ['none ↔ user', none, hubAda, always(replace('empty'))],
  ['new and empty ↔ none', empty, none, always(nothing)],
  ['new and empty ↔ anonymous', empty, hubCart, always(replace('empty'))],
  ['new and empty ↔ user', empty, hubAda, always(replace('empty'))],
  ['anonymous with data ↔ none', cart, none, always(adopt)],
  ['anonymous with data ↔ anonymous', cart, hubCart, always(replace('merged'))],
  ['anonymous with data ↔ user', cart, hubAda, always(replace('merged'))],
  ['user ↔ none', ada, none, always(adopt)],
  ['user ↔ anonymous', ada, hubCart, always(adoptAndMerge, replace('overruled'))],
  ['user ↔ anonymous and empty', ada, hubEmpty, always(adoptAndMerge, replace('overruled'))],
  ['user ↔ the same user, another session', ada, hubAda, always(replace('same-user'), replace('overruled'))],
  [
    'user ↔ another user',
    ada,
    hubBob,
    { 'keep-both': conflict, hub: replace('overruled'), site: adopt, yields: replace('overruled') },
    { hub: { outcome: 'replace', reason: 'overruled', isChosen: true }, site: adopt },
  ],
  ['the same anonymous session', cart, cart, always(keep)],
  ['the same empty session', empty, empty, always(keep)],
  ['the same session of a user', ada, ada, always(keep)],
]

describe('the exchange, decided', () => {
  for (const [name, site, hub, decisions, chosen] of table) {
    for (const policy of ['keep-both', 'hub', 'site'] as const) {
      it(`${name}, policy ${policy}: ${decisions[policy].outcome}`, () => {
        expect(decide(site, hub, { conflict: policy, siteYields: false })).to.deep.equal(decisions[policy])
      })
      it(`${name}, policy ${policy}, the site yields: ${decisions.yields.outcome}`, () => {
        expect(decide(site, hub, { conflict: policy, siteYields: true })).to.deep.equal(decisions.yields)
      })
    }
    for (const choice of choices) {
      const { outcome } = chosen?.[choice] ?? decisions['keep-both']
      it(`${name}, the visitor says ${choice}: ${outcome}`, () => {
        const decided = decide(site, hub, { conflict: 'keep-both', siteYields: false, choice })
        expect(decided).to.deep.equal(chosen?.[choice] ?? decisions['keep-both'])
      })
      it(`${name}, the visitor says ${choice} where the owner has decided: nothing else`, () => {
        for (const conflict of ['hub', 'site'] as const)
          expect(decide(site, hub, { conflict, siteYields: false, choice })).to.deep.equal(
            decisions[conflict],
          )
        const yielding = { conflict: 'keep-both', siteYields: true, choice } as const
        expect(decide(site, hub, yielding)).to.deep.equal(decisions.yields)
      })
    }
  }

  it('user ↔ another user, policy site: adopts by a sync of the site’s own, and keeps both where news has begun it', () => {
    const decided = (isNews: boolean) => decide(ada, hubBob, { conflict: 'site', siteYields: false, isNews })
    expect([decided(false), decided(true)]).to.deep.equal([adopt, keep])
  })

  it('R20: never replaces one live user by another, but by a policy that somebody chose', () => {
    const silent = decide(ada, hubBob, { conflict: 'keep-both', siteYields: false })
    expect(silent).to.deep.equal(conflict)
  })
})
