/** Columns for people, however many rows there are. */
import { expect } from 'chai'

import { tableOf } from '../../hub/cli/table.js'

describe('a table', () => {
  it('has columns as wide as what stands in them, with 200,000 rows too', () => {
    const rows = Array.from({ length: 200_000 }, (_, at) => [`user${at}`, 'x'])
    const lines = tableOf(['user', 'site'], rows).split('\n')
    expect(lines).to.have.length(200_002)
    expect(lines[1]).to.equal('user0       x')
  })
})
