/** `session-hub/testing`: what an application's own tests need from a hub. */
export { startTestHub } from './test-hub.js'
export type { SignedInAs, TestHub, TestSiteOptions } from './test-hub.js'
export type { TestHubOptions } from './options.js'
export type { TestVisitor } from './visitor.js'
export { createClock, type Clock } from './clock.js'
export { storeContract, type StoreContractOptions, type StoreWorld } from './store-contract/index.js'
