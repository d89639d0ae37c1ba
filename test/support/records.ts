/** The records that the contract of stores is tested with. */
export * from '../../sdk/testing/store-contract/records.js'
