"use strict";
(() => {
  const began = performance.now();
  const PIXELS = 2;              // width of a bucket of a curve; its lowest and its highest value are drawn
  const FEW = 60;                // up to so many steps have markers: a single one would have no line
  const WINDOWS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];
  const AXES = {
    step: { title: "optimizer step", unit: 1, format: ",d" },
    tokens: { title: "tokens", unit: 1, format: ".3s" },
    time: { title: "time in training", unit: 1, format: ".3~f" },
  };
  const DASHES = ["dash", "dot", "dashdot", "longdash", "longdashdot"];
  const SYMBOLS = ["circle", "diamond", "square", "triangle-up", "x"];

  const runs = JSON.parse(document.getElementById("runs").textContent);
  const controls = document.getElementById("controls");
  const figures = [...document.querySelectorAll(".chart")];

  const unpack = (text) => {
    const characters = atob(text), bytes = new Uint8Array(characters.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i);
    return new Float32Array(bytes.buffer);
  };
  const axisValues = (packed) => typeof packed === "string"
    ? unpack(packed) : new Float32Array(packed.count).map((_, i) => packed.first + i);
  const unpackAxes = (part) => {
    for (const name of Object.keys(part.axes)) part.axes[name] = axisValues(part.axes[name]);
  };
  for (const run of runs) {
    unpackAxes(run);
    run.evaluations.forEach(unpackAxes);
  }
  const longest = Math.max(...runs.map((run) => run.axes.step.length * run.size));
  const seconds = Math.max(...runs.map((run) => run.axes.time[run.axes.time.length - 1] || 0));
  const [timeUnit, timeName] = seconds > 7200 ? [3600, "h"] : seconds > 300 ? [60, "min"] : [1, "s"];
  AXES.time.unit = timeUnit;
  AXES.time.title += ` (${timeName})`;

  // As many steps as are left to see a trend in: a fiftieth of the run.
  const wanted = WINDOWS.filter((window) => window <= Math.max(1, longest / 50));
  controls.elements.smoothing.value = wanted.length - 1;

  /* Exponential moving average over a number of steps, without the pull of its first value. */
  const smoothed = (values, window) => {
    const weight = (window - 1) / (window + 1);
    let sum = 0, total = 0;
    return values.map((value) => {
      if (!Number.isFinite(value)) return NaN;
      sum = weight * sum + (1 - weight) * value;
      total = weight * total + (1 - weight);
      return sum / total;
    });
  };

  const firstAtLeast = (xs, value) => {
    let low = 0, high = xs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (xs[middle] < value) low = middle + 1; else high = middle;
    }
    return low;
  };

  /* The lowest and the highest value of each bucket of the range that is seen, in their order: no peak is lost. */
  const decimated = (xs, low, high, unit, range, width) => {
    const from = range ? Math.max(0, firstAtLeast(xs, range[0] * unit) - 1) : 0;
    const to = range ? Math.min(xs.length, firstAtLeast(xs, range[1] * unit) + 1) : xs.length;
    const size = Math.max(1, Math.ceil((to - from) * PIXELS / width));
    const x = [], y = [];
    const put = (i, value) => { x.push(xs[i] / unit); y.push(Number.isFinite(value) ? value : null); };
    for (let start = from; start < to; start += size) {
      let least = -1, most = -1;
      const end = Math.min(to, start + size);
      for (let i = start; i < end; i++) {
        if (!Number.isFinite(low[i])) continue;
        if (least < 0 || low[i] < low[least]) least = i;
        if (most < 0 || high[i] > high[most]) most = i;
      }
      if (least < 0) put(start, NaN);
      else if (least === most && low[least] === high[most]) put(least, low[least]);
      else if (least <= most) { put(least, low[least]); put(most, high[most]); }
      else { put(most, high[most]); put(least, low[least]); }
    }
    return { x, y };
  };

  const escaped = (text) => text.replace(/[&<>]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[c]);
  const short = (text) => escaped(text.length > 28 ? `${text.slice(0, 27)}…` : text);
  const hover = (name) => {
    const figure = figures.find((each) => each.dataset.figure === name);
    const unit = figure.dataset.unit ? ` ${escaped(figure.dataset.unit)}` : "";
    return `%{y:${figure.dataset.format || ".5g"}}${unit}`;
  };
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const runColor = (index) => color(`run-${index % 8}`);
  const chosen = (name) => controls.elements[name].value;
  const windowOf = () => WINDOWS[Number(chosen("smoothing"))];

  /* A curve by its name; its numbers are unpacked when it is drawn first. */
  const curveOf = (part, name) => {
    const curve = part.curves[name];
    for (const key of Object.keys(curve || {}))
      if (typeof curve[key] === "string") curve[key] = unpack(curve[key]);
    return curve;
  };

  const trainTraces = (run, index, name, range, width) => {
    const curve = curveOf(run, name);
    if (!curve) return [];
    const axis = AXES[chosen("axis")], xs = run.axes[chosen("axis")];
    const window = windowOf() / run.size;
    const isFew = xs.length <= FEW, isSmooth = window > 1;
    const label = short(runs.length > 1 ? run.name : "train");
    const base = { type: "scatter", legendgroup: `run ${index}`, hovertemplate: hover(name) };
    const raw = decimated(xs, curve.low || curve.mean, curve.high || curve.mean, axis.unit, range, width);
    const ink = runColor(index);
    const traces = [{
      ...base, ...raw, mode: isFew ? "lines+markers" : "lines", name: isSmooth ? `${label}, raw` : label,
      showlegend: !isSmooth, opacity: isSmooth ? 0.3 : 1, line: { color: ink, width: isSmooth ? 1 : 1.6 },
      marker: { color: ink, size: xs.length === 1 ? 10 : 5 },
      hoverinfo: isSmooth && raw.x.length < xs.length ? "skip" : undefined,
    }];
    if (isSmooth) {
      const line = smoothed(curve.mean, window);
      traces.push({
        ...base, ...decimated(xs, line, line, axis.unit, range, width), mode: "lines", name: label,
        line: { color: ink, width: 2.2 },
      });
    }
    return traces;
  };

  const evaluationTraces = (run, index, name) => run.evaluations.filter((set) => set.curves[name]).map((set, number) => {
    const ink = runs.length > 1 ? runColor(index) : runColor(index + number + 1);
    const axis = AXES[chosen("axis")];
    return {
      type: "scatter", mode: "lines+markers", hovertemplate: hover(name),
      name: short(runs.length > 1 ? `${run.name}: ${set.name}` : set.name),
      x: Array.from(set.axes[chosen("axis")], (value) => value / axis.unit),
      y: Array.from(curveOf(set, name).mean, (value) => Number.isFinite(value) ? value : null),
      line: { color: ink, width: 1.8, dash: DASHES[number % DASHES.length] },
      marker: { color: ink, size: 6, symbol: SYMBOLS[number % SYMBOLS.length] },
    };
  });

  const isPositive = (traces) => traces.every((trace) => trace.y.every((value) => value === null || value > 0));

  const draw = (figure, range) => {
    const { figure: name, unit, format } = figure.dataset;
    const plot = figure.querySelector(".plot");
    const axis = AXES[chosen("axis")];
    const traces = runs.flatMap((run, index) => trainTraces(run, index, name, range, Math.max(200, plot.clientWidth)))
      .concat(runs.flatMap((run, index) => evaluationTraces(run, index, name)));
    const wantsLog = chosen("scale") === "log", isLog = wantsLog && isPositive(traces);
    figure.querySelector(".note").textContent = wantsLog && !isLog ? "linear: has values of 0 or less" : "";
    const grid = { gridcolor: color("line"), linecolor: color("line"), zerolinecolor: color("line"), automargin: true };
    const named = traces.filter((trace) => trace.showlegend !== false).length > 1;
    const layout = {
      autosize: true, margin: { l: 52, r: 14, t: 8, b: 40 }, hovermode: "x unified",
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { color: color("text"), size: 12 },
      hoverlabel: { bgcolor: color("card"), bordercolor: color("line"), font: { color: color("text") } },
      showlegend: named, legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", font: { size: 12 } },
      dragmode: matchMedia("(pointer: coarse)").matches ? false : "zoom",
      xaxis: { ...grid, title: { text: axis.title, standoff: 8, font: { color: color("muted") } }, hoverformat: axis.format, nticks: 8 },
      yaxis: { ...grid, type: isLog ? "log" : "linear", exponentformat: unit ? "SI" : "power", tickformat: format },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: color("muted"), activecolor: color("accent") },
      uirevision: `${chosen("axis")} ${isLog}`,
    };
    if (range) layout.xaxis.range = range;
    const config = { displayModeBar: matchMedia("(hover: hover)").matches ? "hover" : false, displaylogo: false, modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"] };
    Plotly.react(plot, traces, layout, config);
    if (plot.dataset.listens) return;
    plot.dataset.listens = "yes";
    let width = plot.clientWidth;  // an observer reports at once, and a resize draws the chart again
    new ResizeObserver(() => {
      if (plot.clientWidth && plot.clientWidth !== width) { width = plot.clientWidth; Plotly.Plots.resize(plot); }
    }).observe(plot);
    plot.on("plotly_relayout", (change) => {
      if ("xaxis.range[0]" in change) draw(figure, [change["xaxis.range[0]"], change["xaxis.range[1]"]]);
      else if (change["xaxis.autorange"]) draw(figure, null);
    });
  };

  const outdated = new Set(figures);
  const visible = new Set();
  const update = (figure) => { if (outdated.delete(figure)) draw(figure, null); };

  /* Charts in sight are drawn at once, the others while the browser is idle, or before they are printed. */
  const idle = window.requestIdleCallback || ((work) => setTimeout(work, 50));
  const updateNext = () => {
    const [figure] = outdated;
    if (!figure) { document.documentElement.dataset.drawn ??= Math.round(performance.now() - began); return; }
    update(figure);
    idle(updateNext);
  };
  const updateVisible = () => {
    visible.forEach(update);
    if (visible.size) document.documentElement.dataset.first ??= Math.round(performance.now() - began);
    idle(updateNext);
  };
  const sight = new IntersectionObserver((entries) => {
    for (const entry of entries) visible[entry.isIntersecting ? "add" : "delete"](entry.target);
    updateVisible();
  });
  addEventListener("beforeprint", () => [...outdated].forEach(update));

  const drawAll = () => {
    const window = windowOf();
    controls.elements.window.value = window > 1 ? `over ${window.toLocaleString("en")} steps` : "off";
    document.querySelectorAll(".swatch").forEach((each) => { each.style.background = runColor(Number(each.dataset.run)); });
    figures.forEach((figure) => outdated.add(figure));
    updateVisible();
  };

  try {
    controls.addEventListener("input", drawAll);
    controls.addEventListener("submit", (event) => event.preventDefault());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
    drawAll();
    figures.forEach((figure) => sight.observe(figure));
  } catch (error) {
    const message = document.getElementById("error");
    message.textContent = `The charts cannot be drawn: ${error}`;
    message.hidden = false;
  }
})();
