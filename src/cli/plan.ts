/** `volley plan`: what a load needs, and what runs out first. */
import { writeFileSync } from 'node:fs';
import { type Calibration, calibrationOf } from '../capacity/calibration.ts';
import { type Contradiction, contradictionIn } from '../capacity/contradictions.ts';
import { costsOf } from '../capacity/costs.ts';
import type { PlanInputs } from '../capacity/inputs.ts';
import { planOf } from '../capacity/plan.ts';
import { PLAN_INPUTS } from '../config/plan-inputs.ts';
import { EXIT, errorCode, VolleyError } from '../errors.ts';
import { readSmallFile } from '../runtime/small-file.ts';
import { defineCommand, JSON_FLAG } from './command.ts';
import { planJson } from './plan-json.ts';
import { planText } from './plan-text.ts';
import { print } from './terminal.ts';

/** Largest result of a benchmark, in bytes: a hundred cases have a tenth of it. */
const MAX_RESULT_BYTES = 4 * 1_048_576;

export const command = defineCommand({
  scope: null,
  flags: {
    ...PLAN_INPUTS,
    file: {
      kind: 'string',
      flag: 'file',
      value: 'FILE',
      default: null,
      scopes: [],
      doc: 'JSON file (comments allowed) whose keys are these flags without their dashes; flags win over it',
    },
    from: {
      kind: 'string',
      flag: 'from',
      value: 'FILE',
      default: null,
      scopes: [],
      doc: 'result of npm run -s bench -- throughput --json: costs as they were measured, instead of the built-in ones',
    },
    html: {
      kind: 'string',
      flag: 'html',
      value: 'FILE',
      default: null,
      scopes: [],
      doc: 'also write a report with plots there: one file that loads nothing',
    },
    json: JSON_FLAG,
  },
  fileFlag: 'file',
  operands: null,
  notes: [
    "Works out slots by Little's law, and from them what hosts and Redis servers must have; names what runs out first and what moves it; gives the kernel settings and limits that go with it.",
    'Exit code 0: the load can be met. 1: it cannot with the --hosts and --brokers given (or with any number); the plan is shown, and what is missing. 64: the inputs contradict each other.',
  ],
  examples: [
    'volley plan --rate 10000',
    '',
    '# What do two hosts make of it, with receivers that are slow and half of the connections new?',
    'volley plan --rate 10000 --hosts 2 --latency-p50 400ms --latency-p95 1500ms --latency-p99 4s --reuse-percent 50',
    '',
    "# By this machine's own figures, for a review",
    'npm run -s bench -- throughput --json > throughput.json',
    'volley plan --file load.json --from throughput.json --html plan.html',
  ],
  async run({ flags }) {
    const { file: _, from, html, json, ...inputs } = flags;
    const contradiction = contradictionIn(inputs);
    if (contradiction !== null) throw usage(textOf(contradiction));
    const measured = from === null ? null : readCalibration(from, inputs.scheme);
    const plan = planOf(inputs, measured?.costs ?? costsOf(inputs.scheme));
    const check = measured?.check ?? null;
    if (html !== null) {
      // Loaded late: it brings a charting library that a table does not need.
      const { planHtml } = await import('./plan-page.ts');
      writeReport(html, planHtml(plan, check));
    }
    await print(json ? JSON.stringify(planJson(plan, check), null, 2) : planText(plan, check));
    return plan.problems.length === 0 ? EXIT.done : EXIT.workFailed;
  },
});

/** Names of inputs become flags. */
function textOf({ text }: Contradiction): string {
  return text.replaceAll(/\{(\w+)\}/g, (_, name: keyof PlanInputs) => `--${PLAN_INPUTS[name].flag}`);
}

function readCalibration(path: string, scheme: PlanInputs['scheme']): Calibration {
  const file = readSmallFile(path, MAX_RESULT_BYTES, 'give a readable file with --from');
  if (file === null) throw usage(`--from ${path} is not there: correct the path`);
  if ('fault' in file) throw usage(`--from ${path} ${file.fault}`);
  const calibration = calibrationOf(parsed(file.bytes.toString('utf8')), scheme);
  if ('fault' in calibration) throw usage(`--from ${path} ${calibration.fault}`);
  return calibration;
}

/** Null for what is no JSON: that is no result either. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function writeReport(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw usage(
      `--html ${path} cannot be written (${errorCode(error)}): give a file in a folder that is there and writable`,
    );
  }
}

function usage(message: string): VolleyError {
  return new VolleyError('VOLLEY_USAGE', message);
}
