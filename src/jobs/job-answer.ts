import { createHash } from 'node:crypto';
import { canonicalJson } from '../domain/json.js';
import { jobTag } from '../domain/preconditions.js';
import type { StoredJob } from '../persistence/jobs.repository.js';
import type { HttpReply } from '../platform/contract/page.js';
import type { JobView } from './job.schemas.js';
import { viewOfJob } from './job-view.js';

/** The job as the body of an answer, whose `etag` it sets. */
export function answerJob(job: StoredJob, reply: HttpReply): JobView {
  const view = viewOfJob(job);
  tagAnswer(view, reply);
  return view;
}

function tagAnswer(view: JobView, reply: HttpReply): void {
  reply.header('etag', `"${tagOfView(view)}"`);
}

/** Without its quotes. The same on every replica of a version: it is made of the answer alone. */
export function tagOfView(view: JobView): string {
  const hash = createHash('sha256').update(canonicalJson(view)).digest('hex').slice(0, 16);
  return jobTag(view, hash);
}
