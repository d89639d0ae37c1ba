/** What every refusal has to look like, whoever says it (R30). */
import { expect } from 'chai'

import type { Reply } from './visitor.js'

/** A path, a stack, a module: nothing that tells a client what runs here. */
const INSIDES = /\n\s+at |node:internal|node_modules|\.(js|ts):\d|file:\/\//

export function expectRefusal(reply: Reply, status: number, code: string): void {
  expect({ status: reply.status, error: reply.json.error }, reply.text).to.deep.equal({ status, error: code })
  const { error_description: description, ...rest } = reply.json
  expect(description).to.be.a('string').with.length.above(0)
  expect(Object.keys(rest).filter((key) => key !== 'end_reason' && key !== 'superseded')).to.deep.equal([
    'error',
  ])
  expect(reply.text).to.not.match(INSIDES)
  expect(reply.headers['content-type']).to.equal('application/json; charset=utf-8')
  expect(reply.headers['cache-control']).to.equal('no-store')
  expect(reply.headers['access-control-allow-origin']).to.equal(undefined)
}

/** The same, and the browser keeps exactly the cookies that it has. */
export function expectRefusalWithoutCookies(reply: Reply, status: number, code: string): void {
  expectRefusal(reply, status, code)
  expect(reply.headers['set-cookie']).to.equal(undefined)
}
