import 'reflect-metadata';
import { setFlagsFromString } from 'node:v8';
import { runCommand } from './platform/process/run-command.js';

// V8's collector of young objects would spread over all cores for a few milliseconds at a time, and take them from Postgres.
setFlagsFromString('--no-parallel-scavenge');

// Loaded by need: reading the modules takes longer than starting Postgres, and the two go on side by side.
await runCommand(process.argv.slice(2), {
  loadApp: async () => {
    const { AppModule } = await import('./app.module.js');
    return (config) => AppModule.for(config);
  },
  loadSchema: () => import('./persistence/migrate.js'),
  loadKeyRotation: () => import('./persistence/rotate-keys.js'),
  loadRestoration: () => import('./persistence/after-restore.js'),
});
