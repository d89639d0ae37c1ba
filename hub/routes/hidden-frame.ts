/** What `GET /frame` shows: nothing. */
import type { Appearance } from './frame.js'

const nothing: Appearance = { html: '', policy: '' }

export const hiddenFrame = () => nothing
