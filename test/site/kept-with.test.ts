/** What is kept with a request is its own, and nobody else can read it or put another in its place. */
import assert from 'node:assert/strict'
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { inspect } from 'node:util'

import { createKeptWith } from '../../sdk/http/kept-with.js'

describe('what is kept with an object', () => {
  const kept = createKeptWith<object>()

  it('is there until another takes its place', () => {
    const request = new IncomingMessage(new Socket())
    assert.equal(kept.get(request), undefined)
    const [first, second] = [{ name: 'first' }, { name: 'second' }]
    kept.set(request, first)
    assert.equal(kept.get(request), first)
    kept.set(request, second)
    assert.equal(kept.get(request), second)
  })

  it('is of that object alone, and of that keeper', () => {
    const [one, other] = [{}, {}]
    kept.set(one, {})
    assert.equal(kept.get(other), undefined)
    assert.equal(createKeptWith<object>().get(one), undefined)
  })

  it('is kept with an object that cannot be changed, too', () => {
    const frozen = Object.freeze({})
    kept.set(frozen, { name: 'kept' })
    assert.deepEqual(kept.get(frozen), { name: 'kept' })
  })

  it('shows nowhere, and passes to nothing that is made of the object', () => {
    const owner = {}
    kept.set(owner, { name: 'secret' })
    assert.deepEqual(Reflect.ownKeys(owner), [])
    assert.doesNotMatch(inspect(owner, { showHidden: true }), /secret/)
    for (const made of [{ ...owner }, Object.create(owner) as object, new Proxy(owner, {})])
      assert.equal(kept.get(made), undefined)
  })
})
