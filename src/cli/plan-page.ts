/** A plan as a report to hold a capacity review over. */
import { hostValues } from '../capacity/host-values.ts';
import type { Plan } from '../capacity/plan.ts';
import { backlogOverTime, brokersPerSecond, rateByHosts } from '../capacity/series.ts';
import { PLAN_INPUTS } from '../config/plan-inputs.ts';
import { formatValue } from '../config/values.ts';
import { type Block, type Figure, pageHtml, type Section } from '../report/page.ts';
import { answerOf, bottleneckOf, factsOf } from './plan-facts.ts';
import type { Check } from './plan-json.ts';
import { checkText } from './plan-text.ts';
import { amountText, countText, durationText, percentText } from './plan-units.ts';

export function planHtml(plan: Plan, check: Check | null): string {
  return pageHtml({
    title: 'Volley capacity plan',
    subtitle: `${answerOf(plan)}.`,
    sections: [
      { heading: 'In short', blocks: shortBlocks(plan) },
      { heading: 'What runs out first', blocks: [headroomChart(plan), resourceTable(plan)] },
      { heading: 'How it grows', blocks: [hostsChart(plan), ...dayCharts(plan)] },
      ...outageSections(plan),
      { heading: 'What it takes', blocks: factsOf(plan).flatMap(factBlocks) },
      { heading: 'Settings of a host', blocks: settingBlocks(plan) },
      { heading: 'What it was worked out from', blocks: sourceBlocks(plan, check) },
    ],
  });
}

function shortBlocks(plan: Plan): Block[] {
  const { hosts, brokers, load, host, bottleneck, drainSeconds } = plan;
  const figures: Figure[] = [
    { label: 'Hosts', value: countText(hosts), note: `${countText(host.eventsPerSecond)} events/s each` },
    { label: 'Redis servers', value: countText(brokers), note: '' },
    {
      label: 'Required',
      value: `${countText(load.requiredPerSecond)}/s`,
      note: 'events at surge or recovery',
    },
    {
      label: 'Can take',
      value: `${countText(plan.plannedPerSecond)}/s`,
      note: 'events at the planned use, with slots for them',
    },
    { label: 'Slots', value: countText(host.slots), note: `--concurrency ${host.slotsPerCore}` },
    {
      label: 'Headroom',
      value: percentText(Math.max(0, 1 - bottleneck.usedShare)),
      note: `of ${bottleneck.name}`,
    },
    {
      label: 'Backlog gone in',
      value: drainSeconds === null ? 'never' : durationText(drainSeconds),
      note: `${countText(load.backlogEvents)} events`,
    },
  ];
  return [
    ...plan.problems.map((text): Block => ({ kind: 'warning', text })),
    { kind: 'figures', figures },
    { kind: 'text', text: `Bottleneck: ${bottleneckOf(plan)}` },
  ];
}

function headroomChart({ resources, bottleneck, inputs }: Plan): Block {
  return {
    kind: 'chart',
    chart: {
      kind: 'bars',
      title: 'Share of each resource in use at the required rate',
      note: 'What is above its bar is headroom. The dashed line is what is planned to be used at most.',
      xLabel: 'resource',
      yLabel: '% in use',
      x: resources.map(({ name }) => name),
      highlight: resources.indexOf(bottleneck),
      series: [
        { name: 'in use, %', values: resources.map(({ usedShare }) => usedShare * 100) },
        { name: 'planned, %', values: resources.map(() => inputs.utilisationPercent), isLimit: true },
      ],
    },
  };
}

function resourceTable({ resources, bottleneck }: Plan): Block {
  return {
    kind: 'table',
    table: {
      head: [
        'resource',
        'in use',
        'of',
        'fits, times',
        'servers needed',
        'how it is worked out',
        'what moves it',
      ],
      rows: resources.map((use) => [
        use.name,
        amountText(use.used, use.unit),
        amountText(use.limit, use.unit),
        countText(use.growthMax),
        use.serversNeeded === null ? 'none will do' : countText(use.serversNeeded),
        use.formula,
        use.moves,
      ]),
      emphasised: [resources.indexOf(bottleneck)],
    },
  };
}

function hostsChart(plan: Plan): Block {
  const points = rateByHosts(plan);
  const level = (name: string, rate: number) => ({ name, values: points.map(() => rate), isLimit: true });
  return {
    kind: 'chart',
    chart: {
      kind: 'lines',
      title: 'Rate against hosts',
      note: `What hosts can deliver, at ${plan.inputs.utilisationPercent} % and with everything in use. What Redis can take is a bound of its own.`,
      xLabel: 'hosts',
      yLabel: 'events/s',
      x: points.map(({ hosts }) => hosts),
      series: [
        { name: 'planned use', values: points.map(({ plannedPerSecond }) => plannedPerSecond) },
        { name: 'all in use', values: points.map(({ saturatedPerSecond }) => saturatedPerSecond) },
        level('required', plan.load.requiredPerSecond),
        level('peak', plan.load.peakPerSecond),
        level('Redis, planned use', brokersPerSecond(plan)),
      ],
    },
  };
}

/** The day, where a curve was given. */
function dayCharts({ inputs, load, plannedPerSecond }: Plan): Block[] {
  if (inputs.dailyCurve.length === 0) return [];
  const hours = load.hourly.map((_, hour) => hour);
  return [
    {
      kind: 'chart',
      chart: {
        kind: 'lines',
        title: 'The day',
        note: 'Events per second of each hour, as they are and at the surge, and what can be delivered.',
        xLabel: 'hour',
        yLabel: 'events/s',
        x: hours,
        series: [
          { name: 'load', values: load.hourly },
          { name: 'at the surge', values: load.hourly.map((rate) => rate * inputs.surge) },
          { name: 'can be taken', values: hours.map(() => plannedPerSecond), isLimit: true },
        ],
      },
    },
  ];
}

function outageSections(plan: Plan): Section[] {
  const points = backlogOverTime(plan);
  if (points.length === 0) return [];
  const { inputs, drainSeconds } = plan;
  const gone =
    drainSeconds === null ? 'It never goes.' : `It is gone ${durationText(drainSeconds)} after the end.`;
  const chart: Block = {
    kind: 'chart',
    chart: {
      kind: 'lines',
      title: 'Backlog over time',
      note: `For ${durationText(inputs.outageMs / 1000)} nothing is delivered, and events come at the peak rate throughout. ${gone} Allowed are ${durationText(inputs.recoveryMs / 1000)}.`,
      xLabel: 'minutes since the outage began',
      yLabel: 'events waiting',
      x: points.map(({ atSeconds }) => atSeconds / 60),
      series: [{ name: 'backlog', values: points.map(({ events }) => events) }],
    },
  };
  return [{ heading: 'After an outage', blocks: [chart] }];
}

function factBlocks({ heading, facts }: ReturnType<typeof factsOf>[number]): Block[] {
  return [{ kind: 'table', table: { head: [heading, '', ''], rows: facts, emphasised: [] } }];
}

function settingBlocks(plan: Plan): Block[] {
  const { sysctl, limits, systemd } = hostValues(plan);
  const table = (head: string, values: typeof sysctl): Block => ({
    kind: 'table',
    table: {
      head: [head, 'value', 'why', 'how it is worked out'],
      rows: values.map(({ key, value, reason, formula }) => [key, value, reason, formula]),
      emphasised: [],
    },
  });
  return [table('sysctl', sysctl), table('limits.conf', limits), table('systemd [Service]', systemd)];
}

function sourceBlocks({ inputs, costs }: Plan, check: Check | null): Block[] {
  const inputRows = Object.entries(PLAN_INPUTS).map(([name, spec]) => [
    `--${spec.flag}`,
    formatValue(spec, inputs[name as keyof typeof PLAN_INPUTS]) || 'worked out',
    spec.doc,
  ]);
  const { source, ...amounts } = costs;
  const costRows = Object.entries(amounts).map(([name, amount]) => [name, countText(amount)]);
  return [
    { kind: 'table', table: { head: ['input', 'value', 'meaning'], rows: inputRows, emphasised: [] } },
    { kind: 'text', text: `Costs: ${source}.${check === null ? '' : ` ${checkText(check)}`}` },
    { kind: 'table', table: { head: ['cost', 'value'], rows: costRows, emphasised: [] } },
  ];
}
