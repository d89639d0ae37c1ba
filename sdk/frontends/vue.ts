/** `session-hub/vue`: the session in components, for Vue 3.2 and later. */
import { getCurrentInstance, onMounted, onScopeDispose, type ShallowRef, shallowRef } from 'vue'

import type { Client } from '../browser/client.js'
import { nothing, type SessionSnapshot, snapshotsOf } from './snapshots.js'

export type { SessionSnapshot }

/**
 * The client's present status, kept up to date. On a server, and until the component is mounted, nothing has happened yet. A component that
 * unmounts does not close the client: the document has only one, and other components use it.
 *
 * @example
 * const client = createClient({ hub: 'https://hub.example' })
 * const session = useSessionHub(client)
 * watch(() => session.value.changes, fetchCart)
 */
export function useSessionHub(client: Client): Readonly<ShallowRef<SessionSnapshot>> {
  const { subscribe, get } = snapshotsOf(client)
  const snapshot = shallowRef(nothing)
  let stop: (() => void) | undefined
  const begin = () => {
    const show = () => {
      snapshot.value = get()
    }
    stop = subscribe(show)
    show()
  }
  // A component's first render has to show what the server has rendered.
  if (getCurrentInstance()) onMounted(begin)
  else begin()
  onScopeDispose(() => stop?.())
  return snapshot
}
