/** `session-hub/react`: the session in components, for React 18 and later. */
import { useSyncExternalStore } from 'react'

import type { Client } from '../browser/client.js'
import { nothing, type SessionSnapshot, snapshotsOf } from './snapshots.js'

export type { SessionSnapshot }

const onServer = () => nothing

/**
 * The client's present status, kept up to date. On a server, and while a page hydrates, nothing has happened yet. A component that unmounts
 * does not close the client: the document has only one, and other components use it.
 *
 * @example
 * const client = createClient({ hub: 'https://hub.example' })
 *
 * function Cart() {
 *   const { changes } = useSessionHub(client)
 *   const [cart, setCart] = useState([])
 *   useEffect(() => void fetchCart().then(setCart), [changes])
 *   return <p>{cart.length}</p>
 * }
 */
export function useSessionHub(client: Client): SessionSnapshot {
  const { subscribe, get } = snapshotsOf(client)
  return useSyncExternalStore(subscribe, get, onServer)
}
