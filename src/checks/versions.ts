/** Whether a version, its greatest part first, is this one or a later one; parts that are absent are 0. */
export function isAtLeast(version: readonly number[], ...least: readonly number[]): boolean {
  for (const [i, wanted] of least.entries()) {
    const part = version[i] ?? 0;
    if (part !== wanted) return part > wanted;
  }
  return true;
}

/** Whether this version of CPython can tell perf the names of Python functions. */
export function hasPerfSupport(version: readonly number[]): boolean {
  return isAtLeast(version, 3, 12);
}
