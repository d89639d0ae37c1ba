import type { Store } from '../../../hub/index.js'

/** Adds one to a count in the session's data: a store that loses another transaction's write counts too little. */
export const increment = (store: Store, hash: string): Promise<void> =>
  store.transact({ handles: [hash] }, ({ held: [found] }) => {
    if (!found) throw new Error('The session is not there')
    const { session } = found
    const data = { count: Number(session.data['count']) + 1 }
    return { changes: { sessions: [{ ...session, data, version: session.version + 1 }] }, result: undefined }
  })
