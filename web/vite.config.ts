import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Where the service listens that `vite` (for work on the pages) passes calls to. */
const service = process.env.CARILLON_URL ?? 'http://127.0.0.1:3000';

/** What the service answers beside the page. */
const API = [
  ...['api-keys', 'attention', 'audit-log', 'calendars', 'docs', 'events', 'forecast', 'health', 'jobs', 'metrics'],
  ...['openapi.json', 'projects', 'runs', 'schedules', 'sign-in', 'signing-secrets', 'statistics', 'system'],
  ...['targets', 'timeline', 'whoami'],
];

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), tailwindcss()],
  build: {
    target: 'es2022',
    // The policy of the service lets nothing in but files of its own.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: true,
    reportCompressedSize: false,
  },
  server: { proxy: { [`^/(${API.join('|')})(/|\\?|$)`]: { target: service } } },
});
