/** The script of the hub's hidden frame. It is inlined into the document and allowed by its hash. */
import { begin } from './hub.js'

begin()
