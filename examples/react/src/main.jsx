import { StrictMode, useCallback, useEffect, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { useSessionHub } from 'session-hub/react'

import { client } from './client.js'

function Shop() {
  const { changes, conflict, accessNeeded } = useSessionHub(client)
  const [session, setSession] = useState({ subject: null, cart: [] })
  const load = useCallback(async () => setSession(await (await fetch('/api/session')).json()), [])
  // Each change means that this page has a different session now.
  useEffect(() => void load(), [changes, load])

  async function post(path, body) {
    const headers = { 'content-type': 'application/json' }
    await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) })
    await load()
    await client.sync()
  }

  return (
    <>
      <p id="session">{JSON.stringify(session)}</p>
      <button onClick={() => post('/api/cart', { item: 'boots' })}>Add boots</button>
      <button onClick={() => post('/api/sign-in', { name: 'Ada' })}>Sign in as Ada</button>
      {accessNeeded && <button onClick={() => client.requestAccess()}>Bring my cart along</button>}
      {conflict && (
        <p>
          You are signed in as {conflict.subject} elsewhere.
          <button onClick={() => client.resolve('hub')}>Continue as {conflict.subject}</button>
          <button onClick={() => client.resolve('site')}>Stay</button>
        </p>
      )}
    </>
  )
}

createRoot(document.getElementById('root') ?? document.body).render(
  <StrictMode>
    <Shop />
  </StrictMode>,
)
