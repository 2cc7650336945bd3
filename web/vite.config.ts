/// <reference types="vitest/config" />
// Two public pages, one foundation: `play` at `/`, `boards` at `/boards`; the desk is built beside them (vite.desk.config.ts). The
// output is embedded in the server's binary.
import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig, type Plugin } from 'vite'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** Where `npm run dev` finds a running server. */
const server = process.env['KEJING_URL'] ?? 'http://127.0.0.1:8080'

/** The server serves `boards.html` at `/boards` and `desk.html` at `/desk`; so does `npm run dev`. */
const addresses: Plugin = {
  name: 'addresses',
  configureServer(dev) {
    dev.middlewares.use((request, _response, next) => {
      request.url = request.url?.replace(/^\/(boards|desk)(?=\?|$)/, '/$1.html')
      next()
    })
  },
}

export default defineConfig({
  plugins: [vue(), addresses],
  // Only the composition API is used: the rest of Vue is left out of the phone's download.
  define: { __VUE_OPTIONS_API__: 'false', __VUE_PROD_DEVTOOLS__: 'false' },
  server: {
    proxy: {
      '/api': { target: server, changeOrigin: true },
      '/ws': { target: server, changeOrigin: true, ws: true, rewriteWsOrigin: true },
    },
  },
  build: {
    outDir: 'dist',
    // WeChat's older WebViews (X5 on Android, WKWebView on iOS 12).
    target: ['chrome64', 'safari12'],
    cssTarget: 'chrome61',
    // Everything is loaded by the page itself; a polyfill for hints would only cost bytes.
    modulePreload: { polyfill: false },
    // Pictures are served as files: a strict Content-Security-Policy needs no `data:`.
    assetsInlineLimit: 0,
    rollupOptions: { input: { play: here('index.html'), boards: here('boards.html') } },
  },
  test: { environment: 'node', include: ['**/*.test.ts'] },
})
