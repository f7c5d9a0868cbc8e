import { differenceOf } from '../domain/audit.js';
import type { AuditAction, AuditNote, Members } from '../domain/audit.js';

interface Thing {
  readonly projectId: string;
  readonly id: string;
  /** Signing secrets have none. */
  readonly name?: string;
}

/** What the audit log says of projects, keys and signing secrets: of a changed one the members that differ. */
export function noteOfThing(
  action: AuditAction,
  thing: Thing,
  before: Members | null,
  after: Members | null,
): AuditNote {
  const { projectId, id, name = null } = thing;
  const seen = before === null || after === null ? { before, after } : differenceOf(before, after);
  return { projectId, action, thingId: id, thingName: name, ...seen };
}
