/** `strata annotate --json` and `--csv`. */
import { formatAddress, type Address } from '../../base/units.js';
import { LAYER_NAMES, type Profile } from '../../profile/profile.js';
import type { Cost } from '../../profile/annotate/stack-costs.js';
import type { AnnotatedCode } from './annotated-code.js';
import type { AnnotatedFile } from './annotated-source.js';
import { csvLine, reportHead } from '../data.js';
import type { Annotated, AnnotatedEvent } from '../text/annotate.js';

export function writeAnnotateJson(
  profile: Profile,
  events: readonly AnnotatedEvent[],
  sink: (text: string) => void,
): void {
  const data = {
    ...reportHead('annotate', profile),
    events: events.map(({ event, weight, samples, annotated, remarks }) => ({
      name: profile.events[event].name,
      unit: profile.events[event].unit,
      weight,
      samples,
      remarks,
      annotations: annotated.map((one) => annotationData(profile, one, weight)),
    })),
  };
  sink(`${JSON.stringify(data)}\n`);
}

function annotationData(
  { modules, strings }: Profile,
  { annotation, files, code }: Annotated,
  whole: number,
) {
  const { kind, name, layer, module, cost, functions } = annotation;
  return {
    kind,
    name,
    layer: LAYER_NAMES[layer],
    ...(module < 0 ? {} : { module: strings[modules.name[module]] }),
    ...costData(cost, whole),
    functions: functions.map((func) => ({
      name: func.name,
      ...(func.file === undefined ? {} : { file: func.file }),
      layer: LAYER_NAMES[func.layer],
      inlined: func.inlined,
      ...costData(func, whole),
    })),
    files: files.map((file) => fileData(file, whole)),
    ...(annotation.withoutLine.totalSamples === 0
      ? {}
      : { withoutLine: costData(annotation.withoutLine, whole) }),
    ...(code === undefined ? {} : { code: code.map((one) => codeData(one, whole)) }),
  };
}

function fileData({ file, path, problem, changed, rows, unplaced }: AnnotatedFile, whole: number) {
  return {
    file,
    ...(path === undefined ? {} : { path }),
    ...(problem === undefined ? {} : { problem }),
    changed,
    lines: rows.map(({ line, text, cost, functions }) => ({
      line,
      ...(text === undefined ? {} : { text }),
      ...(cost === undefined ? {} : costData(cost, whole)),
      ...(functions.length === 0 ? {} : { functions: functions.map(({ name }) => name) }),
    })),
    unplaced: unplaced.map(({ func, lines }) => ({
      name: func.name,
      definedAt: lines,
      ...costData(func, whole),
    })),
  };
}

function codeData({ code, module, problem, rows }: AnnotatedCode, whole: number) {
  return {
    module,
    start: hex(code.start),
    ...(code.size > 0 ? { size: code.size } : {}),
    ...costData(code, whole),
    ...(problem === undefined ? {} : { problem }),
    instructions: rows.map(({ address, text, target, cost, file, line, inlined }) => ({
      address: hex(address),
      text,
      ...(target === undefined ? {} : { target: hex(target) }),
      ...(file === undefined || line === undefined ? {} : { file, line }),
      ...(inlined === undefined ? {} : { inlined }),
      ...(cost === undefined ? {} : costData(cost, whole)),
    })),
  };
}

function costData(cost: Cost, whole: number) {
  const percent = (part: number) => (whole > 0 ? (100 * part) / whole : 0);
  return {
    weight: cost.total,
    percent: percent(cost.total),
    samples: cost.totalSamples,
    selfWeight: cost.self,
    selfPercent: percent(cost.self),
    selfSamples: cost.selfSamples,
  };
}

const COLUMNS = [
  ...['event', 'annotated', 'module', 'kind', 'function', 'file', 'line', 'address'],
  ...['weight', 'percent', 'samples', 'selfWeight', 'selfPercent', 'selfSamples', 'text'],
];

/** One line per source line, function without lines and instruction that costs something. */
export function writeAnnotateCsv(
  profile: Profile,
  events: readonly AnnotatedEvent[],
  sink: (text: string) => void,
): void {
  const { modules, strings } = profile;
  sink(csvLine(COLUMNS));
  for (const { event, weight, annotated } of events) {
    for (const { annotation, files, code } of annotated) {
      const { module, name } = annotation;
      const head = [
        profile.events[event].name,
        name,
        module < 0 ? undefined : strings[modules.name[module]],
      ];
      const put = (
        [kind, func, file, line, address]: readonly (string | number | undefined)[],
        cost: Cost,
        text?: string,
      ): void => {
        const costs = Object.values(costData(cost, weight));
        sink(csvLine([...head, kind, func, file, line, address, ...costs, text]));
      };
      for (const { file, rows, unplaced } of files) {
        for (const { func } of unplaced) put(['function', func.name, file], func);
        for (const { line, cost, functions, text } of rows) {
          if (cost === undefined) continue;
          const names = functions.map((func) => func.name).join(', ');
          if (names === '') put(['line', undefined, file, line], cost, text);
          else put(['function', names, file, line], cost, text);
        }
      }
      for (const { rows } of code ?? []) {
        for (const { address, cost, file, line, text } of rows) {
          if (cost === undefined) continue;
          put(['instruction', undefined, file, line, hex(address)], cost, text);
        }
      }
    }
  }
}

function hex(address: Address): string {
  return `0x${formatAddress(address)}`;
}
