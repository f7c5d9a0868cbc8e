import 'reflect-metadata';
import { runCommand } from './platform/process/run-command.js';

// Loaded by need: reading the modules takes longer than starting Postgres, and the two go on side by side.
await runCommand(process.argv[2] ?? 'serve', {
  loadApp: async () => {
    const { AppModule } = await import('./app.module.js');
    return (config) => AppModule.for(config);
  },
  loadSchema: () => import('./persistence/migrate.js'),
});
