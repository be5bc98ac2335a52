/** What a page runs in the browser: draws what `drawing.ts` prepared, in the page's colours, and anew when those or the width change. */

export const DRAW_SCRIPT = `(() => {
  const drawings = JSON.parse(document.getElementById('drawings').textContent);
  const number = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 });
  const exact = new Intl.NumberFormat('en', { maximumSignificantDigits: 4 });
  const root = document.documentElement;
  const colourOf = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const seriesColour = (index) => colourOf(index < 0 ? '--alert' : '--series-' + ((index % 6) + 1));

  function seriesOf({ label, colour, form }, count) {
    const stroke = seriesColour(colour);
    const value = (_, each) => (each == null ? '–' : exact.format(each));
    switch (form) {
      case 'bars':
        return { label, value, stroke, fill: stroke, points: { show: false }, paths: uPlot.paths.bars({ size: [0.75, 56] }) };
      case 'limit':
        return { label, value, stroke, width: 2, dash: [6, 5], spanGaps: true, points: { show: false } };
      default:
        return { label, value, stroke, width: 2, spanGaps: true, points: { show: count <= 30, size: 5 } };
    }
  }

  function axisOf(label) {
    return {
      label,
      stroke: colourOf('--text'),
      grid: { stroke: colourOf('--rule'), width: 1 },
      ticks: { stroke: colourOf('--rule'), width: 1 },
      values: (_, splits) => splits.map((each) => (each == null ? '' : number.format(each))),
    };
  }

  function optionsOf({ series, data, xLabel, yLabel, names, xLogarithmic, yLogarithmic }, width) {
    const x = { time: false, distr: xLogarithmic ? 3 : 1 };
    const xAxis = axisOf(xLabel);
    let padding = [12, 16, 0, 0];
    if (names !== null) {
      const slant = names.texts.join('').length * 9 > width - 90;
      x.range = [-0.75, data[0].at(-1) + 0.75];
      Object.assign(xAxis, {
        splits: () => names.at,
        values: () => names.texts,
        grid: { show: false },
        ...(slant && { rotate: -35, size: 96, label: undefined }),
      });
      if (slant) padding = [12, 64, 0, 0];
    }
    const y = yLogarithmic
      ? { distr: 3 }
      : { range: (_, least, most) => [Math.min(0, least ?? 0), (most > 0 ? most : 1) * 1.05] };
    return {
      width,
      height: 320,
      padding,
      scales: { x, y },
      axes: [xAxis, { ...axisOf(yLabel), size: 68 }],
      series: [
        { label: xLabel, value: (_, each) => (each == null ? '–' : names === null ? exact.format(each) : (names.texts[names.at.findIndex((at) => at >= each - 0.01)] ?? '')) },
        ...series.map((each) => seriesOf(each, data[0].length)),
      ],
    };
  }

  let plots = [];
  function draw() {
    for (const plot of plots) plot.destroy();
    plots = drawings.map((drawing) => {
      const place = document.getElementById(drawing.id);
      return new uPlot(optionsOf(drawing, place.clientWidth), drawing.data, place);
    });
  }
  draw();

  let width = innerWidth;
  addEventListener('resize', () => {
    if (innerWidth === width) return;
    width = innerWidth;
    requestAnimationFrame(draw);
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  // Paper is white, whatever the screen is.
  addEventListener('beforeprint', () => {
    root.dataset.paper = '';
    draw();
  });
  addEventListener('afterprint', () => {
    delete root.dataset.paper;
    draw();
  });
})();`;
