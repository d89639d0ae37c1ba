/** What `GET /frame` shows: nothing. */
import type { Appearance } from './frame.js'

const nothing: Appearance = { html: '<meta charset=utf-8><title>Session Hub</title>', policy: '' }

export const hiddenFrame = () => nothing
