/** The terminal's size, and what there is no room for. */
import { span, type Line } from './line.js';

/** Of the terminal, in columns and lines. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

const LEAST_SIZE: Size = { width: 20, height: 5 };

export function isTooSmall({ width, height }: Size): boolean {
  return width < LEAST_SIZE.width || height < LEAST_SIZE.height;
}

/** Screens that are too small show only that they are. */
export function tooSmall({ width, height }: Size): Line[] {
  const text = `${LEAST_SIZE.width}x${LEAST_SIZE.height} at least`.slice(0, width);
  return Array.from({ length: height }, (_, line) => (line === 0 ? [span(text)] : []));
}
