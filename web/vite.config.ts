import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Where the service listens that `vite` (for work on the pages) passes calls to. */
const service = process.env.CARILLON_URL ?? 'http://127.0.0.1:3000';

export default defineConfig({
  root: import.meta.dirname,
  base: '/ui/',
  plugins: [react(), tailwindcss()],
  build: {
    target: 'es2022',
    // The policy of the service lets nothing in but files of its own.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: true,
    reportCompressedSize: false,
  },
  server: { proxy: { '^/(?!ui/|@|node_modules/|clients/)': { target: service } } },
});
