/** What is kept with a request is its own, and nobody else can read it or put another in its place. */
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { inspect } from 'node:util'

import { expect } from 'chai'

import { createKeptWith } from '../../sdk/http/kept-with.js'

describe('what is kept with an object', () => {
  const kept = createKeptWith<object>()

  it('is there until another takes its place', () => {
    const request = new IncomingMessage(new Socket())
    expect(kept.get(request)).to.equal(undefined)
    const [first, second] = [{ name: 'first' }, { name: 'second' }]
    kept.set(request, first)
    expect(kept.get(request)).to.equal(first)
    kept.set(request, second)
    expect(kept.get(request)).to.equal(second)
  })

  it('is of that object alone, and of that keeper', () => {
    const [one, other] = [{}, {}]
    kept.set(one, {})
    expect(kept.get(other)).to.equal(undefined)
    expect(createKeptWith<object>().get(one)).to.equal(undefined)
  })

  it('is kept with an object that cannot be changed, too', () => {
    const frozen = Object.freeze({})
    kept.set(frozen, { name: 'kept' })
    expect(kept.get(frozen)).to.deep.equal({ name: 'kept' })
    const later = {}
    kept.set(later, { name: 'before' })
    Object.freeze(later)
    kept.set(later, { name: 'after' })
    expect(kept.get(later)).to.deep.equal({ name: 'after' })
  })

  it('shows nowhere, and passes to nothing that is made of the object', () => {
    const owner = {}
    kept.set(owner, { name: 'secret' })
    expect(Reflect.ownKeys(owner)).to.deep.equal([])
    expect(inspect(owner, { showHidden: true })).to.not.include('secret')
    for (const made of [{ ...owner }, Object.create(owner) as object, new Proxy(owner, {})])
      expect(kept.get(made)).to.equal(undefined)
  })
})
