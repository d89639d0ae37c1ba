'use client'

import { useRouter } from 'next/navigation'
import { useEffect } from 'react'

const changes = ['session-replaced', 'session-ended']

export function Buttons() {
  const router = useRouter()
  // The page shows another session now: render it again on the server.
  useEffect(() => {
    const refresh = () => router.refresh()
    for (const name of changes) addEventListener(name, refresh)
    return () => {
      for (const name of changes) removeEventListener(name, refresh)
    }
  }, [router])

  async function post(path, body) {
    const headers = { 'content-type': 'application/json' }
    await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) })
    router.refresh()
    await window.SessionHub?.sync()
  }

  return (
    <>
      <button onClick={() => post('/api/cart', { item: 'boots' })}>Add boots</button>
      <button onClick={() => post('/api/sign-in', { name: 'Ada' })}>Sign in as Ada</button>
    </>
  )
}
