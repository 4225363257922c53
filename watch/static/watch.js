// The page of `sslx runs watch`. It asks the server for what has changed, once a second while it is looked at, and
// draws it. Everything that a record holds is put into the page as text, never as markup.

import { Panel, short, ticks } from './plot.js';

const beat = 1000; // milliseconds between two questions
const main = document.getElementById('main');

// The token came in the address; a cookie has it now, and the history need not.
if (location.search.includes('token=')) history.replaceState(null, '', location.pathname + location.hash);

// el makes an element. Keys that begin with "on" are listeners, class and data-… are attributes.
function el(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (key in element && key !== 'list' && typeof value !== 'string') element[key] = value;
    else element.setAttribute(key, value);
  }
  element.append(...children.filter((c) => c !== null && c !== undefined));
  return element;
}

async function ask(path) {
  const answer = await fetch(path, { cache: 'no-store' }).catch((error) => {
    throw Object.assign(error, { unanswered: true });
  });
  if (!answer.ok)
    throw Object.assign(new Error((await answer.text()).replace(/^sslx: /, '').trim()), { status: answer.status });
  return answer.json();
}

// ---- words

function duration(seconds) {
  if (!Number.isFinite(seconds)) return '';
  const s = Math.round(seconds),
    h = Math.floor(s / 3600),
    m = Math.floor(s / 60) % 60;
  if (h >= 48) return `${Math.round(h / 24)} d`;
  if (h) return `${h} h ${m} min`;
  return m ? `${m} min ${s % 60} s` : `${s % 60} s`;
}

const percent = (v) => (100 * v).toFixed(1) + ' %';

function dateText(text) {
  const date = new Date(text);
  if (!(date.getFullYear() > 1971)) return '';
  const two = (n) => String(n).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

const marks = {
  'in use': '▶',
  finished: '✓',
  stopped: '■',
  died: '✗',
  unreadable: '!',
  unknown: '?',
  'without weights': '○',
};
const stateOf = (run) => el('span', { class: 'state', 'data-mark': marks[run.status] || '?' }, run.status);

function progressText(run) {
  const total = run.total || 0,
    share = total ? run.step / total : 0;
  return { share, text: total ? `${Math.floor(100 * Math.min(1, share))} %` : `${run.step} steps` };
}

function progressOf(run) {
  const { share, text } = progressText(run);
  return [
    run.total ? el('progress', { max: 1, value: share, 'aria-label': 'progress' }) : null,
    ' ' + text,
    Number.isFinite(run.left) ? `, ${duration(run.left)} left` : null,
  ];
}

function headlineText(run) {
  const h = run.headline;
  if (!h) return '';
  const points = h.baseline === null ? null : 100 * (h.accuracy - h.baseline);
  return percent(h.accuracy) + (points === null ? '' : ` (${points < 0 ? '−' : '+'}${Math.abs(points).toFixed(1)})`);
}

// ---- what the server said

const known = { version: 0, folder: '', runs: new Map(), stores: [], sweeps: [] };
const picked = new Set(JSON.parse(sessionStorage.getItem('picked') || '[]'));
const logs = new Map(); // by run: {file, offset, updated, damaged, columns}
let page = null; // {update(changed)}: what is shown

async function refresh() {
  const list = await ask('api/runs?since=' + known.version);

  // A server that was started anew counts from the beginning.
  if (list.version < known.version) {
    known.version = 0;
    known.runs.clear();
    return refresh();
  }
  known.version = list.version;
  known.folder = list.folder;
  const changed = new Set(list.gone);
  for (const id of list.gone) known.runs.delete(id);
  for (const run of list.runs) {
    known.runs.set(run.id, run);
    changed.add(run.id);
  }
  const stores = JSON.stringify([list.stores, list.sweeps]) !== JSON.stringify([known.stores, known.sweeps]);
  known.stores = list.stores;
  known.sweeps = list.sweeps;
  document.getElementById('folder').textContent = list.folder;
  return { changed, stores, more: list.more };
}

let failures = 0;
async function tick() {
  let soon = false;
  const problem = document.getElementById('problem');
  try {
    if (!document.hidden) {
      const news = await refresh();
      soon = news.more;
      if (!page) route();
      else await page.update?.(news);
      failures = 0;
      problem.hidden = true;
      document.getElementById('fresh').textContent = 'as of ' + new Date().toLocaleTimeString();
    }
  } catch (error) {
    failures++;
    if (failures > 1) {
      const text =
        error.status === 403
          ? error.message
          : error.status
            ? 'The server answers: ' + error.message
            : error.unanswered
              ? 'The server does not answer. Is `sslx runs watch` still running? Trying again …'
              : 'This page has a fault: ' + error.message;
      if (problem.textContent !== text) problem.textContent = text;
      problem.hidden = false;
    }
  }
  setTimeout(tick, soon ? 0 : failures > 3 ? 5 * beat : beat);
}
document.addEventListener('visibilitychange', () => {
  if (!document.hidden)
    refresh()
      .then((news) => page?.update?.(news))
      .catch(() => {});
});

// readLog reads what a log has more than before: true when there was something.
async function readLog(id) {
  const run = known.runs.get(id),
    log = logs.get(id) || { file: '', offset: 0, columns: new Map(), lines: 0, damaged: 0 };
  if (!run || log.updated === run.updated + run.step) return false;
  for (;;) {
    const part = await ask(`api/log?run=${id}&file=${log.file}&offset=${log.offset}`);
    if (part.file !== log.file || part.offset < log.offset) {
      log.columns.clear();
      log.lines = log.damaged = 0;
      log.last = null;
    }
    Object.assign(log, { file: part.file, offset: part.offset });
    log.damaged += part.damaged;
    for (const line of part.lines) addLine(log, line);
    if (!part.more) break;
  }
  log.updated = run.updated + run.step;
  logs.set(id, log);
  return true;
}

const place = ['step', 'epoch', 'images', 'seconds'];

// addLine puts the numbers of a line into columns: {x: {step, epoch, images, seconds}, y}.
function addLine(log, line) {
  const at = place.map((k) => Number(line[k]) || 0);
  const put = (key, value) => {
    if (typeof value !== 'number' || !Number.isFinite(value)) return;
    if (!log.columns.has(key)) log.columns.set(key, { at: place.map(() => []), y: [] });
    const column = log.columns.get(key);
    at.forEach((v, i) => column.at[i].push(v));
    column.y.push(value);
  };
  for (const [key, value] of Object.entries(line)) {
    if (place.includes(key)) continue;
    if (value && typeof value === 'object' && !Array.isArray(value))
      for (const [name, v] of Object.entries(value)) put(key + '/' + name, v);
    else put(key, value);
  }
  const before = log.last;
  if (before && at[3] > before[3] && at[2] > before[2]) put('speed', (at[2] - before[2]) / (at[3] - before[3]));
  log.last = at;
  log.lines++;
}

// ---- panels

// groups turns the columns of a log into panels: [{key, title, curves: [[name, column key]], …}].
function groups(log) {
  const keys = [...log.columns.keys()],
    used = new Set(['chance']);
  const below = (prefix) => keys.filter((k) => k.startsWith(prefix + '/'));
  const list = [];
  const add = (key, title, curves, options = {}) => {
    curves.forEach((c) => used.add(c[1]));
    if (curves.length) list.push({ key, title, curves, ...options });
  };
  const has = (key) => keys.includes(key);
  add('loss', 'Loss', has('loss') ? [['loss', 'loss']] : [], { log: true, chance: true });
  add(
    'probe',
    'Online probe accuracy (%)',
    [
      ...(has('probe_accuracy') ? [['encoder', 'probe_accuracy']] : []),
      ...below('probe_layers').map((k) => [k.slice(13), k]),
    ],
    { zero: true, scale: 100 },
  );
  const neighbors = keys.filter((k) => /^(online_)?knn/.test(k));
  add(
    'knn',
    'Online kNN accuracy (%)',
    neighbors.map((k) => [k.replace(/^(online_)?knn(_accuracy)?\/?/, '') || 'encoder', k]),
    { zero: true, scale: 100 },
  );
  add('rank', 'Effective rank of the embeddings', has('rank') ? [['rank', 'rank']] : [], { zero: true });
  add('spread', 'Spread of the embeddings (std · √dim)', has('spread') ? [['spread', 'spread']] : [], {
    zero: true,
    levels: [{ name: 'fills the sphere', y: 1 }],
  });
  add(
    'parts',
    'Terms of the loss',
    below('parts').map((k) => [k.slice(6), k]),
  );
  add('lr', 'Learning rate', has('lr') ? [['learning rate', 'lr']] : [], { zero: true, smooth: false });
  add('speed', 'Speed (images/s)', has('speed') ? [['images/s', 'speed']] : [], { zero: true });
  add('waited', 'Waited for images (s)', has('waited') ? [['waited', 'waited']] : [], { zero: true, smooth: false });

  // What this page has no name for is shown under its own.
  const others = new Map();
  for (const k of keys) if (!used.has(k)) others.set(k.split('/')[0], [...(others.get(k.split('/')[0]) || []), k]);
  for (const [name, own] of others)
    add(
      name,
      name,
      own.map((k) => [k.includes('/') ? k.slice(name.length + 1) : k, k]),
    );
  return list;
}

const axes = {
  images: ['images seen', 2, (v) => short(v)],
  step: ['step', 0, (v) => short(v)],
  epoch: ['epoch', 1, (v) => short(v)],
  seconds: ['training time', 3, duration],
};

// timeTicks returns round times.
function timeTicks(low, high, wanted) {
  const span = (high - low) / Math.max(1, wanted);
  const step = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400].find(
    (s) => s >= span,
  );
  if (!step || span < 1) return ticks(low, high, wanted);
  const found = [];
  for (let v = Math.ceil(low / step) * step; v <= high; v += step) found.push(v);
  return found;
}

function clock(v) {
  if (v < 60) return short(v) + ' s';
  const h = Math.floor(v / 3600),
    m = Math.floor(v / 60) % 60,
    s = Math.round(v % 60);
  if (h) return m ? `${h} h ${m}` : `${h} h`;
  return s ? `${m}:${String(s).padStart(2, '0')}` : `${m} min`;
}

// newView returns what the panels of a page share, with its controls.
function newView(redraw, kind) {
  const saved = JSON.parse(sessionStorage.getItem('view') || '{}');
  const view = {
    x: null,
    range: null,
    drag: null,
    axis: saved.axis || 'images',
    smooth: saved.smooth ?? 0,
    log: !!saved.log,
  };
  const apply = () => {
    [view.xName, view.column, view.xText] = axes[view.axis];
    view.xTick = view.axis === 'seconds' ? clock : short;
    view.ticks = view.axis === 'seconds' ? timeTicks : ticks;
    sessionStorage.setItem('view', JSON.stringify({ axis: view.axis, smooth: view.smooth, log: view.log }));
  };
  apply();
  view.moved = () => redraw(true);
  view.changed = () => redraw(false);
  view.speak = (text) => {
    document.getElementById('spoken').textContent = text;
  };
  view.tools = el(
    'div',
    { class: 'tools', role: 'group', 'aria-label': 'Curves' },
    el(
      'label',
      {},
      'against',
      el(
        'select',
        {
          onchange: (e) => {
            view.axis = e.target.value;
            view.range = view.x = null;
            apply();
            redraw(false);
          },
        },
        ...Object.entries(axes).map(([key, [name]]) =>
          el('option', { value: key, selected: key === view.axis }, name),
        ),
      ),
    ),
    el(
      'label',
      {},
      'smoothing',
      el('input', {
        type: 'range',
        min: '0',
        max: '0.98',
        step: '0.02',
        value: String(view.smooth),
        oninput: (e) => {
          view.smooth = Number(e.target.value);
          apply();
          redraw(false);
        },
      }),
    ),
    el(
      'label',
      {},
      el('input', {
        type: 'checkbox',
        checked: view.log,
        onchange: (e) => {
          view.log = e.target.checked;
          apply();
          redraw(false);
        },
      }),
      'logarithmic loss',
    ),
    el('span', { class: 'soft' }, 'Drag to zoom, double-click to see all.'),
  );
  return view;
}

const curveOf = (name, style, column, view, scale = 1) => ({
  name,
  style,
  x: column.at[view.column],
  y: scale === 1 ? column.y : column.y.map((v) => scale * v),
});

// ---- pages

function show(title, ...content) {
  document.title = title + ' – sslx';
  main.replaceChildren(...content);
}

const pages = { runs: runsPage, run: runPage, compare: comparePage, sweeps: sweepsPage, claims: claimsPage };

function route() {
  const [name, ...rest] = location.hash.slice(1).split('/');
  const make = pages[name] || runsPage;
  for (const link of document.querySelectorAll('nav a')) link.removeAttribute('aria-current');
  document
    .getElementById('nav-' + (name === 'run' ? 'runs' : pages[name] ? name : 'runs'))
    ?.setAttribute('aria-current', 'page');
  page?.close?.();
  page = make(rest);
}
addEventListener('hashchange', () => {
  if (location.hash === '#main') return;
  route();
  main.focus({ preventScroll: true });
  scrollTo(0, 0);
});

function keepPicked() {
  sessionStorage.setItem('picked', JSON.stringify([...picked]));
  const n = [...picked].filter((id) => known.runs.has(id)).length;
  document.getElementById('nav-compare').textContent = n ? `Compare (${n})` : 'Compare';
}

// The list of runs.
const columns = [
  ['name', 'run', (r) => r.path, false],
  ['status', 'state', (r) => (r.status === 'in use' ? '0' : '1') + r.status, false],
  ['progress', 'progress', (r) => (r.total ? r.step / r.total : 0), false],
  ['epoch', 'epoch', (r) => r.epoch, true],
  ['loss', 'loss (of chance)', (r) => r.loss ?? Infinity, true],
  ['probe', 'online probe', (r) => r.probe ?? -1, true],
  ['accuracy', 'accuracy (over baseline)', (r) => (r.headline ? r.headline.accuracy : -1), true],
  ['method', 'method', (r) => r.method, false],
  ['data', 'data', (r) => r.data, false],
  ['started', 'started', (r) => r.started, false],
];

function runsPage() {
  let order = JSON.parse(sessionStorage.getItem('order') || '["",1]');
  const rows = new Map(),
    body = el('tbody'),
    count = el('span', { class: 'soft', role: 'status' });
  const filter = el('input', {
    type: 'search',
    placeholder: 'name, method, data, state',
    'aria-label': 'Filter runs',
    value: sessionStorage.getItem('filter') || '',
    oninput: () => {
      sessionStorage.setItem('filter', filter.value);
      arrange();
    },
  });
  const compare = el('button', {
    type: 'button',
    onclick: () => {
      location.hash = '#compare';
    },
  });
  const heads = columns.map(([key, title, , number]) =>
    el(
      'th',
      { scope: 'col', class: number ? 'number' : null },
      el(
        'button',
        {
          type: 'button',
          onclick: () => {
            order = [key, order[0] === key ? -order[1] : 1];
            sessionStorage.setItem('order', JSON.stringify(order));
            arrange();
          },
        },
        title,
      ),
    ),
  );
  const table = el(
    'table',
    { class: 'list wide' },
    el('thead', {}, el('tr', {}, el('th', { scope: 'col' }, el('span', { class: 'unseen' }, 'compare')), ...heads)),
    body,
  );
  const claims = el('div');

  const cells = (run) => {
    const cell = (label, extra, ...children) => el('td', { 'data-label': label, ...extra }, ...children);
    const box = el('input', {
      type: 'checkbox',
      checked: picked.has(run.id),
      'aria-label': 'compare ' + run.path,
      onchange: (e) => {
        e.target.checked ? picked.add(run.id) : picked.delete(run.id);
        tell();
      },
    });
    const loss = run.loss === null ? '' : short(run.loss) + (run.chance ? ` of ${short(run.chance)}` : '');
    const optional = (text) => (text === '' ? { 'data-empty': '' } : {});
    return [
      el('td', { class: 'pick' }, box),
      cell(
        'run',
        { class: 'name' },
        el('a', { href: '#run/' + run.id }, run.path === '.' ? run.name : run.path),
        run.error ? el('div', { class: 'error' }, run.error) : null,
      ),
      cell('state', {}, stateOf(run)),
      cell('progress', { class: 'steady' }, el('span', {}, ...progressOf(run).filter(Boolean))),
      cell('epoch', { class: 'number' }, run.epochs ? `${Number(run.epoch.toFixed(1))} of ${run.epochs}` : ''),
      cell('loss (of chance)', { class: 'number', ...optional(loss) }, loss),
      cell(
        'online probe',
        { class: 'number', ...optional(run.probe === null ? '' : 'x') },
        run.probe === null ? '' : percent(run.probe),
      ),
      cell(
        'accuracy',
        {
          class: 'number',
          title: run.headline ? `${run.headline.task}, ${run.headline.protocol}, ${run.headline.split}` : null,
          ...optional(headlineText(run)),
        },
        headlineText(run),
      ),
      cell('method', {}, run.method),
      cell('data', {}, run.data),
      cell('started', { class: 'soft when' }, dateText(run.started)),
    ];
  };
  const tell = () => {
    keepPicked();
    const n = [...picked].filter((id) => known.runs.has(id)).length;
    compare.textContent = n < 2 ? 'Compare: choose two or more' : `Compare ${n} runs`;
    compare.disabled = n < 2;
  };

  // New and changed runs get new cells; the row stays, so that the focus does.
  const fill = (ids) => {
    for (const id of ids) {
      const run = known.runs.get(id);
      if (!run) {
        rows.get(id)?.remove();
        rows.delete(id);
        continue;
      }
      let row = rows.get(id);
      if (!row) rows.set(id, (row = el('tr')));
      const focus = row.contains(document.activeElement)
        ? [...row.querySelectorAll('a, input')].indexOf(document.activeElement)
        : -1;
      row.replaceChildren(...cells(run));
      if (focus >= 0) row.querySelectorAll('a, input')[focus]?.focus();
    }
  };
  const arrange = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const matches = (r) => {
      const text = `${r.path} ${r.method} ${r.data} ${r.status}`.toLowerCase();
      return words.every((w) => text.includes(w));
    };
    const value = columns.find((c) => c[0] === order[0])?.[2];
    const compareRuns = value
      ? (a, b) => {
          const x = value(a),
            y = value(b);
          return (x < y ? -1 : x > y ? 1 : 0) * order[1] || (a.path < b.path ? -1 : 1);
        }
      : (a, b) =>
          (b.status === 'in use') - (a.status === 'in use') ||
          (a.started < b.started ? 1 : a.started > b.started ? -1 : a.path < b.path ? -1 : 1);
    const list = [...known.runs.values()]
      .filter(matches)
      .sort(compareRuns)
      .map((r) => rows.get(r.id));
    const current = [...body.children];
    if (list.length !== current.length || list.some((row, i) => row !== current[i])) {
      const focused = document.activeElement;
      body.replaceChildren(...list);
      if (focused !== document.activeElement && body.contains(focused)) focused.focus();
    }
    heads.forEach((th, i) =>
      columns[i][0] === order[0]
        ? th.setAttribute('aria-sort', order[1] > 0 ? 'ascending' : 'descending')
        : th.removeAttribute('aria-sort'),
    );
    const training = [...known.runs.values()].filter((r) => r.status === 'in use').length;
    count.textContent = `${list.length} of ${known.runs.size} runs` + (training ? `, ${training} in use` : '');
    empty.hidden = known.runs.size > 0;
    table.hidden = known.runs.size === 0;
  };
  const empty = el(
    'p',
    {},
    'There are no runs below this folder yet: ',
    el('code', {}, 'sslx pretrain --out runs/first'),
    ' makes one, and it appears here.',
  );
  const listClaims = () =>
    claims.replaceChildren(
      ...(known.sweeps.length ? [el('h2', {}, 'Sweeps'), sweepList()] : []),
      ...(known.stores.length
        ? [
            el('h2', {}, 'Records of claims'),
            el(
              'ul',
              {},
              ...known.stores.map((s) =>
                el(
                  'li',
                  {},
                  el('a', { href: '#claims/' + s.id }, s.path),
                  ` (scale ${s.scale}, changed ${dateText(s.modified)})`,
                ),
              ),
            ),
          ]
        : []),
    );

  show(
    'Runs',
    el('h1', {}, 'Runs'),
    el('div', { class: 'tools' }, filter, compare, count),
    empty,
    el('div', { class: 'scroll' }, table),
    claims,
  );
  fill(known.runs.keys());
  arrange();
  tell();
  listClaims();
  return {
    update({ changed, stores }) {
      if (changed.size) {
        fill(changed);
        arrange();
        tell();
      }
      if (stores) listClaims();
    },
    find: () => filter.focus(),
  };
}
addEventListener('keydown', (e) => {
  if (e.key === '/' && page?.find && !/^(input|select|textarea)$/i.test(document.activeElement?.tagName || '')) {
    e.preventDefault();
    page.find();
  }
});

function tableOf(table, caption) {
  const best = new Set((table.best || []).map(([i, k]) => i + ' ' + k));
  const kind = (k) => (table.right[k] ? 'number' : null);
  return el(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption },
    el(
      'table',
      { 'aria-label': caption },
      table.head
        ? el('thead', {}, el('tr', {}, ...table.head.map((h, k) => el('th', { scope: 'col', class: kind(k) }, h))))
        : null,
      el(
        'tbody',
        {},
        ...(table.rows || []).map((row, i) =>
          el(
            'tr',
            {},
            ...row.map((cell, k) =>
              k === 0
                ? el('th', { scope: 'row' }, cell)
                : el('td', { class: kind(k) }, best.has(i + ' ' + k) ? el('strong', {}, cell) : cell),
            ),
          ),
        ),
      ),
    ),
  );
}

const factList = (facts) =>
  el(
    'dl',
    { class: 'facts' },
    ...facts
      .filter((f) => f[1] !== '' && f[1] !== null)
      .map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, value))),
  );

// A run.
function runPage([id]) {
  let run = known.runs.get(id);
  if (!run) {
    show(
      'No such run',
      el('h1', {}, 'There is no such run'),
      el('p', {}, 'It may have been deleted, or lies below another folder. ', el('a', { href: '#runs' }, 'All runs')),
    );
    return {
      update: ({ changed }) => {
        if (changed.has(id)) route();
      },
    };
  }
  const state = el('div'),
    grid = el('div', { class: 'panels' }),
    rest = el('div'),
    note = el('p', { class: 'soft' });
  const panels = new Map();
  const redraw = (moved) => {
    for (const p of panels.values()) if (!p.options.alone) moved ? p.point() : p.draw();
    if (!moved) fill();
  };
  const view = newView(redraw, 'run');
  const pick = el(
    'label',
    {},
    el('input', {
      type: 'checkbox',
      checked: picked.has(id),
      onchange: (e) => {
        e.target.checked ? picked.add(id) : picked.delete(id);
        keepPicked();
      },
    }),
    'compare this run',
  );
  show(
    run.path,
    el('p', {}, el('a', { href: '#runs' }, '← All runs')),
    el('h1', {}, run.path === '.' ? run.name : run.path),
    state,
    el('div', { class: 'tools' }, pick),
    el('h2', {}, 'Training'),
    view.tools,
    note,
    grid,
    rest,
  );
  keepPicked();

  const head = () => {
    const facts = [
      ['state', stateOf(run)],
      ['progress', el('span', {}, ...progressOf(run).filter(Boolean))],
    ];
    if (run.epochs) facts.push(['epoch', `${Number(run.epoch.toFixed(2))} of ${run.epochs}`]);
    facts.push(['step', run.total ? `${run.step} of ${run.total}` : String(run.step)]);
    if (run.loss !== null)
      facts.push(['loss', short(run.loss) + (run.chance ? ` (chance ${short(run.chance)})` : '')]);
    if (run.probe !== null) facts.push(['online probe', percent(run.probe)]);
    if (run.rate) facts.push(['speed', `${short(run.rate)} images/s`]);
    facts.push(
      ['training time', duration(run.seconds)],
      ['method', run.method],
      ['data', run.data],
      ['started', dateText(run.started)],
    );
    state.replaceChildren(factList(facts), ...(run.error ? [el('p', { class: 'error' }, run.error)] : []));
  };

  const fill = () => {
    const log = logs.get(id);
    const list = log ? groups(log) : [];
    note.textContent = !log
      ? '' // not read yet
      : !log.lines
        ? 'The training log is empty.'
        : log.damaged
          ? `${log.damaged} lines of the log are damaged and left out.`
          : '';
    for (const g of list) {
      if (!panels.has(g.key)) {
        panels.set(g.key, new Panel(g.title, view, g));
        grid.append(panels.get(g.key).element);
      }
      const chance = g.chance && log.columns.get('chance');
      const level = chance && [...chance.y].reverse().find((v) => v !== 0);
      panels.get(g.key).set(
        g.curves.map(([name, key], i) => curveOf(name, i, log.columns.get(key), view, g.scale)),
        [...(g.levels || []), ...(level ? [{ name: 'chance', y: level }] : [])],
      );
    }
    const wanted = list.map((g) => panels.get(g.key).element);
    if (wanted.some((e, i) => grid.children[i] !== e)) grid.replaceChildren(...wanted);
  };

  let detailsShown = -1;
  const details = async () => {
    if (detailsShown === run.details) return;
    detailsShown = run.details;
    const d = await ask('api/run?run=' + id);
    const open = [...rest.querySelectorAll('details')].map((e) => e.open);
    const probes = new Map();
    for (const c of d.curves) {
      const key = `${c.task} · ${c.protocol}`;
      probes.set(key, [...(probes.get(key) || []), c]);
    }
    const probePanels = [...probes].map(([title, curves]) => {
      const p = new Panel(
        `${title}: accuracy (%)`,
        {
          ...view,
          x: null,
          range: null,
          smooth: 0,
          ticks: undefined,
          xTick: short,
          moved() {},
          changed: () => p.draw(),
          xText: short,
        },
        { alone: true, smooth: false, zero: true, xName: 'epoch of the probe' },
      );
      p.pending = curves.flatMap((c, i) =>
        [
          ['test', c.test],
          ['train', c.train],
        ].map(([split, y], k) => ({
          name: `${c.model}, ${split}`,
          style: 2 * i + k,
          x: (y || []).map((_, n) => n + 1),
          y: (y || []).map((v) => 100 * v),
        })),
      );
      return p;
    });
    rest.replaceChildren(
      el('h2', {}, 'Results'),
      ...(d.results
        ? [
            ...d.sentences.map((s) => el('p', {}, s)),
            el(
              'p',
              { class: 'soft' },
              'Accuracies are in percent; the best of each row is bold. Pixels and the untrained encoder are the baselines.',
            ),
            tableOf(d.results, 'Results'),
          ]
        : [
            el(
              'p',
              {},
              'This run has not been evaluated: ',
              el('code', {}, 'sslx evaluate ' + run.name),
              ' does it.',
            ),
          ]),
      ...(probePanels.length
        ? [
            el('h2', {}, 'Probes of the evaluation'),
            el('div', { class: 'panels' }, ...probePanels.map((p) => p.element)),
          ]
        : []),
      el('h2', {}, 'Pictures'),
      ...(d.pictures.length
        ? d.pictures.map((p) =>
            el(
              'figure',
              {},
              el('h3', {}, p.title),
              el('img', {
                src: `picture?run=${id}&name=${p.name}&stamp=${p.stamp}`,
                alt: p.caption,
                loading: 'lazy',
              }),
              el('figcaption', {}, p.caption),
            ),
          )
        : [
            el(
              'p',
              {},
              'None yet. ',
              el('code', {}, 'sslx runs share ' + run.name + ' --out run.html'),
              ' draws them once the run is finished.',
            ),
          ]),
      el('h2', {}, d.resume ? 'How to resume or repeat it' : 'How to repeat it'),
      ...[d.resume, d.repeat].filter(Boolean).map((c) => el('pre', { tabindex: 0 }, c)),
      el('details', {}, el('summary', {}, 'Configuration'), el('pre', { tabindex: 0 }, d.yaml)),
      el(
        'details',
        {},
        el('summary', {}, 'Environment'),
        tableOf({ rows: d.facts, right: [false, false] }, 'Environment'),
      ),
    );
    [...rest.querySelectorAll('details')].forEach((e, i) => {
      e.open = !!open[i];
    });
    probePanels.forEach((p) => p.set(p.pending));
  };

  const refit = () => redraw(false);
  addEventListener('resize', refit);
  const load = async () => {
    head();
    if (await readLog(id)) fill();
    await details();
  };
  head();
  fill();
  load().catch((e) => {
    note.textContent = e.message;
  });
  return {
    async update({ changed }) {
      if (!changed.has(id)) return;
      run = known.runs.get(id);
      if (!run) return route();
      await load();
    },
    close: () => removeEventListener('resize', refit),
  };
}

// Chosen runs in one plot, and their configurations.
function comparePage() {
  // Of many runs, some are known before others.
  const more = (changed) => [...changed].some((id) => picked.has(id) && known.runs.has(id) && !ids.includes(id));
  const ids = [...picked]
    .filter((id) => known.runs.has(id))
    .sort((a, b) => (known.runs.get(a).path < known.runs.get(b).path ? -1 : 1));
  keepPicked();
  if (ids.length < 1) {
    show(
      'Compare',
      el('h1', {}, 'Compare runs'),
      el(
        'p',
        {},
        'Choose runs in the ',
        el('a', { href: '#runs' }, 'list of runs'),
        ' first: each has a box at its left.',
      ),
    );
    return { update: ({ changed }) => more(changed) && route() };
  }
  const grid = el('div', { class: 'panels' }),
    chosen = el('ul'),
    rest = el('div'),
    note = el('p', { class: 'soft' });
  const panels = new Map();
  const redraw = (moved) => {
    for (const p of panels.values()) moved ? p.point() : p.draw();
    if (!moved) fill();
  };
  const view = newView(redraw, 'compare');
  const nameOf = (id) => {
    const r = known.runs.get(id);
    return r ? (r.path === '.' ? r.name : r.path) : '(deleted)';
  };
  show(
    'Compare',
    el('h1', {}, `Compare ${ids.length} runs`),
    chosen,
    el('h2', {}, 'Training'),
    view.tools,
    note,
    grid,
    rest,
  );

  const list = () =>
    chosen.replaceChildren(
      ...ids.map((id) => {
        const run = known.runs.get(id);
        return el(
          'li',
          {},
          el('a', { href: '#run/' + id }, nameOf(id)),
          run ? ` ${run.status}, ${progressText(run).text} ` : ' ',
          el(
            'button',
            {
              type: 'button',
              'aria-label': 'leave out ' + nameOf(id),
              onclick: () => {
                picked.delete(id);
                keepPicked();
                route();
              },
            },
            'leave out',
          ),
        );
      }),
    );

  const fill = () => {
    const all = new Map(); // panels by key, with a curve for each run and each of its lines
    ids.forEach((id, i) => {
      const log = logs.get(id);
      if (!log) return;
      for (const g of groups(log)) {
        if (['parts', 'waited'].includes(g.key)) continue;
        if (!all.has(g.key)) all.set(g.key, { ...g, list: [], chances: new Set() });
        const to = all.get(g.key);
        const chance = g.chance && log.columns.get('chance');
        to.chances.add((chance && [...chance.y].reverse().find((v) => v !== 0)) || 0);

        // Probes and kNN: the encoder's, which every run has.
        const [, key] = g.curves[0];
        to.list.push(curveOf(nameOf(id), i, log.columns.get(key), view, g.scale));
      }
    });
    for (const [key, g] of all) {
      if (!panels.has(key)) {
        panels.set(key, new Panel(key === 'probe' ? 'Online probe accuracy on the encoder (%)' : g.title, view, g));
        grid.append(panels.get(key).element);
      }
      const [level] = g.chances;
      panels
        .get(key)
        .set(g.list, [...(g.levels || []), ...(g.chances.size === 1 && level ? [{ name: 'chance', y: level }] : [])]);
    }
  };

  let shown = '';
  const details = async () => {
    const now = ids.map((id) => known.runs.get(id)?.details).join();
    if (now === shown) return;
    shown = now;
    const answers = await Promise.all(ids.filter((id) => known.runs.has(id)).map((id) => ask('api/run?run=' + id)));
    const results = ids.length > 1 ? await ask('api/compare?' + ids.map((id) => 'run=' + id).join('&')) : null;
    const values = answers.map((a) => new Map(a.config)),
      keys = [];
    for (const a of answers)
      a.config.forEach(([k], i) => {
        if (!keys.includes(k)) keys.splice(i ? keys.indexOf(a.config[i - 1][0]) + 1 : 0, 0, k);
      });
    const differs = (k) => new Set(values.map((v) => v.get(k))).size > 1;
    const different = keys.filter(differs);
    const comparable = !different.some((k) => /^(objective|batch|views|projector)/.test(k));
    note.textContent = comparable
      ? ''
      : 'Losses of different objectives, batches, views or projectors cannot be compared: compare probes and results.';

    const only = el('input', {
      type: 'checkbox',
      checked: sessionStorage.getItem('only') !== 'no',
      onchange: (e) => {
        sessionStorage.setItem('only', e.target.checked ? 'yes' : 'no');
        rows();
      },
    });
    const body = el('tbody');
    const rows = () =>
      body.replaceChildren(
        ...(only.checked ? different : keys).map((k) =>
          el(
            'tr',
            { class: differs(k) ? 'differs' : null },
            el(
              'td',
              { class: 'mark' },
              differs(k) ? el('span', { role: 'img', title: 'differs', 'aria-label': 'differs' }, '≠') : '',
            ),
            el('th', { scope: 'row' }, k),
            ...values.map((v) => el('td', {}, v.get(k) ?? '–')),
          ),
        ),
      );
    rows();
    rest.replaceChildren(
      el('h2', {}, 'Configurations'),
      el(
        'p',
        {},
        different.length
          ? `${different.length} of ${keys.length} values differ, marked with ≠.`
          : 'The configurations are the same.',
      ),
      el('div', { class: 'tools' }, el('label', {}, only, 'differences only')),
      el(
        'div',
        { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Configurations' },
        el(
          'table',
          { class: 'config' },
          el(
            'thead',
            {},
            el(
              'tr',
              {},
              el('th', {}, el('span', { class: 'unseen' }, 'differs')),
              el('th', { scope: 'col' }, 'key'),
              ...answers.map((a) => el('th', { scope: 'col' }, a.run.name)),
            ),
          ),
          body,
        ),
      ),
      el('h2', {}, 'Results'),
      ...(results?.table?.rows?.length
        ? [
            el(
              'p',
              { class: 'soft' },
              'Of the trained encoders. Differences between single runs are no evidence: they vary with the seed.',
            ),
            ...(results.caution ? [el('p', {}, results.caution)] : []),
            tableOf(results.table, 'Results'),
          ]
        : [el('p', {}, 'None of these runs has been evaluated.')]),
    );
  };

  const refit = () => redraw(false);
  addEventListener('resize', refit);
  const load = async (of) => {
    list();
    const read = await Promise.all(of.map(readLog));
    if (read.some(Boolean)) fill();
    await details();
  };
  fill();
  load(ids).catch((e) => {
    note.textContent = e.message;
  });
  return {
    async update({ changed }) {
      if (more(changed)) return route();
      const of = ids.filter((id) => changed.has(id));
      if (of.length) await load(of.filter((id) => known.runs.has(id)));
    },
    close: () => removeEventListener('resize', refit),
  };
}

const sweepList = () =>
  el(
    'ul',
    {},
    ...known.sweeps.map((s) =>
      el('li', {}, el('a', { href: '#sweeps/' + s.id }, s.path), ` (changed ${dateText(s.modified)})`),
    ),
  );

// Sweeps: all of them, or one with its curves and candidates.
function sweepsPage([id]) {
  if (!id) {
    show(
      'Sweeps',
      el('h1', {}, 'Sweeps'),
      known.sweeps.length
        ? sweepList()
        : el('p', {}, 'There are no sweeps below this folder. ', el('code', {}, 'sslx sweep FILE'), ' makes one.'),
    );
    return {
      update: ({ stores }) => {
        if (stores) route();
      },
    };
  }
  const heading = el('h1', {}, 'Sweep'),
    content = el('div', {}, el('p', {}, 'Reading the sweep …'));
  let modified = null;
  const load = async () => {
    const sweep = known.sweeps.find((s) => s.id === id);
    if (sweep && sweep.modified === modified) return;
    modified = sweep?.modified;
    const d = await ask('api/sweep?sweep=' + id);
    const open = content.querySelector('details')?.open;
    heading.textContent = 'Sweep ' + d.name;
    content.replaceChildren(
      ...(d.error ? [el('p', { class: 'error' }, d.error)] : []),
      factList([
        [
          'progress',
          el(
            'span',
            {},
            el('progress', { max: d.made + d.missing || 1, value: d.made, 'aria-label': 'runs made' }),
            ` ${d.made} of ${d.made + d.missing}`,
          ),
        ],
        ...d.facts.filter(([name]) => name !== 'runs'),
      ]),
      ...(d.chosen
        ? [
            el('h2', {}, 'The chosen configuration'),
            ...d.next.map((c) => el('pre', { tabindex: 0 }, c)),
            el('details', { open }, el('summary', {}, 'Configuration'), el('pre', { tabindex: 0 }, d.chosen)),
          ]
        : []),
      el('h2', {}, 'Each key'),
      ...(d.curves.length
        ? [
            el('p', { class: 'soft' }, d.shown),
            el(
              'div',
              { class: 'panels' },
              ...d.curves.map((c) =>
                el('figure', {}, el('h3', {}, c.key), el('img', { src: c.figure, alt: c.figure_text })),
              ),
            ),
          ]
        : [el('p', {}, 'No run was measured yet.')]),
      el('h2', {}, 'Candidates'),
      tableOf(d.table, 'Candidates'),
    );
  };
  show('Sweep', el('p', {}, el('a', { href: '#sweeps' }, '← All sweeps')), heading, content);
  load().catch((e) => content.replaceChildren(el('p', { class: 'error' }, e.message)));
  return { update: load };
}

// Claims and their verdicts.
function claimsPage([id]) {
  if (!id) {
    const list = el('ul');
    const fill = () =>
      list.replaceChildren(
        ...known.stores.map((s) =>
          el(
            'li',
            {},
            el('a', { href: '#claims/' + s.id }, s.path),
            ` (scale ${s.scale}, changed ${dateText(s.modified)})`,
          ),
        ),
      );
    show(
      'Claims',
      el('h1', {}, 'Claims'),
      known.stores.length
        ? el('p', {}, 'Files of records below this folder:')
        : el(
            'p',
            {},
            'There are no records of claims below this folder. ',
            el('code', {}, 'sslx claims run minibatch'),
            ' makes them in runs/claims.',
          ),
      list,
    );
    fill();
    return {
      update: ({ stores }) => {
        if (stores) route();
      },
    };
  }
  const content = el('div', {}, el('p', {}, 'Judging the records, which may take some seconds …'));
  let modified = null,
    judged = 0;
  const load = async () => {
    // Judging takes the server some seconds: once a minute at most.
    const store = known.stores.find((s) => s.id === id);
    if ((store && store.modified === modified) || (performance.now() - judged < 60000 && judged)) return;
    modified = store?.modified;
    judged = performance.now();
    const d = await ask('api/claims?store=' + id);
    content.replaceChildren(
      el(
        'p',
        { class: 'soft' },
        `${d.path}: ${d.records} runs at scale ${d.scale}.` +
          (d.scale === 'smoke' ? ' A smoke run has no verdicts.' : ''),
      ),
      ...(d.error ? [el('p', { class: 'error' }, d.error)] : []),
      ...(d.claims.length
        ? [tableOf(d.overview, 'Verdicts')]
        : [el('p', {}, 'No run of a claim of this program is recorded here yet.')]),
      ...d.claims.map((c) =>
        el(
          'section',
          { class: 'claim' },
          el('h2', {}, `${c.id}: ${c.verdict}`),
          el('p', {}, c.belief),
          el('p', { class: 'soft' }, 'If it is true: ' + c.prediction),
          factList([
            [
              'runs',
              el(
                'span',
                {},
                el('progress', { max: c.made + c.missing, value: c.made, 'aria-label': 'runs made' }),
                ` ${c.made} of ${c.made + c.missing}`,
              ),
            ],
            ['time left', c.missing ? `about ${duration(c.left)} of training` : ''],
            ...c.facts,
          ]),
          ...(c.figure ? [el('figure', {}, el('img', { src: c.figure, alt: c.figure_text || '' }))] : []),
          ...((c.estimates.rows || []).length
            ? [
                el(
                  'details',
                  { open: c.estimates.rows.length <= 12 },
                  el('summary', {}, 'Estimates'),
                  tableOf(c.estimates, 'Estimates of ' + c.id),
                ),
              ]
            : []),
          ...((c.limits || []).length
            ? [el('p', {}, 'Known limits:'), el('ul', {}, ...c.limits.map((l) => el('li', {}, l)))]
            : []),
        ),
      ),
    );
  };
  show('Claims', el('p', {}, el('a', { href: '#claims' }, '← All records')), el('h1', {}, 'Claims'), content);
  load().catch((e) => content.replaceChildren(el('p', { class: 'error' }, e.message)));
  return { update: load };
}

keepPicked();
tick();
