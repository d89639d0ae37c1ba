/** A component of Vue's that shows the session, and one that can be hidden. */
import { defineComponent, h, onMounted, ref, shallowRef, watch } from 'vue'
import { useSessionHub } from 'session-hub/vue'

import { client, fetchCart, line } from './client.js'

const Cart = defineComponent({
  props: { id: { type: String, required: true } },
  setup({ id }) {
    const session = useSessionHub(client)
    const cart = shallowRef<readonly string[]>([])
    const load = async () => {
      cart.value = await fetchCart()
    }
    onMounted(load)
    watch(() => session.value.changes, load)
    return () => h('p', { id }, line(cart.value, session.value.status.outcome))
  },
})

export const App = defineComponent({
  setup() {
    const hasFirst = ref(true)
    const hide = () => {
      hasFirst.value = false
    }
    return () =>
      h('main', [
        h('button', { onClick: hide }, 'Hide'),
        hasFirst.value ? h(Cart, { id: 'first' }) : undefined,
        h(Cart, { id: 'second' }),
      ])
  },
})
