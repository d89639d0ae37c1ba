/** Shows what the SDK does. */
import { html } from './html.js'

export const syncPanel = html`<section class="card sync" aria-labelledby="sync-title">
  <header>
    <div>
      <h2 id="sync-title">Behind the page</h2>
      <p class="hint">One session on three domains, without a reload. This is the SDK on this page.</p>
    </div>
    <div class="buttons">
      <button type="button" class="quiet" id="panel">Developer panel</button>
      <button type="button" class="quiet" id="sharing">Stop sharing</button>
      <button type="button" class="quiet" id="sync-now">Sync now</button>
    </div>
  </header>
  <dl class="facts">
    <div class="cost">
      <dt>Requests of the last sync</dt>
      <dd id="requests">–</dd>
    </div>
    <div>
      <dt>Outcome</dt>
      <dd><code id="outcome">–</code></dd>
    </div>
    <div>
      <dt>Rung</dt>
      <dd><code id="rung">–</code></dd>
    </div>
    <div>
      <dt>Reason</dt>
      <dd><code id="reason">–</code></dd>
    </div>
    <div>
      <dt>In plain words</dt>
      <dd id="words" role="status">Waiting for the SDK.</dd>
    </div>
  </dl>
  <details class="explained">
    <summary>What you can do here</summary>
    <pre id="explained" role="status"></pre>
  </details>
  <h3 id="log-title">Events</h3>
  <div class="log-frame" tabindex="0" role="region" aria-labelledby="log-title">
    <ol id="log" role="log" aria-labelledby="log-title"></ol>
  </div>
  <template id="log-line">
    <li>
      <time></time>
      <code data-event></code>
      <span data-detail></span>
      <span data-requests></span>
    </li>
  </template>
</section>`
