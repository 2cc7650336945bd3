// The desk: where staff work. Served at `/desk`; every page of it is fetched when it is first opened.
import { createApp } from 'vue'
import '../shared/tokens.css'
import './style/element'
import './style/colours.css'
import './style/base.css'
import './style/parts.css'
import './style/table.css'
import App from './App.vue'
import { listen } from './keys'
import { load } from './session'

createApp(App).mount('#app')
listen()
void load()
