/** The process of a contender; its name is in VOLLEY_BENCH_CONTENDER. */
import { serve } from '../remote.ts';
import type { Contender, ContenderApi } from './contender.ts';
import { contenderNamed } from './contenders.ts';

const contender: Contender = await contenderNamed(process.env['VOLLEY_BENCH_CONTENDER'] ?? '').create();
let cpuAtDeliver = process.cpuUsage();

const api: ContenderApi = {
  start: (job) => contender.start(job),
  async deliver(count) {
    cpuAtDeliver = process.cpuUsage();
    await contender.deliver(count);
  },
  progress: async () => contender.progress(),
  async usage() {
    const { user, system } = process.cpuUsage(cpuAtDeliver);
    return { cpuSeconds: (user + system) / 1e6, rssBytes: process.memoryUsage.rss() };
  },
};

serve(api, () => contender.close());
