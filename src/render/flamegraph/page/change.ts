/**
 * How much a frame grew between two profiles, from -3 (less than half its share, or gone) to 3 (more than
 * double, or new); 0 is within 5 %.
 */
export function changeLevel(
  weight: number,
  total: number,
  other: number,
  otherTotal: number,
): number {
  const now = total > 0 ? weight / total : 0;
  const before = otherTotal > 0 ? other / otherTotal : 0;
  if (now === before) return 0;
  const ratio = now > before ? now / before : before / now;
  const level = ratio > 2 ? 3 : ratio > 1.25 ? 2 : ratio > 1.05 ? 1 : 0;
  return now > before ? level : -level;
}

/** The character of its colour. */
export function changeLook(
  weight: number,
  total: number,
  other: number,
  otherTotal: number,
): string {
  return String(changeLevel(weight, total, other, otherTotal) + 3);
}
