// The play page: what a citizen's phone opens.
import { createApp } from 'vue'
import '../shared/tokens.css'
import './play.css'
import App from './App.vue'
import { openGame } from './game'
import { fetchLater } from './screens'

openGame()
createApp(App).mount('#app')
void fetchLater()
