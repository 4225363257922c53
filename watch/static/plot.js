// Panels with curves, drawn as SVG: axes with round ticks, a grid, levels, a cursor that all panels share.
// A curve differs from others by its dashes and markers, not by its color alone.

const svgNamespace = 'http://www.w3.org/2000/svg';
const dashes = ['', '7 3', '2 2.5', '9 3 2 3', '12 4', '4 2 1 2'];
const height = 210;

export function svg(name, attributes, ...children) {
  const element = document.createElementNS(svgNamespace, name);
  for (const [key, value] of Object.entries(attributes || {})) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

// marker returns one of six shapes around a point.
function marker(kind, x, y, size, classes) {
  const s = size;
  const points = [
    null,
    [
      [-s, -s],
      [s, -s],
      [s, s],
      [-s, s],
    ],
    [
      [0, -1.25 * s],
      [1.15 * s, s],
      [-1.15 * s, s],
    ],
    [
      [0, -1.4 * s],
      [1.4 * s, 0],
      [0, 1.4 * s],
      [-1.4 * s, 0],
    ],
    [
      [0, 1.25 * s],
      [1.15 * s, -s],
      [-1.15 * s, -s],
    ],
    [
      [-s * 0.5, -s * 1.4],
      [s * 0.5, -s * 1.4],
      [s * 0.5, s * 1.4],
      [-s * 0.5, s * 1.4],
    ],
  ][kind % 6];
  if (!points) return svg('circle', { cx: x, cy: y, r: s * 1.1, class: classes });
  return svg('polygon', { points: points.map(([dx, dy]) => `${x + dx},${y + dy}`).join(' '), class: classes });
}

// sample returns the piece of a curve that a legend shows.
function sample(style) {
  const line = svg('path', { d: 'M1 7H31', class: `curve c${style % 6}` });
  if (dashes[style % 6]) line.setAttribute('stroke-dasharray', dashes[style % 6]);
  return svg(
    'svg',
    { width: 32, height: 14, 'aria-hidden': 'true' },
    line,
    marker(style, 16, 7, 3, `f${style % 6} dot`),
  );
}

// ticks returns round numbers from low to high, about as many as wanted.
export function ticks(low, high, wanted) {
  const span = high - low;
  if (!(span > 0)) return [low];
  const raw = span / Math.max(1, wanted),
    power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw * 0.999);
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) found.push(i * step);
  return found.map((v) => Number(v.toPrecision(12)));
}

// logTicks returns the decades from low to high, with 2 and 5 between them where there are few.
export function logTicks(low, high) {
  const found = [],
    decades = Math.log10(high / low);
  for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e++) {
    for (const m of decades > 3 ? [1] : decades > 1.2 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 6, 8]) {
      const v = Number((m * 10 ** e).toPrecision(12));
      if (v >= low * 0.9999 && v <= high * 1.0001) found.push(v);
    }
  }
  return found;
}

// short writes a number for an axis or a readout.
export function short(v, digits = 4) {
  if (v === 0) return '0';
  const size = Math.abs(v);
  if (size >= 1e4 && size < 1e15) {
    for (const [unit, name] of [
      [1e12, 'T'],
      [1e9, 'G'],
      [1e6, 'M'],
      [1e3, 'k'],
    ]) {
      if (size >= unit) return Number((v / unit).toPrecision(digits)) + name;
    }
  }
  if (size < 1e-3 || size >= 1e15)
    return v
      .toExponential(Math.max(0, digits - 2))
      .replace(/\.?0+e/, 'e')
      .replace('-', '−')
      .replace('e-', 'e−');
  return String(Number(v.toPrecision(digits))).replace('-', '−');
}

// smoothed returns the exponential moving average of values, corrected for its start.
export function smoothed(values, weight) {
  if (!(weight > 0)) return values;
  let sum = 0,
    share = 0;
  return values.map((v) => {
    sum = weight * sum + (1 - weight) * v;
    share = weight * share + 1 - weight;
    return sum / share;
  });
}

// nearest returns the index of the value nearest to x in an ascending list.
function nearest(list, x) {
  let low = 0,
    high = list.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (list[middle] < x) low = middle;
    else high = middle;
  }
  return Math.abs(list[high] - x) < Math.abs(list[low] - x) ? high : low;
}

// thinned keeps, for each pixel column, the first, the lowest, the highest and the last point: no peak is lost.
function thinned(points) {
  if (points.length < 1500) return points;
  const kept = [];
  let column = [];
  const flush = () => {
    if (column.length > 4) {
      let low = 0,
        high = 0;
      column.forEach((p, i) => {
        if (p[1] < column[low][1]) low = i;
        if (p[1] > column[high][1]) high = i;
      });
      column = [...new Set([0, low, high, column.length - 1])].sort((a, b) => a - b).map((i) => column[i]);
    }
    kept.push(...column);
    column = [];
  };
  for (const p of points) {
    if (column.length && Math.floor(p[0]) !== Math.floor(column[0][0])) flush();
    column.push(p);
  }
  flush();
  return kept;
}

// Panel is one plot with its title, legend and readout. view is shared by the panels of a page:
// {x: cursor or null, range: [low, high] or null, xName, xText(x), smooth, log, changed()}.
export class Panel {
  constructor(title, view, options = {}) {
    Object.assign(this, { title, view, options, series: [], levels: [] });
    this.element = document.createElement('figure');
    this.element.className = 'panel';
    this.heading = document.createElement('h3');
    this.heading.textContent = title;
    this.legend = document.createElement('ul');
    this.legend.className = 'legend';
    this.plot = svg('svg', { class: 'plot', tabindex: 0, role: 'img' });
    this.element.append(this.heading, this.legend, this.plot);
    this.listen();
  }

  // set takes curves [{name, style, x, y}], x ascending, and levels [{name, y}].
  set(series, levels = []) {
    const names = (list) => list.map((s) => s.name + '\n' + s.style).join('\n');
    const rebuilt = names(series) !== names(this.series) || this.legend.childElementCount !== series.length;
    this.series = series;
    this.levels = levels;
    if (rebuilt) this.buildLegend();
    this.draw();
  }

  buildLegend() {
    this.outputs = this.series.map((s) => {
      const item = document.createElement('li'),
        name = document.createElement('span');
      const output = document.createElement('output');
      name.className = 'key';
      name.textContent = s.name;
      item.append(sample(s.style), name, output);
      this.legend.append(item);
      return output;
    });
    this.legend.replaceChildren(...this.outputs.map((o) => o.parentElement));
  }

  listen() {
    const at = (event) => {
      const box = this.plot.getBoundingClientRect();
      return this.toX ? this.toX((event.clientX - box.left) * (this.width / box.width)) : null;
    };
    let from = null;
    this.plot.addEventListener('pointerdown', (e) => {
      if (e.button === 0 && e.pointerType === 'mouse') from = at(e);
    });
    this.plot.addEventListener('pointermove', (e) => {
      this.view.x = at(e);
      this.view.drag = from === null ? null : [from, this.view.x];
      this.view.moved();
    });
    this.plot.addEventListener('pointerleave', () => {
      from = null;
      this.view.x = this.view.drag = null;
      this.view.moved();
    });
    this.plot.addEventListener('pointerup', (e) => {
      const to = at(e),
        [low, high] = this.domain || [0, 0];
      if (from !== null && Math.abs(to - from) > (high - low) * 0.02)
        this.view.range = [Math.min(from, to), Math.max(from, to)];
      from = this.view.drag = null;
      this.view.changed();
    });
    this.plot.addEventListener('dblclick', () => {
      this.view.range = null;
      this.view.changed();
    });
    this.plot.addEventListener('keydown', (e) => this.key(e));
  }

  // key moves the cursor with the arrows, zooms with + and -, and leaves both with Escape.
  key(e) {
    if (!this.domain || e.ctrlKey || e.metaKey || e.altKey) return;
    const [low, high] = this.domain,
      span = high - low,
      x = this.view.x ?? high;
    const step = span / (e.shiftKey ? 10 : 100);
    switch (e.key) {
      case 'ArrowLeft':
        this.view.x = Math.max(low, x - step);
        break;
      case 'ArrowRight':
        this.view.x = Math.min(high, x + step);
        break;
      case 'Home':
        this.view.x = low;
        break;
      case 'End':
        this.view.x = high;
        break;
      case '+':
      case '=':
        this.view.range = [Math.max(low, x - span / 4), Math.min(high, x + span / 4)];
        break;
      case '-':
      case '0':
        this.view.range = null;
        break;
      case 'Escape':
        this.view.x = null;
        this.view.range = null;
        break;
      default:
        return;
    }
    e.preventDefault();
    this.view.changed();
    this.view.speak?.(
      `${this.title} at ${this.view.xText(this.view.x ?? high)}: ` +
        this.series.map((s, i) => `${s.name} ${this.outputs[i].textContent}`).join(', '),
    );
  }

  // draw draws all anew; it is cheap enough for each second.
  draw() {
    this.width = Math.max(260, this.element.clientWidth || 400);
    const { view, options } = this;
    const log = options.log && view.log;
    const shown = this.series.map((s) => {
      const y = smoothed(s.y, options.smooth === false ? 0 : view.smooth);
      return { ...s, raw: s.y, y };
    });

    // What is in range decides the axes, with some room.
    let xLow = Infinity,
      xHigh = -Infinity,
      yLow = Infinity,
      yHigh = -Infinity;
    for (const s of shown) {
      if (!s.x.length) continue;
      xLow = Math.min(xLow, s.x[0]);
      xHigh = Math.max(xHigh, s.x[s.x.length - 1]);
    }
    if (view.range) [xLow, xHigh] = view.range;
    else if (xLow > 0 && xLow < 0.2 * xHigh) xLow = 0;
    if (!(xHigh > xLow)) xHigh = xLow + 1;
    const take = (v) => {
      if (Number.isFinite(v) && (!log || v > 0)) {
        yLow = Math.min(yLow, v);
        yHigh = Math.max(yHigh, v);
      }
    };
    for (const s of shown)
      s.x.forEach((x, i) => {
        if (x >= xLow && x <= xHigh) {
          take(s.y[i]);
          take(s.raw[i]);
        }
      });
    for (const l of this.levels) take(l.y);
    this.plot.replaceChildren();
    if (!Number.isFinite(xLow) || !Number.isFinite(yLow)) {
      this.plot.setAttribute('viewBox', `0 0 ${this.width} ${height}`);
      this.plot.append(
        svg('text', { x: this.width / 2, y: height / 2, 'text-anchor': 'middle' }, 'nothing logged yet'),
      );
      this.plot.setAttribute('aria-label', this.title + ': nothing logged yet');
      this.domain = null;
      return;
    }
    if (options.zero && !log) yLow = Math.min(0, yLow);
    if (yHigh === yLow) {
      const room = Math.abs(yLow) * 0.1 || 1;
      if (log) {
        yLow /= 1.2;
        yHigh *= 1.2;
      } else {
        yHigh += room;
        yLow -= options.zero && yLow === 0 ? 0 : room;
      }
    }
    const pad = (yHigh - yLow) * 0.05;
    if (!log) for (const l of this.levels) yHigh = Math.max(yHigh, l.y + 0.11 * (l.y - yLow) - pad); // room for its name
    if (log) {
      yLow *= 0.95;
      yHigh *= 1.05;
    } else {
      yHigh += pad;
      if (!(options.zero && yLow === 0)) yLow -= pad;
    }

    // Axes: the left margin is as wide as the longest label.
    const yTicks = log ? logTicks(yLow, yHigh) : ticks(yLow, yHigh, 5);
    const labels = yTicks.map((v) => short(v));
    const left = 12 + 6.6 * Math.max(2, ...labels.map((l) => l.length)),
      right = this.width - 14,
      top = 8,
      bottom = height - 38;
    const px = (x) => left + ((x - xLow) / (xHigh - xLow)) * (right - left);
    const share = log ? (y) => Math.log(y / yLow) / Math.log(yHigh / yLow) : (y) => (y - yLow) / (yHigh - yLow);
    const py = (y) => bottom - share(y) * (bottom - top);
    this.toX = (p) => Math.min(xHigh, Math.max(xLow, xLow + ((p - left) / (right - left)) * (xHigh - xLow)));
    this.domain = [xLow, xHigh];
    this.scale = { px, py, top, bottom, left, right };
    this.plot.setAttribute('viewBox', `0 0 ${this.width} ${height}`);
    const round = (v) => Math.round(v * 10) / 10;

    yTicks.forEach((v, i) => {
      this.plot.append(
        svg('path', { d: `M${left} ${round(py(v))}H${right}`, class: 'grid' }),
        svg('text', { x: left - 6, y: round(py(v)) + 4, 'text-anchor': 'end', class: 'tick' }, labels[i]),
      );
    });
    const xTicks = view.ticks
      ? view.ticks(xLow, xHigh, (right - left) / 75)
      : ticks(xLow, xHigh, (right - left) / 75);
    for (const v of xTicks) {
      const x = round(px(v));
      if (x < left - 1 || x > right + 1) continue;
      this.plot.append(
        svg('path', { d: `M${x} ${bottom}v4`, class: 'axis' }),
        svg(
          'text',
          { x, y: bottom + 16, 'text-anchor': x > right - 16 ? 'end' : 'middle', class: 'tick' },
          (options.xTick || view.xTick || short)(v),
        ),
      );
    }
    this.plot.append(
      svg('path', { d: `M${left} ${top}V${bottom}H${right}`, class: 'axis' }),
      svg('text', { x: (left + right) / 2, y: height - 5, 'text-anchor': 'middle' }, options.xName || view.xName),
    );

    // Levels that values are read against, such as the loss at chance.
    for (const l of this.levels) {
      const y = round(py(l.y));
      this.plot.append(
        svg('path', { d: `M${left} ${y}H${right}`, class: 'level' }),
        svg(
          'text',
          { x: right - 2, y: y < top + 14 ? y + 13 : y - 4, 'text-anchor': 'end', class: 'levelname' },
          `${l.name} ${short(l.y)}`,
        ),
      );
    }

    const clip = 'clip' + (Panel.count = (Panel.count || 0) + 1);
    this.plot.append(
      svg(
        'clipPath',
        { id: clip },
        svg('rect', { x: left, y: top - 4, width: right - left, height: bottom - top + 8 }),
      ),
    );
    const curves = svg('g', { 'clip-path': `url(#${clip})` });
    this.plot.append(curves);
    for (const s of shown) {
      const points = (values) => {
        const list = [];
        for (let i = 0; i < s.x.length; i++)
          if (
            s.x[i] >= xLow - (xHigh - xLow) * 0.02 &&
            s.x[i] <= xHigh * 1.02 &&
            Number.isFinite(values[i]) &&
            (!log || values[i] > 0)
          )
            list.push([px(s.x[i]), py(values[i])]);
        return thinned(list);
      };
      const path = (list) => list.map((p, i) => (i ? 'L' : 'M') + round(p[0]) + ' ' + round(p[1])).join('');
      if (s.y !== s.raw) curves.append(svg('path', { d: path(points(s.raw)), class: `curve raw c${s.style % 6}` }));
      const list = points(s.y),
        line = svg('path', { d: path(list), class: `curve c${s.style % 6}` });
      if (dashes[s.style % 6]) line.setAttribute('stroke-dasharray', dashes[s.style % 6]);
      curves.append(line);

      // Each point where there are few, else some along the curve, which begin apart from those of other curves.
      if (list.length <= 25)
        for (const p of list) curves.append(marker(s.style, p[0], p[1], 2.6, `f${s.style % 6} dot`));
      else if (shown.length > 1) {
        const gap = (right - left) / 6;
        let next = left + gap * (0.3 + (0.4 * (s.style % 3)) / 2);
        for (const p of list)
          if (p[0] >= next) {
            curves.append(marker(s.style, p[0], p[1], 2.8, `f${s.style % 6} dot`));
            next = p[0] + gap;
          }
      }
    }
    this.shown = shown;
    this.overlay = svg('g', {});
    this.plot.append(this.overlay);
    this.point();
    const said = shown
      .filter((s) => s.x.length)
      .slice(0, 8)
      .map((s) => `${s.name}: from ${short(s.raw[0])} to ${short(s.raw[s.raw.length - 1])}`);
    this.plot.setAttribute(
      'aria-label',
      `${this.title} against ${options.xName || view.xName}. ${said.join('; ')}. ` +
        'Arrow keys read values, plus zooms, Escape shows all.',
    );
  }

  // point shows the values at the cursor, the last ones without it.
  point() {
    if (!this.overlay || !this.domain) return;
    this.overlay.replaceChildren();
    const { px, py, top, bottom } = this.scale,
      x = this.options.alone ? null : this.view.x;
    if (this.view.drag) {
      const [a, b] = this.view.drag.map(px).sort((m, n) => m - n);
      this.overlay.append(svg('rect', { x: a, y: top, width: b - a, height: bottom - top, class: 'range' }));
    }
    if (x !== null && x >= this.domain[0] && x <= this.domain[1]) {
      this.overlay.append(svg('path', { d: `M${px(x)} ${top}V${bottom}`, class: 'cursor' }));
    }
    this.shown.forEach((s, i) => {
      const output = this.outputs[i];
      if (!s.x.length) {
        output.textContent = '';
        return;
      }
      const k = x === null ? s.x.length - 1 : nearest(s.x, x);
      output.textContent = short(s.y[k]) + (s.y !== s.raw ? ` (raw ${short(s.raw[k])})` : '');
      if (x !== null && Number.isFinite(py(s.y[k])))
        this.overlay.append(marker(s.style, px(s.x[k]), py(s.y[k]), 4, `f${s.style % 6} dot`));
    });
  }
}
