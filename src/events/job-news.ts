import { Injectable } from '@nestjs/common';
import type { AuditAction } from '../domain/audit.js';
import type { JobChange } from '../messaging/message.js';
import { Messages } from '../messaging/messages.js';
import { Writes } from '../persistence/writes.js';

const CHANGE_OF: Readonly<Partial<Record<AuditAction, JobChange>>> = {
  'job.create': 'created',
  'job.update': 'changed',
  'job.revert': 'changed',
  'job.skipNext': 'changed',
  'job.pause': 'paused',
  'job.resume': 'resumed',
  'job.delete': 'deleted',
};

/** Tells of what users did to jobs and runs: the audit log is told of all of it, and so is this. */
@Injectable()
export class JobNews {
  constructor(writes: Writes, messages: Messages) {
    writes.onWritten((notes) => {
      const { changes } = messages;
      if (changes.quiet) return;
      for (const { action, projectId, thingId, thingName, after } of notes) {
        const change = CHANGE_OF[action];
        if (change !== undefined) changes.job(projectId, thingId, thingName ?? '', change);
        if (action.startsWith('run.')) changes.runs(projectId, [thingId]);
        const made = after?.['runId'];
        if (typeof made === 'string') changes.runs(projectId, [made]);
      }
    });
  }
}
