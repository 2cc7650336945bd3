// The rankings page, for associations and big screens.
import { createApp } from 'vue'
import '../shared/tokens.css'
import './style/base.css'
import './style/parts.css'
import './style/phone.css'
import './style/screen.css'
import App from './App.vue'
import { listen } from './keys'
import { openBoards } from './store'

const boards = openBoards()
createApp(App, { boards }).mount('#app')
listen(boards)
boards.start()
