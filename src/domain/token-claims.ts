import { KEY_ROLES } from './access.js';
import type { KeyRole } from './access.js';
import { isJsonObject } from './json.js';

export interface ClaimNames {
  readonly role: string;
  readonly project: string;
}

/** What a token lets its holder do. */
export interface TokenAccess {
  readonly role: KeyRole;
  /** Name or id of the project. */
  readonly project: string;
}

export type TokenReading =
  { readonly ok: true; readonly access: TokenAccess } | { readonly ok: false; readonly why: string };

/**
 * Reads role and project from the claims of a token whose signature, issuer, audience and time were checked. Each claim is a
 * text or a list of texts. Of several roles the highest counts, and what is no role of ours is passed over: issuers list
 * all groups of a person. Of several projects the request names one.
 */
export function readToken(
  claims: Readonly<Record<string, unknown>>,
  names: ClaimNames,
  asked: string | undefined,
): TokenReading {
  const roles = textsOf(claimOf(claims, names.role));
  const role = KEY_ROLES.findLast((known) => roles.includes(known));
  if (role === undefined)
    return { ok: false, why: `the token's claim ${names.role} holds no role of ${KEY_ROLES.join(', ')}` };
  const projects = textsOf(claimOf(claims, names.project));
  const [only] = projects;
  if (only === undefined) return { ok: false, why: `the token's claim ${names.project} names no project` };
  if (asked === undefined) {
    if (projects.length === 1) return { ok: true, access: { role, project: only } };
    return { ok: false, why: 'the token is for several projects: name one with the header carillon-project' };
  }
  // The same words whether there is such a project or not.
  if (!projects.includes(asked)) return { ok: false, why: 'the token is not for the project that the header names' };
  return { ok: true, access: { role, project: asked } };
}

/** By the whole name, which may be a URL; else by its path, as in `realm_access.roles`. */
function claimOf(claims: Readonly<Record<string, unknown>>, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  let found: unknown = claims;
  for (const part of name.split('.')) {
    if (!isJsonObject(found) || !Object.hasOwn(found, part)) return undefined;
    found = found[part];
  }
  return found;
}

function textsOf(claim: unknown): string[] {
  const list: unknown[] = Array.isArray(claim) ? claim : [claim];
  return list.filter((entry) => typeof entry === 'string');
}
