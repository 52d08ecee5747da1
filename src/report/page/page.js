"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const data = JSON.parse($("data").textContent);
  /** An element with text; text is never markup. */
  const el = (tag, text, attributes = {}) => {
    const node = document.createElement(tag);
    if (text !== undefined && text !== null) node.textContent = text;
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    return node;
  };
  const GLYPH = { private: "●", backbone: "◆", public: "▲", partial: "◐", blocked: "×", unsupported: "!", unknown: "?" };
  const VERDICTS = Object.keys(GLYPH);
  const colour = (name) => getComputedStyle(document.body).getPropertyValue("--" + name).trim();

  $("title").textContent = data.title;
  $("totals").textContent = data.totals.map((t) => `${t.count.toLocaleString("en")} ${t.verdict}`).join(" · ");
  $("finding-count").textContent = data.findings.length ? `(${data.findings.length})` : "";

  // Theme: the system's, unless the reader chooses.
  const setTheme = (dark) => {
    document.body.classList.toggle("dark", dark);
    $("theme").setAttribute("aria-pressed", String(dark));
    $("theme").textContent = dark ? "Light" : "Dark";
    if (grid) grid.paint();
  };
  let grid = null;
  $("theme").onclick = () => setTheme(!document.body.classList.contains("dark"));
  $("help-button").onclick = () => {
    $("help").hidden = !$("help").hidden;
    $("help-button").setAttribute("aria-expanded", String(!$("help").hidden));
  };

  // ---- map
  const canvas = $("canvas");
  const view = { x: 0, y: 0, k: 1 };
  let svg = null;
  const place = () => { svg.style.transform = `translate(${view.x}px,${view.y}px) scale(${view.k})`; };
  const fit = () => {
    const box = svg.viewBox.baseVal;
    view.k = Math.min(canvas.clientWidth / box.width, canvas.clientHeight / box.height) || 1;
    view.x = (canvas.clientWidth - box.width * view.k) / 2;
    view.y = (canvas.clientHeight - box.height * view.k) / 2;
    place();
  };
  const zoom = (by, x = canvas.clientWidth / 2, y = canvas.clientHeight / 2) => {
    const k = Math.min(8, Math.max(0.02, view.k * by));
    view.x = x - ((x - view.x) * k) / view.k;
    view.y = y - ((y - view.y) * k) / view.k;
    view.k = k;
    place();
  };
  const showMap = (at) => {
    canvas.replaceChildren(document.importNode($("map-" + at).content, true));
    svg = canvas.querySelector("svg");
    // As high as the picture at full width, so that no empty frame pushes the matrix away.
    const box = svg.viewBox.baseVal;
    canvas.style.height = Math.min(innerHeight * 0.72, (canvas.clientWidth * box.height) / box.width + 2) + "px";
    fit();
    mark(marked);
  };
  let marked = [];
  const mark = (names) => {
    marked = names;
    const wanted = new Set(names);
    const boxes = data.maps[Number($("level").value)].boxes;
    for (const g of canvas.querySelectorAll("g[data-box]")) {
      const own = boxes[Number(g.dataset.box)];
      g.classList.toggle("hit", own.some((n) => wanted.has(n)));
    }
  };
  data.maps.forEach((map, at) => $("level").append(el("option", map.label, { value: at })));
  $("level").value = String(data.initialMap);
  $("level").onchange = () => showMap(Number($("level").value));
  for (const button of document.querySelectorAll("[data-zoom]")) {
    button.onclick = () => (Number(button.dataset.zoom) ? zoom(Number(button.dataset.zoom)) : fit());
  }
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const at = canvas.getBoundingClientRect();
    zoom(Math.exp(-event.deltaY / 500), event.clientX - at.left, event.clientY - at.top);
  }, { passive: false });
  let drag = null;
  canvas.addEventListener("pointerdown", (event) => { drag = { x: event.clientX, y: event.clientY, moved: false, target: event.target }; });
  canvas.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
    if (Math.abs(dx) + Math.abs(dy) > 3 && !drag.moved) {
      drag.moved = true;
      canvas.setPointerCapture(event.pointerId);
    }
    if (!drag.moved) return;
    view.x += dx;
    view.y += dy;
    [drag.x, drag.y] = [event.clientX, event.clientY];
    place();
  });
  canvas.addEventListener("pointerup", () => {
    const box = drag && !drag.moved && drag.target.closest ? drag.target.closest("g[data-box]") : null;
    drag = null;
    if (box) only(data.maps[Number($("level").value)].boxes[Number(box.dataset.box)]);
  });
  canvas.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 300 : 60;
    const move = { ArrowLeft: [step, 0], ArrowRight: [-step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] }[event.key];
    if (move) { view.x += move[0]; view.y += move[1]; place(); }
    else if (event.key === "+" || event.key === "=") zoom(1.25);
    else if (event.key === "-") zoom(0.8);
    else if (event.key === "0") fit();
    else return;
    event.preventDefault();
  });

  // ---- matrix
  const decode = (runs, width) => {
    const row = new Uint16Array(width);
    let at = 0;
    for (let i = 0; i < runs.length; i += 2) { row.fill(runs[i + 1], at, at + runs[i]); at += runs[i]; }
    return row;
  };
  const decoded = new Array(data.rows.length);
  const rowOf = (r) => (decoded[r] = decoded[r] || decode(data.cells[r], data.columns.length));
  const outcome = (r, c) => data.outcomes[rowOf(r)[c]];
  const off = new Set();
  let chosen = null;
  for (const verdict of VERDICTS.filter((v) => data.totals.some((t) => t.verdict === v))) {
    const box = el("input", undefined, { type: "checkbox", checked: "", value: verdict });
    const label = el("label");
    label.append(box, ` ${GLYPH[verdict]} ${verdict}`);
    box.onchange = () => { box.checked ? off.delete(verdict) : off.add(verdict); apply(); };
    $("verdicts").append(label);
  }
  const state = { rows: [], columns: [], row: 0, column: 0 };
  const CELL = 20, LEFT = 250, TOP = 150;
  const words = (entry) => `${entry.label} ${entry.detail} ${entry.names.join(" ")}`.toLowerCase();
  const rowWords = data.rows.map(words), columnWords = data.columns.map(words);
  const counts = (verdict) => data.rows.map((_, r) => {
    let n = 0;
    rowOf(r).forEach((o, c) => { if (data.outcomes[o].verdict === verdict) n += data.columns[c].count; });
    return n;
  });
  const only = (names) => {
    chosen = names.length ? new Set(names) : null;
    apply();
    $("matrix").scrollIntoView();
  };
  const apply = () => {
    const want = (id) => $(id).value.toLowerCase().split(/\s+/).filter(Boolean);
    const [rowWant, columnWant] = [want("row-filter"), want("column-filter")];
    const all = (text, list) => list.every((w) => text.includes(w));
    const touches = (entry) => entry.names.some((n) => chosen.has(n)) || entry.inside.some((n) => chosen.has(n));
    let rows = data.rows.map((_, r) => r).filter((r) => all(rowWords[r], rowWant));
    let columns = data.columns.map((_, c) => c).filter((c) => all(columnWords[c], columnWant));
    if (chosen) {
      const near = rows.filter((r) => touches(data.rows[r]));
      const served = columns.filter((c) => touches(data.columns[c]));
      if (near.length) rows = near;
      if (served.length && !near.length) columns = served;
    }
    if (off.size) {
      const seen = (r, c) => !off.has(outcome(r, c).verdict);
      rows = rows.filter((r) => columns.some((c) => seen(r, c)));
      columns = columns.filter((c) => rows.some((r) => seen(r, c)));
    }
    const sort = $("sort").value;
    if (sort === "name") rows.sort((a, b) => data.rows[a].label.localeCompare(data.rows[b].label, "en"));
    else if (sort === "size") rows.sort((a, b) => data.rows[b].count - data.rows[a].count || a - b);
    else if (sort !== "order") { const n = counts(sort); rows.sort((a, b) => n[b] - n[a] || a - b); }
    Object.assign(state, { rows, columns, row: 0, column: 0 });
    const clients = rows.reduce((n, r) => n + data.rows[r].count, 0);
    const services = columns.reduce((n, c) => n + data.columns[c].count, 0);
    $("shown").textContent = `${rows.length} of ${data.rows.length} groups of clients (${clients.toLocaleString("en")}) × `
      + `${columns.length} of ${data.columns.length} groups of services (${services.toLocaleString("en")})`
      + (chosen ? ", near the box chosen on the map" : "");
    grid.resize();
  };

  const frame = $("grid"), cells = $("cells");
  grid = {
    resize() {
      $("space").style.width = LEFT + state.columns.length * CELL + 20 + "px";
      $("space").style.height = TOP + state.rows.length * CELL + 20 + "px";
      frame.style.height = Math.min(innerHeight * 0.62, TOP + state.rows.length * CELL + 40) + "px";
      const ratio = window.devicePixelRatio || 1;
      cells.width = frame.clientWidth * ratio;
      cells.height = frame.clientHeight * ratio;
      cells.style.width = frame.clientWidth + "px";
      cells.style.height = frame.clientHeight + "px";
      this.paint();
    },
    paint() {
      const g = cells.getContext("2d"), ratio = window.devicePixelRatio || 1;
      const [w, h] = [frame.clientWidth, frame.clientHeight];
      const paint = Object.fromEntries(VERDICTS.map((v) => [v, colour(v)]));
      const [ink, dim, paper, line, hit] = ["ink", "dim", "paper", "line", "mark"].map(colour);
      g.setTransform(ratio, 0, 0, ratio, 0, 0);
      g.fillStyle = paper;
      g.fillRect(0, 0, w, h);
      const [sx, sy] = [frame.scrollLeft, frame.scrollTop];
      const first = (scroll) => Math.max(0, Math.floor(scroll / CELL));
      const [c0, r0] = [first(sx), first(sy)];
      const c1 = Math.min(state.columns.length, c0 + Math.ceil((w - LEFT) / CELL) + 1);
      const r1 = Math.min(state.rows.length, r0 + Math.ceil((h - TOP) / CELL) + 1);
      g.save();
      g.beginPath();
      g.rect(LEFT, TOP, w - LEFT, h - TOP);
      g.clip();
      g.textAlign = "center";
      g.textBaseline = "middle";
      g.font = "11px Helvetica, Arial, sans-serif";
      for (let r = r0; r < r1; r++) {
        const row = rowOf(state.rows[r]);
        for (let c = c0; c < c1; c++) {
          const verdict = data.outcomes[row[state.columns[c]]].verdict;
          const [x, y] = [LEFT + c * CELL - sx, TOP + r * CELL - sy];
          g.globalAlpha = off.has(verdict) ? 0.12 : 1;
          g.fillStyle = paint[verdict];
          g.fillRect(x + 1, y + 1, CELL - 2, CELL - 2);
          g.fillStyle = paper;
          g.fillText(GLYPH[verdict], x + CELL / 2, y + CELL / 2 + 1);
        }
      }
      g.globalAlpha = 1;
      g.strokeStyle = hit;
      g.lineWidth = 3;
      g.strokeRect(LEFT + state.column * CELL - sx, TOP + state.row * CELL - sy, CELL, CELL);
      g.restore();
      const short = (text, most) => (text.length > most ? text.slice(0, most - 1) + "…" : text);
      const name = (entry) => (entry.count > 1 ? `${entry.label} (${entry.count})` : entry.label);
      g.save();
      g.beginPath();
      g.rect(0, TOP, LEFT, h - TOP);
      g.clip();
      g.textAlign = "right";
      g.textBaseline = "middle";
      g.font = "12px Helvetica, Arial, sans-serif";
      for (let r = r0; r < r1; r++) {
        g.fillStyle = r === state.row ? hit : ink;
        g.fillText(short(name(data.rows[state.rows[r]]), 38), LEFT - 6, TOP + r * CELL - sy + CELL / 2);
      }
      g.restore();
      g.save();
      g.beginPath();
      g.rect(LEFT, 0, w - LEFT, TOP);
      g.clip();
      g.font = "12px Helvetica, Arial, sans-serif";
      g.textAlign = "left";
      g.textBaseline = "middle";
      for (let c = c0; c < c1; c++) {
        g.save();
        g.translate(LEFT + c * CELL - sx + CELL / 2, TOP - 4);
        g.rotate(-Math.PI / 3.2);
        g.fillStyle = c === state.column ? hit : ink;
        g.fillText(short(name(data.columns[state.columns[c]]), 24), 0, 0);
        g.restore();
      }
      g.restore();
      g.fillStyle = dim;
      g.font = "12px Helvetica, Arial, sans-serif";
      g.textAlign = "left";
      g.fillText("clients ↓   services →", 10, TOP - 12);
      g.strokeStyle = line;
      g.lineWidth = 1;
      g.strokeRect(LEFT - 0.5, TOP - 0.5, w, h);
    },
  };
  const ends = () => [state.rows[state.row], state.columns[state.column]];
  const announce = () => {
    const [r, c] = ends();
    if (r === undefined || c === undefined) { $("cell").textContent = "Nothing matches the filters."; return; }
    const o = outcome(r, c);
    $("cell").textContent = `${data.rows[r].label} → ${data.columns[c].label}: ${o.verdict}${o.why ? `, ${o.why}` : ""}`;
  };
  const go = (row, column, scroll = true) => {
    state.row = Math.min(state.rows.length - 1, Math.max(0, row));
    state.column = Math.min(state.columns.length - 1, Math.max(0, column));
    if (scroll) {
      const [x, y] = [state.column * CELL, state.row * CELL];
      if (x < frame.scrollLeft) frame.scrollLeft = x;
      if (y < frame.scrollTop) frame.scrollTop = y;
      if (x + CELL > frame.scrollLeft + frame.clientWidth - LEFT) frame.scrollLeft = x + CELL - frame.clientWidth + LEFT;
      if (y + CELL > frame.scrollTop + frame.clientHeight - TOP) frame.scrollTop = y + CELL - frame.clientHeight + TOP;
    }
    grid.paint();
    announce();
  };
  frame.addEventListener("scroll", () => grid.paint());
  frame.addEventListener("keydown", (event) => {
    const n = event.shiftKey ? 10 : 1;
    const { row, column } = state;
    switch (event.key) {
      case "ArrowLeft": go(row, column - n); break;
      case "ArrowRight": go(row, column + n); break;
      case "ArrowUp": go(row - n, column); break;
      case "ArrowDown": go(row + n, column); break;
      case "PageUp": go(row - 20, column); break;
      case "PageDown": go(row + 20, column); break;
      case "Home": go(event.ctrlKey ? 0 : row, 0); break;
      case "End": go(event.ctrlKey ? state.rows.length : row, state.columns.length); break;
      case "Enter": case " ": explain(true); break;
      default: return;
    }
    event.preventDefault();
  });
  const under = (event) => {
    const at = frame.getBoundingClientRect();
    const [x, y] = [event.clientX - at.left - LEFT, event.clientY - at.top - TOP];
    if (x < 0 || y < 0) return null;
    const [c, r] = [Math.floor((x + frame.scrollLeft) / CELL), Math.floor((y + frame.scrollTop) / CELL)];
    return r < state.rows.length && c < state.columns.length ? [r, c] : null;
  };
  cells.addEventListener("click", (event) => {
    const at = under(event);
    if (at) { go(at[0], at[1], false); explain(false); }
  });
  cells.addEventListener("mousemove", (event) => {
    const at = under(event);
    if (!at) { cells.title = ""; return; }
    const [r, c] = [state.rows[at[0]], state.columns[at[1]]];
    const o = outcome(r, c);
    cells.title = `${data.rows[r].label} → ${data.columns[c].label}\n${o.verdict}${o.why ? `: ${o.why}` : ""}`;
  });

  // ---- explanation
  const where = (place) => (place ? `${place.file}:${place.line}:${place.column}` : "");
  const MARK = { pass: "·", assume: "~", admit: "✓", block: "✗", unsupported: "!", unknown: "?" };
  const stepList = (steps) => {
    const list = el("ul", undefined, { class: "steps" });
    for (const number of steps) {
      const step = typeof number === "number" ? data.steps[number] : number;
      const item = el("li");
      const bad = ["block", "unsupported", "unknown"].includes(step.outcome);
      item.append(el("span", MARK[step.outcome], { class: bad ? "bad" : "", "aria-label": step.outcome }), el("span", step.stage, { class: "stage" }));
      const text = el("span", (step.reason ? `${step.reason}: ` : "") + step.text);
      const rest = [where(step.place), step.rules.join(" ")].filter(Boolean).join("  ");
      if (rest) text.append(el("span", rest, { class: "place" }));
      item.append(text);
      if (step.inner && step.inner.length) item.append(stepList(step.inner));
      list.append(item);
    }
    return list;
  };
  const badge = (verdict) => {
    const node = el("span", `${GLYPH[verdict]} ${verdict}`, { class: "verdict" });
    node.style.background = `var(--${verdict})`;
    return node;
  };
  const explain = (focus) => {
    const [r, c] = ends();
    if (r === undefined || c === undefined) return;
    const o = outcome(r, c), body = $("explanation");
    const [row, column] = [data.rows[r], data.columns[c]];
    $("detail-title").textContent = `${row.label} → ${column.label}`;
    body.replaceChildren();
    const head = el("p");
    head.append(badge(o.verdict), ` ${o.why || ""}`);
    body.append(head);
    const group = [[row, "clients"], [column, "services"]].filter(([e]) => e.count > 1);
    for (const [entry, what] of group) {
      const more = entry.count > entry.names.length ? ` and ${entry.count - entry.names.length} more` : "";
      body.append(el("p", `The same for ${entry.count} ${what}: ${entry.names.join(", ")}${more}.`));
    }
    const trace = data.traces[`${r},${c}`];
    if (trace) {
      body.append(el("p", `Explained for ${trace.from} → ${trace.to} ${trace.protocol}${trace.protocol === "icmp" ? "" : "/" + trace.port}.`));
      body.append(stepList(trace.steps));
      for (const [name, steps] of trace.alternatives || []) body.append(el("h4", name), stepList(steps));
      if (trace.fixes.length) {
        body.append(el("h4", "To fix"));
        const list = el("ul");
        trace.fixes.forEach((f) => list.append(el("li", f)));
        body.append(list);
      }
      const elements = [];
      const collect = (steps) => steps.forEach((n) => {
        const step = typeof n === "number" ? data.steps[n] : n;
        if (step.element && step.stage !== "name") elements.push(step.element);
        if (step.inner) collect(step.inner);
      });
      collect(trace.steps);
      mark([trace.from, ...elements]);
    } else {
      mark([...row.names, ...column.names]);
      body.append(el("p", "This page holds the explanations of the first cells only. For this one, run:"));
    }
    body.append(el("pre", `privreach trace ${data.file} --from ${row.witness} --to ${column.witness}`));
    $("detail").hidden = false;
    grid.resize();
    if (focus) $("detail-title").focus();
  };
  const close = () => { $("detail").hidden = true; grid.resize(); frame.focus({ preventScroll: true }); };
  $("close").onclick = close;

  // ---- findings
  const FINDINGS = 200;
  let findingsShown = FINDINGS;
  const levels = ["error", "warning", "info"].filter((l) => data.findings.some((f) => f.level === l));
  const hidden = new Set();
  for (const level of levels) {
    const box = el("input", undefined, { type: "checkbox", checked: "", value: level });
    const label = el("label", undefined, { class: "level-" + level });
    label.append(box, " " + level);
    box.onchange = () => { box.checked ? hidden.delete(level) : hidden.add(level); list(); };
    $("levels").append(label);
  }
  const list = () => {
    const want = $("finding-filter").value.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = data.findings.filter((f) => !hidden.has(f.level)
      && want.every((w) => `${f.code} ${f.name} ${f.message}`.toLowerCase().includes(w)));
    // Thousands of findings at once would make every step of the page slow.
    const part = shown.slice(0, findingsShown);
    $("finding-list").replaceChildren(...part.map((f) => {
      const item = el("li");
      const head = el("div");
      head.append(el("strong", `${f.level} ${f.code} `, { class: "level-" + f.level }), `${f.name}: ${f.message}`);
      item.append(head);
      if (f.place) item.append(el("span", where(f.place), { class: "place" }));
      if (f.snippet.length) {
        const pre = el("pre");
        f.snippet.forEach(([number, text, at]) => pre.append(el("span", `${String(number).padStart(5)}  ${text}\n`, { class: at ? "at" : "" })));
        item.append(pre);
      }
      if (f.fix) item.append(el("div", `Fix: ${f.fix}`));
      return item;
    }));
    if (shown.length > part.length) {
      const item = el("li", "");
      const more = el("button", `Show more (${shown.length - part.length} left)`);
      more.onclick = () => {
        const at = part.length;
        findingsShown += FINDINGS;
        list();
        // Whoever works with the keyboard goes on where the button was.
        const next = $("finding-list").children[at];
        next?.setAttribute("tabindex", "-1");
        next?.focus();
      };
      item.append(more);
      $("finding-list").append(item);
    }
    if (!shown.length) $("finding-list").append(el("li", data.findings.length ? "Nothing matches." : "No findings."));
  };
  $("finding-filter").oninput = () => {
    findingsShown = FINDINGS;
    list();
  };

  for (const id of ["row-filter", "column-filter"]) $(id).oninput = apply;
  $("sort").onchange = apply;
  $("reset").onclick = () => {
    for (const id of ["row-filter", "column-filter"]) $(id).value = "";
    $("sort").value = "order";
    off.clear();
    chosen = null;
    document.querySelectorAll("#verdicts input").forEach((box) => { box.checked = true; });
    mark([]);
    apply();
  };
  document.addEventListener("keydown", (event) => {
    const typing = ["INPUT", "SELECT"].includes(document.activeElement.tagName);
    if (event.key === "Escape" && !$("detail").hidden) close();
    else if (event.key === "/" && !typing) { event.preventDefault(); $("row-filter").focus(); }
  });
  window.addEventListener("resize", () => grid.resize());
  setTheme(window.matchMedia && window.matchMedia("(prefers-color-scheme: dark)").matches);
  showMap(data.initialMap);
  apply();
  announce();
  list();
  document.body.dataset.ready = "true";
})();
