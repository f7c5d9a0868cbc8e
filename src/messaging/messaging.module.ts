import { Module } from '@nestjs/common';
import { Messages } from './messages.js';
import { PostgresMessages } from './postgres-messages.js';

@Module({
  providers: [PostgresMessages, { provide: Messages, useExisting: PostgresMessages }],
  exports: [Messages],
})
export class MessagingModule {}
