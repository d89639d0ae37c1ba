/** Each store passes the contract, which `session-hub/testing` gives to everybody's stores. */
import { storeContract } from '../../sdk/testing/store-contract/index.js'
import { opener } from '../support/store-at.js'
import { stores } from '../support/stores.js'

for (const { name, isShared, open } of stores)
  describe(`the ${name} store`, () => {
    storeContract({ open, ...(isShared && { opener }), describe, it })
  })
