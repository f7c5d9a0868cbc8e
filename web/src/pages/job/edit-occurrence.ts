import { call, isMissing } from '../../api/client';

export async function editOccurrence(jobId: string, scheduledFor: string, body: object): Promise<void> {
  try {
    await call(`/jobs/${jobId}/occurrences/${encodeURIComponent(scheduledFor)}`, { method: 'PUT', body });
  } catch (error) {
    if (isMissing(error)) throw new Error('This service can’t change single fires yet.', { cause: error });
    throw error;
  }
}

export async function restoreOccurrence(jobId: string, scheduledFor: string): Promise<void> {
  await call(`/jobs/${jobId}/occurrences/${encodeURIComponent(scheduledFor)}`, { method: 'DELETE' });
}
