/** `strata flamegraph`: the profile as one interactive picture, or as folded stacks. */
import { ExitCode } from '../base/errors.js';
import { formatPercent, plural } from '../base/units.js';
import type { Profile } from '../profile/profile.js';
import { eventsWithSamples } from '../profile/selection/event-choice.js';
import { renderFlameGraph } from '../render/flamegraph/flamegraph.js';
import { writeFolded } from '../render/folded.js';
import { readSelected } from './input.js';
import type { FlamegraphOptions } from './options/flamegraph.js';
import { printToFile, printToStdout } from './output.js';

/** What was written, in words. */
type Written = readonly string[];

export function flamegraph(options: FlamegraphOptions): number {
  const { profile, weights } = readSelected(options);
  const event = shownEvent(profile, options);
  const write = (sink: (text: string) => void): Written =>
    options.format === 'folded'
      ? fold(profile, event, options, sink)
      : draw(profile, event, options, sink);
  if (options.output === '-') {
    const written = printToStdout(write);
    if (options.format === 'folded') tell(`wrote ${written.join('; ')}`);
  } else {
    const written = [...printToFile(options.output, write), ...leftOut(profile, event, weights)];
    tell(`wrote ${options.output} (${written.join('; ')})`);
  }
  tellOfOthers(profile, event, options);
  return ExitCode.Done;
}

function draw(
  profile: Profile,
  event: number,
  options: FlamegraphOptions,
  sink: (text: string) => void,
): Written {
  const title = options.title ?? (profile.meta.command || 'Flame graph');
  const format = options.format === 'html' ? 'html' : 'svg';
  const { frames, dropped } = renderFlameGraph(profile, { ...options, event, title, format }, sink);
  const { minWidth } = options;
  const narrow = typeof minWidth === 'number' ? `${minWidth} pixels` : minWidth;
  if (profile.samples.length === 0) return ['no samples'];
  return [
    plural(frames, 'frame'),
    ...(dropped > 0 ? [`${plural(dropped, 'frame')} narrower than ${narrow} left out`] : []),
  ];
}

function fold(
  profile: Profile,
  event: number,
  { folded }: FlamegraphOptions,
  sink: (text: string) => void,
): Written {
  const { stacks, total } = writeFolded(profile, { ...folded, event }, sink);
  const { name, unit } = profile.events[event];
  const what = folded.count === 'samples' ? 'samples' : unit === 'ns' ? 'ns' : 'periods';
  return [`${plural(stacks, 'folded stack')} of ${name}, ${total} ${what} in all`];
}

/**
 * Of the events that have samples the one that was asked for first, which is the one that matters; in folded
 * stacks that of the first sample, as with the other tools.
 */
function shownEvent(profile: Profile, { format }: FlamegraphOptions): number {
  const { samples } = profile;
  if (samples.length === 0) return 0;
  return format === 'folded' ? samples.event[0] : eventsWithSamples(profile)[0];
}

/** How much of the event the selection left out. */
function leftOut({ samples }: Profile, event: number, weights: Float64Array): Written {
  const all = weights[event];
  let shown = 0;
  for (let sample = 0; sample < samples.length; sample++) {
    if (samples.event[sample] === event) shown += samples.weight[sample];
  }
  return shown < all ? [`${formatPercent(all - shown, all, 1)} not selected`] : [];
}

/** Of several events one is drawn: their sum would mean nothing. */
function tellOfOthers(profile: Profile, event: number, { selection }: FlamegraphOptions): void {
  const present = eventsWithSamples(profile);
  if (selection.event !== undefined || present.length < 2) return;
  const others = present.filter((one) => one !== event);
  const names = others.map((one) => profile.events[one].name).join(', ');
  tell(`showed ${profile.events[event].name}, not ${names}; --event NAME shows another`);
}

function tell(text: string): void {
  process.stderr.write(`strata: ${text}\n`);
}
