// The desk, built after the two public pages and beside them: a build of its own, so that what staff need never grows
// what a phone loads, and modern, since an office's browser can be kept current.
import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [vue()],
  // Element Plus has a few components that use the options API.
  define: { __VUE_OPTIONS_API__: 'true', __VUE_PROD_DEVTOOLS__: 'false' },
  publicDir: false,
  build: {
    outDir: 'dist',
    emptyOutDir: false,
    target: ['chrome100', 'safari15.4', 'firefox100'],
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    // ECharts, which comes with the first page that has a chart.
    chunkSizeWarningLimit: 600,
    rollupOptions: { input: { desk: fileURLToPath(new URL('desk.html', import.meta.url)) } },
  },
})
