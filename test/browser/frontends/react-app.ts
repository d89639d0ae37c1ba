/** A whole document by React, with two components that show the session. */
import { createElement as h, type ReactElement, useEffect, useState } from 'react'
import { useSessionHub } from 'session-hub/react'

import { client, fetchCart, line } from './client.js'

function Cart({ id }: { readonly id: string }): ReactElement {
  const { changes, status } = useSessionHub(client)
  const [cart, setCart] = useState<readonly string[]>([])
  useEffect(() => {
    let isGone = false
    void fetchCart().then((fetched) => {
      if (!isGone) setCart(fetched)
    })
    return () => {
      isGone = true
    }
  }, [changes])
  return h('p', { id }, line(cart, status.outcome))
}

export function App({ hub }: { readonly hub: string }): ReactElement {
  const [hasFirst, setHasFirst] = useState(true)
  const hide = () => {
    setHasFirst(false)
  }
  return h(
    'html',
    { lang: 'en', 'data-hub': hub },
    h('head', null, h('title', null, 'React'), h('script', { type: 'module', src: '/pages/react.js' })),
    h(
      'body',
      null,
      h('button', { onClick: hide }, 'Hide'),
      hasFirst && h(Cart, { id: 'first' }),
      h(Cart, { id: 'second' }),
    ),
  )
}
