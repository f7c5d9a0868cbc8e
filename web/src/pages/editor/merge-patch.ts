/** The merge patch (RFC 7396) that makes `after` of `before`; undefined where they are the same. */
export function mergePatch(before: unknown, after: unknown): unknown {
  if (!isObject(before) || !isObject(after))
    return JSON.stringify(before) === JSON.stringify(after) ? undefined : after;
  const patch: Record<string, unknown> = {};
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const next =
      after[name] === undefined
        ? before[name] === undefined
          ? undefined
          : null
        : mergePatch(before[name], after[name]);
    if (next !== undefined) patch[name] = next;
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
