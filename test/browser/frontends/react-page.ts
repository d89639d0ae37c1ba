/** Takes the document over, in strict mode; by the address before or after the SDK's frame is there. */
import { createElement as h, StrictMode } from 'react'
import { hydrateRoot } from 'react-dom/client'

import { hub } from './client.js'
import { App } from './react-app.js'

const { search } = location
const hydrationErrors: string[] = []
Object.assign(window, { hydrationErrors })

if (search === '?after-frame')
  while (!document.querySelector('iframe')) await new Promise((resolve) => requestAnimationFrame(resolve))
// As a script would that does not know of React.
if (search === '?beside-body') document.documentElement.append(document.createElement('iframe'))

hydrateRoot(document, h(StrictMode, null, h(App, { hub })), {
  onRecoverableError(error) {
    hydrationErrors.push(String(error))
  },
})
