/** A plan on the terminal. */
import { type HostValues, hostValues } from '../capacity/host-values.ts';
import type { Plan, ResourceUse } from '../capacity/plan.ts';
import { isWithinTolerance, PREDICTION_TOLERANCE } from '../capacity/prediction.ts';
import { type Column, tableLines } from './aligned.ts';
import { type Paint, painter } from './paint.ts';
import { answerOf, bottleneckOf, type Fact, factsOf } from './plan-facts.ts';
import type { Check } from './plan-json.ts';
import { amountText, countText, percentText } from './plan-units.ts';
import { printable } from './terminal.ts';

/** Wider than any line: nothing is left out, as the output is kept and sent on. */
const ALL_COLUMNS = Number.POSITIVE_INFINITY;

export function planText(plan: Plan, check: Check | null): string {
  const paint = painter(process.stdout);
  const section = (heading: string, lines: readonly string[]) => [paint('bold', heading), ...lines, ''];
  return [
    paint('bold', answerOf(plan)),
    '',
    ...plan.problems.map((problem) => `${paint('red', '✗')} ${problem}`),
    ...(plan.problems.length === 0 ? [] : ['']),
    ...factsOf(plan).flatMap(({ heading, facts }) =>
      section(heading, tableLines(FACT_COLUMNS, facts, ALL_COLUMNS, paint).slice(1)),
    ),
    ...section('Resources at the required rate', resourceLines(plan, paint)),
    `${paint('bold', 'Bottleneck:')} ${bottleneckOf(plan)}`,
    '',
    ...section('Settings of a host', settingLines(hostValues(plan), paint)),
    paint(
      'dim',
      `Costs: ${printable(plan.costs.source)}. --json has the reason and the formula of each setting.`,
    ),
    ...(check === null ? [] : [paint('dim', checkText(check))]),
  ].join('\n');
}

/** How the model did on the very run it was calibrated by. */
export function checkText({ measuredPerSecond, predictedPerSecond }: Check): string {
  const ratio = predictedPerSecond / measuredPerSecond;
  const doubt = isWithinTolerance(ratio)
    ? ''
    : ` That is more than ${percentText(PREDICTION_TOLERANCE)} off: measure again while the machine does nothing else, and leave room in the plan.`;
  return `The model makes ${countText(predictedPerSecond)}/s of the run it was calibrated by, where ${countText(measuredPerSecond)}/s were measured (${percentText(ratio)}).${doubt}`;
}

const FACT_COLUMNS: readonly Column<Fact>[] = [
  { heading: '', align: 'left', cell: ([about]) => about },
  { heading: '', align: 'right', cell: ([, amount]) => amount, format: () => 'cyan' },
  { heading: '', align: 'left', cell: ([, , aside]) => aside, format: () => 'dim' },
];

/** A bar of the share in use is so many cells wide; what is beyond the limit does not fit. */
const BAR_CELLS = 20;

function resourceLines({ resources, bottleneck, inputs }: Plan, paint: Paint): string[] {
  const planned = inputs.utilisationPercent / 100;
  const format = (use: ResourceUse) =>
    use.usedShare > planned ? 'red' : use === bottleneck ? (['bold', 'yellow'] as const) : null;
  const columns: readonly Column<ResourceUse>[] = [
    { heading: 'resource', align: 'left', cell: ({ name }) => name, format },
    { heading: 'in use', align: 'right', cell: ({ used, unit }) => amountText(used, unit), format },
    {
      heading: 'of',
      align: 'right',
      cell: ({ limit, unit }) => amountText(limit, unit),
      format: () => 'dim',
    },
    { heading: 'share', align: 'right', cell: ({ usedShare }) => percentText(usedShare), format },
    { heading: '', align: 'left', cell: ({ usedShare }) => barText(usedShare), format },
    {
      heading: 'servers',
      align: 'right',
      cell: ({ serversNeeded }) => (serversNeeded === null ? 'none will do' : countText(serversNeeded)),
      format,
    },
    { heading: '', align: 'left', cell: (use) => (use === bottleneck ? '◄ bottleneck' : ''), format },
  ];
  return tableLines(columns, resources, ALL_COLUMNS, paint);
}

function barText(share: number): string {
  const cells = Math.min(BAR_CELLS, Math.ceil(share * BAR_CELLS));
  return '█'.repeat(cells).padEnd(BAR_CELLS, '·');
}

function settingLines({ sysctl, limits, systemd }: HostValues, paint: Paint): string[] {
  const rows: Fact[] = [
    ...sysctl.map(({ key, value }): Fact => [key, value, '']),
    ...limits.map(({ key, value }): Fact => [`limits.conf: ${key}`, value, '']),
    ...systemd.map(({ key, value }): Fact => [`systemd: ${key}`, value, '']),
  ];
  return tableLines(FACT_COLUMNS, rows, ALL_COLUMNS, paint).slice(1);
}
